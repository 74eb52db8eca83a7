package web

import (
	"errors"
	"net/http"

	"swarmgrade/grader"
)

// homePages are for everybody.
var homePages = []Route{
	{Pattern: "GET /{$}", Do: home},
	{Pattern: "GET /k/{token}", Do: enter},
	{Pattern: "POST /bye", Do: leave},
	{Pattern: "POST /lang", Do: choose},
	{Pattern: "GET /assets/{hash}/{name}", Do: asset, open: true},
	{Pattern: "GET /healthz", Do: healthy, open: true},
}

// home leads everybody to their page, or says how they get to one.
func home(w http.ResponseWriter, q *Request) error {
	switch {
	case q.Who.Teacher:
		return SeeOther(w, "/class")
	case q.In():
		return SeeOther(w, "/me")
	}
	return q.Show(w, Page{Name: "home", Title: q.Lang.T("web.home_title")})
}

// enter lets in who opens a link, and leads on to an address without the link's token.
func enter(w http.ResponseWriter, q *Request) error {
	// The link goes before who was let in until now.
	q.Who, q.token, q.session = Who{}, "", session{}
	token := grader.PlainToken(q.PathValue("token"))
	who, err := q.site.whoHas(q, token)
	if errors.Is(err, errNobody) {
		return &trouble{status: http.StatusForbidden, key: "web.bad_link", hint: "web.bad_link_hint"}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	if err := q.site.endFormer(w, q); err != nil {
		return err
	}
	q.site.setCookie(w, q.site.cookie, token, cookieAge)
	q.Who = who
	if who.Teacher {
		return SeeOther(w, "/class")
	}
	return SeeOther(w, "/me")
}

// leave has the browser forget the link.
func leave(w http.ResponseWriter, q *Request) error {
	if err := q.site.endFormer(w, q); err != nil {
		return err
	}
	q.site.setCookie(w, q.site.cookie, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return SeeOther(w, "/")
}

// choose keeps the language that the reader asks for.
func choose(w http.ResponseWriter, q *Request) error {
	lang, ok := known(q.PostForm.Get("lang"))
	if !ok {
		return Wrong("web.no_lang")
	}
	q.site.setCookie(w, langCookie, string(lang), 365*24*3600)
	return SeeOther(w, back(q.PostForm.Get("back")))
}

// healthy says that the server answers.
func healthy(w http.ResponseWriter, _ *Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // who has gone has nobody to be told
	return nil
}
