package web

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Download answers with a file to be kept: never shown in the browser, whatever is in it. Size is
// in bytes, less than 0 if nobody knows. The reader may take it slowly, but has to go on taking it.
func (q *Request) Download(w http.ResponseWriter, name, media string, size int64, from io.Reader) error {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", attachment(name))
	if size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	w.WriteHeader(http.StatusOK)
	if q.Method == http.MethodHead {
		return nil
	}
	_, err := io.Copy(struct{ io.Writer }{w}, from) // in pieces, each with its own time
	if err != nil {
		panic(http.ErrAbortHandler) // what is cut must not look whole
	}
	return nil
}

// attachment is a Content-Disposition by RFC 6266 and RFC 8187: a name of plain letters for who
// reads no other, and the whole one.
func attachment(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	var plain, coded strings.Builder
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == '"' || r == '\\' || r == '%' || r == ';' || r > 0x7e {
			plain.WriteByte('_')
		} else {
			plain.WriteRune(r)
		}
	}
	const free = "!#$&+-.^_`|~" // attr-char of RFC 8187 beside letters and digits
	for _, b := range []byte(strings.ToValidUTF8(name, "_")) {
		switch {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', strings.IndexByte(free, b) >= 0:
			coded.WriteByte(b)
		default:
			const hex = "0123456789ABCDEF"
			coded.WriteString("%" + string(hex[b>>4]) + string(hex[b&15]))
		}
	}
	text := plain.String()
	if strings.Trim(text, "._ ") == "" {
		text = "file"
	}
	return `attachment; filename="` + text + `"; filename*=UTF-8''` + coded.String()
}
