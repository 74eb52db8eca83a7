// Package page writes results as HTML: what one student is told, and what an
// instructor reads of a class. It knows the markup and the looks, and nothing of
// how scores come about: what it shows is said already, in one language, and put
// into the types of this package.
//
// A page is one file. It needs no network and runs no script; its policy
// ([Policy]) forbids both, so that what a student wrote cannot do harm even if it
// were not escaped. It is: by html/template, once; and characters that would steer
// a terminal or turn the direction of text around are replaced on the way out.
//
// Fragments ([Fragment]) are the parts that another page may show as well.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"iter"
	"regexp"
	"strings"
	"sync"

	"swarmgrade/grader/i18n"
)

//go:embed templates
var files embed.FS

// comments and blanks are what a browser does not need of a style sheet.
var (
	comments = regexp.MustCompile(`(?s)/\*.*?\*/`)
	blanks   = regexp.MustCompile(`\s*\n\s*`)
)

// Style is the style sheet, as it stands between the tags: its hash is in [Policy].
var Style = sync.OnceValue(func() string {
	raw, err := files.ReadFile("templates/page.css")
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(blanks.ReplaceAllString(comments.ReplaceAllString(string(raw), ""), "\n"))
})

// Policy is the Content-Security-Policy of a page: its own style sheet and images
// within the page, nothing else.
var Policy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(Style()))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'"
})

// templates are the fragments in each language.
var templates = sync.OnceValue(func() map[i18n.Lang]*template.Template { return Parsed("page", files, functions) })

// Parsed are the templates below templates/ of some files, in each language, with the functions that all pages
// have and more: t says a sentence of the catalogs, with pairs of name and value; lang is the language as HTML names
// it; glyph is a mark's sign. What is wrong with a template ends the program.
func Parsed(name string, files fs.FS, more func(i18n.Lang) template.FuncMap) map[i18n.Lang]*template.Template {
	out := map[i18n.Lang]*template.Template{}
	for _, lang := range i18n.Langs {
		shared := template.FuncMap{
			"t": func(key string, pairs ...any) (string, error) {
				if _, ok := lang.Raw(key); !ok {
					return "", fmt.Errorf("no sentence %q", key)
				}
				return lang.T(key, pairs...), nil
			},
			"lang": func() string {
				if lang == i18n.ZH {
					return "zh-CN"
				}
				return "en"
			},
			"glyph": Mark.Glyph,
		}
		out[lang] = template.Must(template.New(name).Option("missingkey=error").Funcs(shared).Funcs(more(lang)).ParseFS(files, "templates/*.html"))
	}
	return out
}

func functions(lang i18n.Lang) template.FuncMap {
	return template.FuncMap{
		"policy": Policy,
		"style":  func() template.CSS { return template.CSS(Style()) },
		"add":    func(a, b int) int { return a + b },
		// at is a student under headings of a level, text and say a heading.
		"at":   func(s Student, level int) leveled { return leveled{s, level} },
		"text": func(level int, text string) heading { return heading{level, text} },
		"say": func(level int, key string, pairs ...any) heading {
			return heading{level, lang.T(key, pairs...)}
		},
	}
}

// At is a student under a heading of that level, 2 to 4, as [Fragment] "student" takes it.
func At(s Student, level int) any { return leveled{s, level} }

// leveled is a student under a heading of that level.
type leveled struct {
	Student
	Level int
}

type heading struct {
	Level int
	Text  string
}

// Fragment writes one part of a page: check, timeline, spread, student.
func Fragment(w io.Writer, lang i18n.Lang, name string, v any) error {
	t := templates()[lang]
	if t == nil {
		t = templates()[i18n.EN]
	}
	if t = t.Lookup(name); t == nil {
		return fmt.Errorf("no fragment %q", name)
	}
	// Within one student's part everything is at hand; it goes out in one piece.
	var buf bytes.Buffer
	if err := t.Execute(&buf, v); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err := w.Write(plain(buf.Bytes()))
	return err
}

// WriteStudent writes the page of one student.
func WriteStudent(w io.Writer, lang i18n.Lang, p *StudentPage) error {
	return Fragment(w, lang, "student-page", p)
}

// WriteClass writes the page of a class. Rows and students are asked for one after
// the other, so that no more than one is in memory; an error of theirs ends it.
func WriteClass(w io.Writer, lang i18n.Lang, c *Class, rows iter.Seq[Row], windows iter.Seq[Window], students iter.Seq2[Student, error]) error {
	out := &failing{w: w, lang: lang}
	out.part("class-head", c)
	for r := range rows {
		out.part("grid-row", r)
	}
	out.part("class-rates", c)
	if c.Windows {
		out.part("windows-head", c)
		for x := range windows {
			out.part("window", x)
		}
		out.part("windows-end", c)
	}
	out.part("class-students", c)
	for s, err := range students {
		if err != nil {
			return err
		}
		out.part("class-student", s)
		if out.err != nil {
			return out.err
		}
	}
	out.part("class-end", c)
	return out.err
}

// failing writes part after part until one fails.
type failing struct {
	w    io.Writer
	lang i18n.Lang
	err  error
}

func (f *failing) part(name string, v any) {
	if f.err == nil {
		f.err = Fragment(f.w, f.lang, name, v)
	}
}
