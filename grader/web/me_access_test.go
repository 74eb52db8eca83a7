package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/result"
)

// TestStudentsPagesForWhoListens: names are unique, what they point to is there, fields have labels, buttons
// have words, and headings leave no level out.
func TestStudentsPagesForWhoListens(t *testing.T) {
	s := serve(t)
	all := s.verdicts(len(s.data.Rubric.Tasks[0].Checks))
	s.of.trials = map[string][]gradebook.Trial{idA: {{ID: 1, Tasks: []string{"1"}, Finished: time.Now(), Verdicts: all}}}
	check := s.data.Rubric.Tasks[0].Checks[0].ID
	s.data.Students[0].Requests = []result.Request{
		{ID: 1, Student: idA, Task: "1", Check: check, Words: []result.Word{{Kind: result.RequestAsked, Student: true, Text: "x", When: time.Now()}}},
		{ID: 2, Student: idA, Words: []result.Word{{Kind: result.RequestAsked, Student: true, Text: "y", When: time.Now()}}},
	}
	states := map[string]desk.OwnState{
		"idle": {}, "waits": {Phase: desk.Waits, Place: 1}, "checking": {Phase: desk.Checking, Done: 1, Of: 2, Verdicts: all[:3]},
		"ended": {Last: &desk.Ended{At: time.Now(), Tasks: []string{"1"}, Verdicts: all}, Next: time.Now().Add(time.Minute)},
	}
	for name, state := range states {
		s.state(state)
		for _, path := range []string{"/me", "/me/kill", "/me/attempts", "/me/attempts/check/1"} {
			t.Run(name+" "+path, func(t *testing.T) {
				w := s.get(path, tokenA)
				require.Equal(t, 200, w.Code)
				require.Empty(t, hindrances(t, w.Body.String()))
			})
		}
	}
}

// hindrances are what keeps somebody from using a page who does not see it.
func hindrances(t *testing.T, text string) (trouble []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)
	ids, labels, level := map[string]bool{}, map[string]bool{}, 0
	var fields, refs []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
		}
		if id := at["id"]; id != "" {
			if ids[id] {
				trouble = append(trouble, "twice: "+id)
			}
			ids[id] = true
		}
		for _, key := range []string{"aria-labelledby", "aria-describedby"} {
			refs = append(refs, strings.Fields(at[key])...)
		}
		if to, ok := strings.CutPrefix(at["href"], "#"); ok && n.Data == "a" {
			refs = append(refs, to)
		}
		switch n.Data {
		case "label":
			labels[at["for"]] = true
		case "input", "select", "textarea":
			if at["type"] != "hidden" {
				fields = append(fields, at["id"])
			}
		case "button", "a", "summary":
			if strings.TrimSpace(textIn(n)) == "" && at["aria-label"] == "" {
				trouble = append(trouble, n.Data+" without words")
			}
		case "h1", "h2", "h3", "h4", "h5":
			now := int(n.Data[1] - '0')
			if now > level+1 {
				trouble = append(trouble, fmt.Sprintf("h%d after h%d: %s", now, level, textIn(n)))
			}
			level = now
		}
	}
	for _, id := range fields {
		if !labels[id] {
			trouble = append(trouble, "no label: "+id)
		}
	}
	for _, id := range refs {
		if !ids[id] {
			trouble = append(trouble, "nothing there: "+id)
		}
	}
	return trouble
}

func textIn(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
