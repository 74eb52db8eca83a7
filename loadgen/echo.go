package loadgen

import "bytes"

// echo is what an answer shows of the nonce.
type echo int

const (
	echoNone echo = iota
	echoOwn       // this request's
	echoOld       // another request's, of this run or another
)

// echoed looks for a request's nonce in a body, and if it is not there for that of
// another request. A page may well show several requests, if only this one is among
// them.
func echoed(body, nonce []byte) echo {
	if bytes.Contains(body, nonce) {
		return echoOwn
	}
	var own number
	for _, c := range nonce {
		own.add(digits[c])
	}
	if old, _ := showsOther(body, own.base); old {
		return echoOld
	}
	return echoNone
}

// number is a word of nonceLen digits: the part of a run, and those of the load and the
// request.
type number struct{ base, rest uint64 }

// add moves a digit in.
func (n *number) add(digit byte) {
	n.base = n.base<<4 | n.rest>>60
	n.rest = n.rest<<4 | uint64(digit)
}

// showsOther reports whether a body shows a nonce of the run own or of any other, whole:
// with a part of it, as pages cut such words, it might be this request's. Steps is how
// often it looked at a byte.
func showsOther(body []byte, own uint64) (shows bool, steps int) {
	for at := 0; at+nonceLen <= len(body); {
		// Where the last of so many bytes is no digit, none of them begins a nonce.
		last := at + nonceLen - 1
		for last >= at && digits[body[last]] != noDigit {
			last--
		}
		steps += at + nonceLen - last
		if last >= at {
			at = last + 1
			continue
		}
		var n number
		for begin := at; at < len(body) && digits[body[at]] != noDigit; {
			n.add(digits[body[at]])
			at++
			steps++
			if at-begin >= nonceLen && (n.base == own || n.rest&0xffffffff < hits && ofRuns(n.base)) {
				return true, steps
			}
		}
	}
	return false, steps
}

const noDigit = 0xff

// digits are the values of hexadecimal digits, as nonces are written.
var digits = func() (d [256]byte) {
	for i := range d {
		d[i] = noDigit
	}
	for i, c := range []byte("0123456789abcdef") {
		d[c] = byte(i)
	}
	return d
}()
