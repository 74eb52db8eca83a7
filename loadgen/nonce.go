package loadgen

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// A request carries a nonce that no earlier run has seen, in a field that many
// clients send: a program that echoes requests, as whoami does, shows by it
// that it answered this request and no other. A page kept in a cache, a
// recording or a page made beforehand can not.
//
// A run's own part is one of runs numbers out of 2^64, see [NewNonce], so that
// whoever drives a load knows the nonces of every other run again, whoever
// drove that, and nobody has to keep a list.
//
// Nothing but that field tells these requests from those of other plain clients, and
// each looks, at random, like one of two: whoever treats the grader in a way of its
// own must treat one of them otherwise.
const (
	nonceField = "X-Request-Id"
	baseLen    = 16 // hexadecimal digits of the run's own part
	loadLen    = 8  // of the load's
	hitLen     = 8  // of the request's
	nonceLen   = baseLen + loadLen + hitLen
)

// looks are what clients say of themselves. Both accept anything, so that no
// application has a reason to answer them differently.
var looks = [2]string{
	"User-Agent: curl/7.88.1\r\nAccept: */*\r\n",
	"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " +
		"Chrome/124.0.0.0 Safari/537.36\r\nAccept: */*\r\nAccept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n",
}

// runs is how many different parts runs can have, and hits how many requests of a
// load are known again in another run. A word of 32 digits that somebody draws by
// chance is taken for such a nonce with a probability of 2^-56: in ten million
// answers with one each, which are more than a class of a thousand is sent, of
// 1.4e-10.
const (
	runs = 1 << 20
	hits = 1 << 20
)

// NewNonce is a run's own part of the nonces that its requests carry, for
// [Options]. Two runs that draw the same take each other's nonces for their own
// run's, with the same consequence.
func NewNonce() string {
	var b [baseLen / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	binary.BigEndian.PutUint64(b[:], mix(binary.BigEndian.Uint64(b[:])%runs+domain))
	return hex.EncodeToString(b[:])
}

// ofRuns reports whether a number is some run's part.
func ofRuns(base uint64) bool { return unmix(base)-domain < runs }

// domain keeps the parts of runs apart from what others make with the same function:
// "swarmrun".
const domain = 0x737761726d72756e

// mix is splitmix64's last step (Steele, Lea and Flood, 2014), which takes each number
// to another one; unmix takes it back.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func unmix(z uint64) uint64 {
	z = (z ^ z>>31 ^ z>>62) * 0x319642b2d24d8ec3
	z = (z ^ z>>27 ^ z>>54) * 0x96de1b173f119089
	return z ^ z>>30 ^ z>>60
}

// script writes a load's requests, each with its own nonce: the run's part, the
// load's and the request's.
type script struct {
	base string
	seed uint64
	at   [2]int       // where the request's part of the nonce stands, by look
	text [2][2][]byte // by look; the second ends the connection
}

func newScript(path, host, base string) *script {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	if len(base) != baseLen {
		base = NewNonce()
	}
	s := &script{base: base, seed: binary.LittleEndian.Uint64(b[4:])}
	load := hex.EncodeToString(b[:loadLen/2])
	for i, look := range looks {
		head := "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + look + nonceField + ": " + base + load
		s.at[i] = len(head)
		head += "00000000\r\n"
		s.text[i] = [2][]byte{[]byte(head + "\r\n"), []byte(head + "Connection: close\r\n\r\n")}
	}
	return s
}

// look is which of the two clients a request looks like: a fair coin.
func (s *script) look(hit uint64) int {
	return int(mix(s.seed+(hit+1)*0x9e3779b97f4a7c15) & 1)
}

// write puts a request into buf; nonce is the part of it that must come back.
func (s *script) write(buf []byte, hit uint64, last bool) (request, nonce []byte) {
	look, end := s.look(hit), 0
	if last {
		end = 1
	}
	buf = append(buf[:0], s.text[look][end]...)
	at := s.at[look]
	var digits [16]byte
	d := strconv.AppendUint(digits[:0], hit&0xffffffff, 16)
	copy(buf[at+hitLen-len(d):], d)
	return buf, buf[at+hitLen-nonceLen : at+hitLen]
}
