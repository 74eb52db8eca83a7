package loadgen

import (
	"bytes"

	"swarmgrade/grader/mention"
)

// findWhoami reads the text of whoami images: lines such as "Hostname: x",
// "IP: 10.0.1.5", "STUDENT_ID: 2024001" before the echo of the request, which
// it never reads: the grader's own headers, and those a proxy added, are no
// identity. Environment lines after the echo may still give the student.
func findWhoami(f *found, _, body []byte) bool {
	rest := body
	for len(rest) > 0 {
		var line []byte
		line, rest = f.line(rest)
		if isRequestLine(line) {
			for len(rest) > 0 && len(line) > 0 {
				line, rest = f.line(rest)
			}
			f.environment(rest)
			break
		}
		name, value, ok := cutSetting(line)
		if !ok {
			continue
		}
		switch {
		case equalFold(name, "hostname"):
			if first := f.host; f.name(value) && first != nil {
				f.torn = f.torn || !bytes.Equal(first, f.host)
				f.host = first
			}
		case equalFold(name, "ip"):
			f.address(value)
		case isStudentLabel(name):
			f.studentID(value)
		case equalFold(name, "remoteaddr"):
			f.remote(value)
		}
	}
	return f.host != nil
}

// line cuts a text at its first line end.
func (f *found) line(rest []byte) (line, after []byte) {
	line, after = cutLine(rest)
	f.steps += len(line) + 1
	return line, after
}

// environment reads STUDENT_ID=… lines.
func (f *found) environment(rest []byte) {
	var line []byte
	for len(rest) > 0 && f.student == nil {
		line, rest = f.line(rest)
		if v, ok := bytes.CutPrefix(line, []byte("STUDENT_ID=")); ok {
			f.studentID(v)
		}
	}
}

// cutSetting splits "name: value" and "name=value".
func cutSetting(line []byte) (name, value []byte, ok bool) {
	for i, c := range line {
		if c == ':' || c == '=' {
			return trim(line[:i]), trim(line[i+1:]), i > 0
		}
		if i > 32 {
			break
		}
	}
	return nil, nil, false
}

func isStudentLabel(name []byte) bool {
	return equalFold(name, "student_id") || equalFold(name, "student id") || equalFold(name, "student-id") ||
		equalFold(name, "studentid") || string(name) == "学号"
}

func isRequestLine(line []byte) bool {
	if !mention.IsMethod(line) {
		return false // most lines, told by their first letters
	}
	i := bytes.LastIndexByte(line, ' ')
	return i > 0 && mention.IsMethod(line[:i]) && bytes.HasPrefix(line[i+1:], []byte("HTTP/"))
}

// headerNames are the fields that findHeaders knows, lower case.
var headerNames = []string{
	"x-served-by", "x-hostname", "x-host-name", "x-container-id", "x-container", "x-container-name", "x-container-hostname",
}

// findHeaders reads header fields by which applications name themselves.
func findHeaders(f *found, head, _ []byte) bool {
	for len(head) > 0 {
		var line []byte
		line, head = f.line(head)
		name, value, ok := cutField(line)
		if !ok || len(name) < 2 || name[0]|0x20 != 'x' || name[1] != '-' {
			continue
		}
		switch {
		case equalFold(name, "x-container-ip"):
			f.address(value)
			if f.field == "" {
				f.field = "x-container-ip"
			}
		case equalFold(name, "x-student-id"):
			f.studentID(value)
		case f.host == nil:
			for _, known := range headerNames {
				if equalFold(name, known) {
					f.name(value)
					f.field = known
					break
				}
			}
		}
	}
	return f.named()
}

// header is the value of the first field with a lower-case name.
func header(head []byte, lower string) []byte {
	for len(head) > 0 {
		var line []byte
		line, head = cutLine(head)
		if name, value, ok := cutField(line); ok && equalFold(name, lower) {
			return value
		}
	}
	return nil
}

// tagMark stands in a page's text for a tag.
const tagMark = 0x01

// label is a phrase after which a page tells its container.
type label struct {
	text string
	// bare labels need no colon, "=", "is" or tag between them and the name.
	bare bool
}

