// Package pagetest holds pages in tests to what all of them are held to: that nothing in them
// acts or reaches out, and that who listens or uses a keyboard is not kept from anything.
package pagetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Parsed is a page as a tree.
func Parsed(t testing.TB, raw []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Attr is an attribute, if there is one.
func Attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// TextUnder is all text below an element but for the style sheet.
func TextUnder(n *html.Node) string {
	var b strings.Builder
	for x := range n.Descendants() {
		if x.Type == html.TextNode && (x.Parent == nil || x.Parent.Data != "style") {
			b.WriteString(x.Data)
		}
	}
	return b.String()
}

// TextOf is all text of a page but for its style sheet.
func TextOf(t testing.TB, raw []byte) string { return TextUnder(Parsed(t, raw)) }

// Elements are all below a node, in order.
func Elements(doc *html.Node) []*html.Node {
	var out []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

// tags are all that a page is made of.
var tags = strings.Fields(`html head meta title style body a header p h1 h2 h3 h4 h5 bdi main section span svg rect line polyline text circle desc
	table caption thead tbody tfoot tr th td ul ol li dl div dt dd article pre code figure figcaption footer nav details summary strong`)

// ActsNot is what in a page could act, reach out, or look like what it is not.
func ActsNot(t testing.TB, raw []byte) []string {
	t.Helper()
	var trouble []string
	say := func(format string, args ...any) { trouble = append(trouble, fmt.Sprintf(format, args...)) }
	if !utf8.Valid(raw) {
		say("not UTF-8")
	}
	for _, r := range string(raw) {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200f {
			say("a character %U", r)
			break
		}
	}
	doc := Parsed(t, raw)
	policy, style := "", ""
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			say("a comment: %s", n.Data)
		}
	}
	for _, n := range Elements(doc) {
		if !slices.Contains(tags, n.Data) {
			say("an element %s", n.Data)
		}
		if n.Data == "style" {
			style += n.FirstChild.Data
		}
		if x, _ := Attr(n, "http-equiv"); x == "Content-Security-Policy" {
			policy, _ = Attr(n, "content")
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "src":
				say("an attribute %s on %s", a.Key, n.Data)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "#"):
				say("a link to %s", a.Val)
			case n.Data == "meta" && a.Key == "http-equiv" && a.Val != "Content-Security-Policy":
				say("a meta %s", a.Val)
			}
		}
	}
	sum := sha256.Sum256([]byte(style))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) || !strings.HasPrefix(policy, "default-src 'none'") {
		say("the policy %q does not allow the style sheet alone, whose hash is %s", policy, want)
	}
	return trouble
}

// Accessible is what keeps people who listen to a page, or use a keyboard, from it.
func Accessible(t testing.TB, raw []byte) []string {
	t.Helper()
	doc := Parsed(t, raw)
	all := Elements(doc)
	var trouble []string
	say := func(format string, args ...any) { trouble = append(trouble, fmt.Sprintf(format, args...)) }
	ids, count, level := map[string]*html.Node{}, map[string]int{}, 0
	for _, n := range all {
		if n.Namespace == "" { // a drawing has a title too
			count[n.Data]++
		}
		if id, ok := Attr(n, "id"); ok {
			if ids[id] != nil || id == "" {
				say("ID %q twice, or empty", id)
			}
			ids[id] = n
		}
	}
	for _, one := range []string{"main", "h1", "title"} {
		if count[one] != 1 {
			say("%d %s", count[one], one)
		}
	}
	named := func(n *html.Node) bool {
		if label, _ := Attr(n, "aria-label"); strings.TrimSpace(label) != "" {
			return true
		}
		by, ok := Attr(n, "aria-labelledby")
		for _, id := range strings.Fields(by) {
			if ids[id] == nil || strings.TrimSpace(TextUnder(ids[id])) == "" {
				say("%s is labelled by %q, which is not there or says nothing", n.Data, id)
			}
		}
		return ok && by != ""
	}
	for _, n := range all {
		switch n.Data {
		case "html":
			if lang, _ := Attr(n, "lang"); lang != "zh-CN" && lang != "en" {
				say("language %q", lang)
			}
		case "title", "caption", "summary", "th", "a", "h1", "h2", "h3", "h4", "h5":
			if strings.TrimSpace(TextUnder(n)) == "" {
				say("an empty %s", n.Data)
			}
		case "svg":
			if hidden, _ := Attr(n, "aria-hidden"); hidden == "true" {
				break
			}
			if role, _ := Attr(n, "role"); role != "img" || !named(n) {
				say("a drawing without a name")
			}
		case "table":
			if n.FirstChild == nil || firstElement(n).Data != "caption" {
				say("a table without a caption")
			}
		case "section", "nav":
			if n.Data == "nav" && !named(n) {
				say("a nav without a name")
			}
		case "details":
			if first := firstElement(n); first == nil || first.Data != "summary" {
				say("details without a summary")
			}
		case "li":
			if p := n.Parent.Data; p != "ul" && p != "ol" {
				say("li in %s", p)
			}
		case "img":
			say("a picture")
		case "meta":
			if content, _ := Attr(n, "content"); strings.Contains(content, "user-scalable") || strings.Contains(content, "maximum-scale") {
				say("zooming is taken away")
			}
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			now := int(n.Data[1] - '0')
			if now > level+1 {
				say("from h%d to %s %q", level, n.Data, TextUnder(n))
			}
			level = now
		}
		if n.Data == "th" {
			if scope, _ := Attr(n, "scope"); !slices.Contains([]string{"col", "row", "colgroup"}, scope) {
				say("th of scope %q", scope)
			}
		}
		if role, ok := Attr(n, "role"); ok && role == "region" && !named(n) {
			say("a region without a name")
		}
		if tab, ok := Attr(n, "tabindex"); ok && tab != "0" && tab != "-1" {
			say("tabindex %s", tab)
		}
		if href, ok := Attr(n, "href"); ok && ids[strings.TrimPrefix(href, "#")] == nil {
			say("a link to %s, which is not there", href)
		}
		if hidden, _ := Attr(n, "aria-hidden"); hidden == "true" {
			for _, x := range Elements(n) {
				if x.Data == "a" {
					say("a link that is hidden from who listens")
				}
			}
		}
	}
	if first := slices.IndexFunc(all, func(n *html.Node) bool { return n.Data == "a" }); first < 0 {
		say("no way to skip to the content")
	} else if href, _ := Attr(all[first], "href"); href != "#main" {
		say("the first link leads to %s", href)
	}
	return trouble
}

func firstElement(n *html.Node) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			return c
		}
	}
	return nil
}
