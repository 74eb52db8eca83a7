package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"sync"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/page"
)

//go:embed templates
var files embed.FS

// templates are all pages and their parts, in each language.
var templates = sync.OnceValue(func() map[i18n.Lang]*template.Template { return page.Parsed("web", files, functions) })

func functions(lang i18n.Lang) template.FuncMap {
	return template.FuncMap{
		// with_data is a view of something else, for a part of a page.
		"with_data": func(v View, data any) View { v.Data = data; return v },
		// fragment is a part that exported pages have as well, see [page.Fragment].
		"fragment": func(name string, v any) (template.HTML, error) {
			var b bytes.Buffer
			err := page.Fragment(&b, lang, name, v)
			return template.HTML(b.String()), err // it is html/template that wrote it
		},
		"student": func(s page.Student, level int) (template.HTML, error) {
			var b bytes.Buffer
			err := page.Fragment(&b, lang, "student", page.At(s, level))
			return template.HTML(b.String()), err // as above
		},
	}
}

// View is what a page's template is handed: what the page shows is in Data.
type View struct {
	Lang i18n.Lang
	// In says that somebody is known to read, Teacher that it is an instructor.
	In, Teacher bool
	// FormToken is what each form bears, by {{template "token" .}}.
	FormToken string
	Data      any
}

// Page is what a handler shows: a template "NAME" in templates/NAME.html, which is handed a [View].
type Page struct {
	Name  string
	Title string // plain text
	// Events is where the page's events come from, "" for none; After is the last one that it
	// shows already.
	Events string
	After  uint64
	// Refresh is after how many seconds the page is read anew where no script keeps it up to
	// date; 0 is never.
	Refresh int
	Data    any
}

func (q *Request) view(data any) View {
	return View{Lang: q.Lang, In: q.In(), Teacher: q.Who.Teacher, FormToken: q.FormToken(), Data: data}
}

// Part is a part of a page: the template of that name with data.
func (q *Request) Part(name string, data any) (string, error) {
	return part(q.Lang, name, q.view(data))
}

// layout is what stands around every page.
type layout struct {
	View
	Page
	Style, Script string // addresses
	Path          string // to come back to
	Again         string // the same, as it was asked for
	Body          template.HTML
	Nav           []link
	Langs         []choice
}

type link struct {
	To, Text string
	Here     bool
}

type choice struct{ Name, Word string }

// words are what the languages call themselves.
var words = map[i18n.Lang]string{i18n.ZH: "中文", i18n.EN: "English"}

// Show answers with a page.
func (q *Request) Show(w http.ResponseWriter, p Page) error { return q.show(w, http.StatusOK, p) }

func (q *Request) show(w http.ResponseWriter, status int, p Page) error {
	body, err := q.Part(p.Name, p.Data)
	if err != nil {
		return err
	}
	l := layout{
		View: q.view(nil), Page: p, Style: q.site.assets.style, Script: q.site.assets.script, Path: "/",
		Body: template.HTML(body), // html/template wrote it
	}
	if q.Method == http.MethodGet && q.pattern != "" && status == http.StatusOK {
		l.Path, l.Again = q.URL.EscapedPath(), q.URL.RequestURI()
	}
	for _, n := range q.navigation() {
		l.Nav = append(l.Nav, link{To: n.to, Text: q.Lang.T(n.key), Here: n.to == q.URL.Path})
	}
	for _, lang := range i18n.Langs {
		if lang != q.Lang {
			l.Langs = append(l.Langs, choice{string(lang), words[lang]})
		}
	}
	whole, err := part(q.Lang, "layout", l)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(q.Lang))
	h.Set("Content-Length", strconv.Itoa(len(whole)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(whole)) // who has gone has nobody to be told
	return nil
}

// part executes a template. It goes out in one piece, so that nothing is ever half a page.
func part(lang i18n.Lang, name string, v any) (string, error) {
	t := templates()[lang].Lookup(name)
	if t == nil {
		return "", fmt.Errorf("no template %q", name)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return string(page.Plain(b.Bytes())), nil
}

// SeeOther leads on after a form was sent, so that reloading sends nothing again. To is a
// path of ours.
func SeeOther(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
