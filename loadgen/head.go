package loadgen

import (
	"bytes"
	"fmt"

	"swarmgrade/grader/mention"
)

const httpPrefix = "HTTP/1."

// head is what a status line and header lines say about framing.
type head struct {
	status  int
	fields  []byte // the header lines and the empty one
	length  int    // Content-Length, -1 if there is none
	chunked bool
	keep    bool
	closes  bool // it says so
	bodyEnd int
}

// parse reads a whole head. Line ends may be bare; folded lines, names with
// spaces and contradictions about length are errMalformed.
func (h *head) parse(raw []byte) error {
	line, rest := cutLine(raw)
	if len(line) < 12 || string(line[:7]) != httpPrefix || line[7] < '0' || line[7] > '1' || line[8] != ' ' ||
		len(line) > 12 && line[12] != ' ' {
		return fmt.Errorf("%w: no status line", errMalformed)
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return fmt.Errorf("%w: no status", errMalformed)
		}
		h.status = h.status*10 + int(c-'0')
	}
	if h.status < 100 {
		return fmt.Errorf("%w: no status", errMalformed)
	}
	h.fields = rest
	h.length = -1
	h.keep = line[7] == '1'
	for n := 0; ; n++ {
		line, rest = cutLine(rest)
		if len(line) == 0 {
			break
		}
		if n == maxFields {
			return errTooLarge
		}
		name, value, ok := cutField(line)
		if !ok {
			return fmt.Errorf("%w: a header line has no name", errMalformed)
		}
		if err := h.field(name, value); err != nil {
			return err
		}
	}
	if h.chunked && h.length >= 0 {
		// Two lengths: believe the chunks, as the standard says, and trust the
		// connection no further.
		h.length, h.keep = -1, false
	}
	return nil
}

func (h *head) field(name, value []byte) error {
	switch len(name) {
	case len("Connection"):
		if equalFold(name, "connection") {
			h.connection(value)
		}
	case len("Content-Length"):
		if equalFold(name, "content-length") {
			n := 0
			for _, c := range value {
				if c < '0' || c > '9' {
					return fmt.Errorf("%w: a length that is no number", errMalformed)
				}
				n = min(n*10+int(c-'0'), 1<<30)
			}
			if len(value) == 0 || h.length >= 0 && h.length != n {
				return fmt.Errorf("%w: two lengths, or an empty one", errMalformed)
			}
			h.length = n
		}
	case len("Transfer-Encoding"):
		if equalFold(name, "transfer-encoding") {
			if !equalFold(value, "chunked") {
				return fmt.Errorf("%w: an encoding that nobody asked for", errMalformed)
			}
			h.chunked = true
		}
	}
	return nil
}

// connection reads a list of options, such as "Upgrade, close" of a server that offers
// HTTP/2. That the connection closes holds whatever else is said.
func (h *head) connection(value []byte) {
	for more := true; more; {
		var option []byte
		option, value, more = bytes.Cut(value, comma)
		switch option = trim(option); {
		case equalFold(option, "close"):
			h.keep, h.closes = false, true
		case equalFold(option, "keep-alive"):
			h.keep = !h.closes
		}
	}
}

var comma = []byte{','}

// cutLine splits at the first line end, which may be bare.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, rest
}

// cutField splits a header line; the value has no spaces around it.
func cutField(line []byte) (name, value []byte, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return nil, nil, false
	}
	for _, c := range line[:i] {
		if c <= ' ' || c >= 0x7f {
			return nil, nil, false
		}
	}
	return line[:i], trim(line[i+1:]), true
}

// trim cuts spaces and tabs off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares with a lower-case ASCII word.
func equalFold(b []byte, lower string) bool {
	return len(b) == len(lower) && mention.HasPrefixFold(b, lower)
}
