package web

import (
	"net/http"

	"golang.org/x/text/language"

	"swarmgrade/grader/i18n"
)

// langCookie keeps the language that a reader chose.
const langCookie = "lang"

// language is what a reader chose, else what the browser asks for first of what there is,
// else the class's.
func (s *Site) language(r *http.Request) i18n.Lang {
	if c, err := r.Cookie(langCookie); err == nil {
		if l, ok := known(c.Value); ok {
			return l
		}
	}
	accept := r.Header.Get("Accept-Language")
	tags, _, err := language.ParseAcceptLanguage(accept[:min(len(accept), 200)])
	if err != nil {
		return s.o.Lang
	}
	for _, tag := range tags {
		base, _ := tag.Base()
		if l, ok := known(base.String()); ok {
			return l
		}
	}
	return s.o.Lang
}

// known is the language of that very name.
func known(name string) (i18n.Lang, bool) {
	for _, l := range i18n.Langs {
		if string(l) == name {
			return l, true
		}
	}
	return "", false
}
