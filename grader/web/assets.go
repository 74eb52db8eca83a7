package web

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"

	"swarmgrade/grader/page"
)

// assets are what pages load. Their addresses bear a hash of them, so that a browser keeps
// them for ever and never has those of another version.
type assets struct {
	style, script string            // addresses
	all           map[string][]byte // by address
}

var sheetComments = regexp.MustCompile(`(?s)/\*.*?\*/`)

// newAssets reads the style sheets, that of exported pages first, and the script.
func newAssets() assets {
	read := func(name string) string {
		raw, err := files.ReadFile("templates/" + name)
		if err != nil {
			panic(err)
		}
		return string(raw)
	}
	a := assets{all: map[string][]byte{}}
	add := func(name, text string) string {
		sum := sha256.Sum256([]byte(text))
		to := "/assets/" + hex.EncodeToString(sum[:8]) + "/" + name
		a.all[to] = []byte(text)
		return to
	}
	a.style = add("page.css", page.Style()+"\n"+strings.TrimSpace(sheetComments.ReplaceAllString(sheets(read), "")))
	a.script = add("page.js", read("page.js"))
	return a
}

// sheets are the style sheets of the server's own: what all pages have, then what single ones do.
func sheets(read func(string) string) string {
	const all = "web.css"
	out := read(all)
	names, err := fs.Glob(files, "templates/*.css")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, n := range names {
		if n = path.Base(n); n != all {
			out += "\n" + read(n)
		}
	}
	return out
}

// asset answers with a style sheet or a script, the same for everybody.
func asset(w http.ResponseWriter, q *Request) error {
	data, ok := q.site.assets.all[q.URL.Path]
	if !ok {
		return errNotFound
	}
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	if strings.HasSuffix(q.URL.Path, ".js") {
		h.Set("Content-Type", "text/javascript; charset=utf-8")
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Del("Vary")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // who has gone has nobody to be told
	return nil
}