// labels by which pages tell their container; longer ones first.
var labels = []label{
	{"processed by host", true}, {"processed by container", true}, {"processed by", true},
	{"served by host", true}, {"served by container", true}, {"served by", true},
	{"handled by host", true}, {"handled by container", true}, {"handled by", true},
	{"container hostname", false}, {"container host name", false}, {"container name", false}, {"container id", false},
	{"container_id", false}, {"containerid", false}, {"container", false},
	{"hostname", false}, {"host name", false},
	{"主机名", false}, {"容器名", false}, {"容器", false},
}

var studentLabels = []label{
	{"student_id", false}, {"student id", false}, {"student-id", false}, {"studentid", false}, {"学号", false},
}

// findProcessedBy reads pages made for people: "processed by host: x", "Served
// by x", "<b>Hostname:</b> x", "Container ID: x". Tags, comments, scripts and
// styles are left out, and so is what follows the echo of a request.
func findProcessedBy(f *found, _, body []byte) bool {
	f.text = stripTags(f.text[:0], body)
	t, looked := beforeEcho(f.text)
	f.steps += len(body) + looked
	for i := 0; i < len(t) && (f.host == nil || f.student == nil); i++ {
		switch t[i] | 0x20 {
		case 'p', 's', 'h', 'c', 0xe4 | 0x20, 0xe5 | 0x20:
		default:
			continue
		}
		if i > 0 && t[i] < 0x80 && isNameByte(t[i-1]) {
			continue // inside a word
		}
		if f.host == nil {
			if v, ok := f.afterLabel(t[i:], labels); ok && f.name(v) {
				continue
			}
		}
		if f.student == nil {
			if v, ok := f.afterLabel(t[i:], studentLabels); ok {
				f.studentID(v)
			}
		}
	}
	return f.host != nil
}

// beforeEcho cuts a page's text where a line looks like a request's first. It
// looked at so many bytes.
func beforeEcho(t []byte) (before []byte, looked int) {
	for from, start := 0, 0; ; {
		i := bytes.Index(t[from:], []byte(" HTTP/1."))
		if i < 0 {
			return t, looked + len(t) - from
		}
		i += from
		// Where the line starts, or what is left of it behind the last look.
		at := bytes.LastIndexAny(t[from:i], "\n\x01") + 1
		if at > 0 {
			start = from + at
		}
		looked += 2 * (i - from + 1)
		if mention.IsMethod(t[start:i]) {
			return t[:start], looked
		}
		from = i + 1
	}
}

// afterLabel gives what follows the first of the labels that stands at the
// start of t and is set off from what follows.
func (f *found) afterLabel(t []byte, all []label) ([]byte, bool) {
	f.steps += len(all)
	for _, l := range all {
		if t[0]|0x20 != l.text[0]|0x20 || !mention.HasPrefixFold(t, l.text) {
			continue
		}
		rest := t[len(l.text):]
		v, separated := cutSeparator(rest)
		f.steps += len(rest) - len(v)
		if separated || l.bare && len(v) < len(rest) {
			return v, true
		}
	}
	return nil, false
}

// cutSeparator skips spaces, tags, colons, "=" and "is"; separated reports
// whether there was more than spaces.
func cutSeparator(v []byte) (rest []byte, separated bool) {
	for len(v) > 0 {
		n := 1
		switch {
		case v[0] == ' ' || v[0] == '\t':
		case v[0] == ':' || v[0] == '=' || v[0] == tagMark:
			separated = true
		case bytes.HasPrefix(v, []byte("：")):
			n, separated = len("："), true
		case mention.HasPrefixFold(v, "is "):
			n, separated = len("is "), true
		default:
			return v, separated
		}
		v = v[n:]
	}
	return nil, false
}

// stripTags appends a page's text to dst, each tag as one tagMark.
func stripTags(dst, page []byte) []byte {
	for len(page) > 0 {
		i := bytes.IndexByte(page, '<')
		if i < 0 {
			return append(dst, page...)
		}
		dst = append(dst, page[:i]...)
		page = page[i:]
		end := []byte(">")
		switch {
		case bytes.HasPrefix(page, []byte("<!--")):
			end = []byte("-->")
		case mention.HasPrefixFold(page, "<script"):
			end = []byte("</script>")
		case mention.HasPrefixFold(page, "<style"):
			end = []byte("</style>")
		}
		j := bytes.Index(page, end)
		if j < 0 {
			return dst
		}
		dst = append(dst, tagMark)
		page = page[j+len(end):]
	}
	return dst
}
