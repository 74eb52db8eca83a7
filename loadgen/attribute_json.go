package loadgen

import "bytes"

// findJSON reads a JSON object whose members name the container, at the top or
// one object deeper: hostname, container_id, host, ip, student_id and the like.
// Members that echo the request are left out. Syntax is not checked beyond
// what finding the members takes.
func findJSON(f *found, _, body []byte) bool {
	s := scanner{b: body}
	s.space()
	if s.i == len(s.b) || s.b[s.i] != '{' {
		return false
	}
	best := 0
	s.object(f, &best, 0)
	f.steps += s.i
	return f.named()
}

// What a member means, in rising preference among names.
const (
	memberNone = iota
	memberID
	memberHost
	memberContainer
	memberHostname
	memberAddress
	memberStudent
	memberEcho // repeats the request
)

// member knows keys; "_", "-" and case do not matter.
func member(key []byte) int {
	var norm [16]byte
	n := 0
	for _, c := range key {
		if c == '_' || c == '-' {
			continue
		}
		if n == len(norm) {
			return memberNone
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		norm[n] = c
		n++
	}
	switch string(norm[:n]) {
	case "hostname":
		return memberHostname
	case "container", "containerid", "containername":
		return memberContainer
	case "host", "servedby":
		return memberHost
	case "id":
		return memberID
	case "ip", "ips", "address", "addresses", "ipaddress", "ipaddresses":
		return memberAddress
	case "studentid", "学号":
		return memberStudent
	case "headers", "header", "request", "req", "query", "params", "client":
		return memberEcho
	}
	return memberNone
}

// scanner walks over JSON; i never passes len(b).
type scanner struct {
	b []byte
	i int
}

// object reads members from the opening brace to behind the closing one. One
// whose host name is the request's own shows the request: its addresses are the
// client's.
func (s *scanner) object(f *found, best *int, depth int) {
	s.i++
	addresses, echo := f.n, false
	defer func() {
		if echo {
			f.n = addresses
		}
	}()
	for {
		s.space()
		if s.i == len(s.b) || s.b[s.i] != '"' {
			s.i = min(s.i+1, len(s.b)) // the closing brace, or an end of sense
			return
		}
		kind := member(s.string())
		s.space()
		if s.i == len(s.b) || s.b[s.i] != ':' {
			return
		}
		s.i++
		s.space()
		echo = s.value(f, best, kind, depth) || echo
		s.space()
		if s.i < len(s.b) && s.b[s.i] == ',' {
			s.i++
		}
	}
}

// value reads one member's value; echo reports whether that is a host name, and
// the one that was asked for.
func (s *scanner) value(f *found, best *int, kind, depth int) (echo bool) {
	if s.i == len(s.b) {
		return false
	}
	switch c := s.b[s.i]; {
	case c == '"':
		v := s.string()
		f.member(kind, v, best)
		return kind == memberHostname && f.isAsked(v)
	case c == '{' && depth == 0 && kind != memberEcho:
		s.object(f, best, depth+1)
	case c == '[' && kind == memberAddress:
		for s.i++; ; {
			s.space()
			if s.i == len(s.b) || s.b[s.i] != '"' {
				break
			}
			f.address(s.string())
			s.space()
			if s.i < len(s.b) && s.b[s.i] == ',' {
				s.i++
			}
		}
		s.skip(1)
	case c == '{' || c == '[':
		s.skip(0)
	default:
		start := s.i
		for s.i < len(s.b) && isNameByte(s.b[s.i]) {
			s.i++
		}
		if kind == memberStudent { // an ID written as a number
			f.member(kind, s.b[start:s.i], best)
		}
	}
	return false
}

// member takes a string that must be a name or an address as a whole.
func (f *found) member(kind int, v []byte, best *int) {
	whole := len(f.word(v)) == len(v)
	switch kind {
	case memberAddress:
		f.address(v)
	case memberStudent:
		if whole {
			f.studentID(v)
		}
	case memberID, memberHost, memberContainer, memberHostname:
		if whole && kind > *best && f.name(v) {
			*best = kind
		}
	}
}

// string reads from the opening quote to behind the closing one and gives what
// is between, escapes as they are.
func (s *scanner) string() []byte {
	start := s.i + 1
	for s.i = start; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case '\\':
			s.i = min(s.i+1, len(s.b)-1)
		case '"':
			s.i++
			return s.b[start : s.i-1]
		}
	}
	return nil
}

// skip passes over a value with brackets, depth of which are open already.
func (s *scanner) skip(depth int) {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			s.string()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.i++
		if depth <= 0 {
			return
		}
	}
}

func (s *scanner) space() {
	for s.i < len(s.b) && bytes.IndexByte([]byte(" \t\r\n"), s.b[s.i]) >= 0 {
		s.i++
	}
}
