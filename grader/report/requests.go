package report

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// RequestState says what a request to look again is at.
func RequestState(lang i18n.Lang, r *result.Request) string {
	switch {
	case r.Open():
		return lang.T("requests.open")
	case len(r.Words) > 0 && r.Words[len(r.Words)-1].Kind == result.RequestWithdrawn:
		return lang.T("requests.taken_back")
	}
	return lang.T("requests.answered")
}

// RequestTarget names what a request is of: a check's ID, a task, or the whole lab.
func RequestTarget(lang i18n.Lang, r *result.Request) string {
	switch {
	case r.Check != "":
		return oneLine(r.Check)
	case r.Task != "":
		return oneLine(lang.T("requests.task", "task", r.Task))
	}
	return lang.T("requests.whole")
}

// WordLine says in one line who said what about a request, and when.
func WordLine(lang i18n.Lang, w result.Word) string {
	key := "requests.line"
	if w.Text != "" {
		key = "requests.line_text"
	}
	when := ""
	if !w.When.IsZero() {
		when = w.When.Format("2006-01-02 15:04")
	}
	return strings.TrimSpace(oneLine(lang.T(key, "when", when, "who", wordWho(lang, w), "kind", wordKind(lang, w), "text", w.Text)))
}

func wordWho(lang i18n.Lang, w result.Word) string {
	switch {
	case w.Student:
		return lang.T("requests.by_student")
	case w.Who == "":
		return lang.T("requests.by_instructor")
	}
	return w.Who
}

func wordKind(lang i18n.Lang, w result.Word) string {
	key := "requests.kind_" + string(w.Kind)
	if _, ok := lang.Raw(key); !ok { // of a newer program
		return string(w.Kind)
	}
	return lang.T(key)
}

// requests is what one student asked for, and what was said about it.
func (t Text) requests(b *strings.Builder, s *result.Student) {
	if len(s.Requests) == 0 {
		return
	}
	b.WriteString("\n" + t.paint(t.Lang.T("requests.head"), bold) + "\n")
	for i := range s.Requests {
		r := &s.Requests[i]
		t.paragraph(b, fmt.Sprintf("#%d %s  %s", r.ID, RequestTarget(t.Lang, r), RequestState(t.Lang, r)), 2, "")
		for _, w := range r.Words {
			t.paragraph(b, WordLine(t.Lang, w), 4, "")
		}
	}
}

// asked lists under a class the requests that wait for an answer.
func (t Text) asked(b *strings.Builder, d *result.Data) {
	n := d.Requests()
	if n.All == 0 {
		return
	}
	fmt.Fprintln(b, t.Lang.T("requests.count", "all", n.All, "open", n.Open))
	listed := 0
	for i := range d.Students {
		s := &d.Students[i]
		for k := range s.Requests {
			r := &s.Requests[k]
			if !r.Open() {
				continue
			}
			if listed++; listed <= listedByHand {
				fmt.Fprintln(b, clipTo(fmt.Sprintf("  %s  %s  %s", oneLine(s.ID), RequestTarget(t.Lang, r), WordLine(t.Lang, r.Words[len(r.Words)-1])), t.Width))
			}
		}
	}
	if more := listed - listedByHand; more > 0 {
		fmt.Fprintln(b, "  "+t.Lang.T("hand.list_more", "n", more, "class", oneLine(d.Class)))
	}
}

// JSONRequest is a request to look again in JSON.
type JSONRequest struct {
	ID    int64      `json:"id"`
	Task  string     `json:"task,omitempty"`
	Check string     `json:"check,omitempty"`
	Run   string     `json:"run,omitempty"`
	Open  bool       `json:"open"` // it waits for an instructor
	Words []JSONWord `json:"words"`
}

// JSONWord is one thing that was said about a request.
type JSONWord struct {
	Kind    string `json:"kind"` // asked, said, graded, set, declined, withdrawn
	Student bool   `json:"student"`
	Who     string `json:"who"`
	Text    string `json:"text,omitempty"`
	When    string `json:"when"`
}

// JSONRequests are requests in JSON, the oldest first; nil for none.
func JSONRequests(all []result.Request) []JSONRequest {
	var out []JSONRequest
	for i := range all {
		r := &all[i]
		j := JSONRequest{ID: r.ID, Task: r.Task, Check: r.Check, Run: r.Run, Open: r.Open(), Words: []JSONWord{}}
		for _, w := range r.Words {
			j.Words = append(j.Words, JSONWord{string(w.Kind), w.Student, w.Who, w.Text, rfc3339(w.When)})
		}
		out = append(out, j)
	}
	return out
}

// requests is every word about a request, a row each; no sheet where nobody asked.
func (b *book) requests() error {
	rows := 0
	for i := range b.d.Students {
		for _, r := range b.d.Students[i].Requests {
			rows += len(r.Words)
		}
	}
	if rows == 0 {
		return nil
	}
	st := b.st
	s, err := b.open(paper{
		name: cellText(b.lang.T("requests.head")), rows: rows + 1, lead: 4, least: smallest, widths: []float64{
			7, b.longest(12, func(s *result.Student) string { return s.ID }), b.longest(8, func(s *result.Student) string { return oneLine(s.Name) }),
			20, 12, 18, 12, 14, 50,
		},
	})
	if err != nil {
		return err
	}
	var heads []any
	for _, key := range []string{
		"requests.col_number", "report.id", "report.name", "requests.col_check", "requests.col_state", "requests.col_when", "requests.col_who", "requests.col_kind",
		"requests.col_text",
	} {
		heads = append(heads, excelize.Cell{StyleID: st.head, Value: cellText(b.lang.T(key))})
	}
	if err := s.add(heads); err != nil {
		return err
	}
	text := func(s string) excelize.Cell { return textCell(oneLine(s), st.text, st.textQuoted) }
	for i := range b.d.Students {
		student := &b.d.Students[i]
		for k := range student.Requests {
			r := &student.Requests[k]
			for _, w := range r.Words {
				when := ""
				if !w.When.IsZero() {
					when = w.When.Format("2006-01-02 15:04:05")
				}
				if err := s.add([]any{
					text(fmt.Sprint(r.ID)), textCell(student.ID, st.text, st.textQuoted), text(student.Name), text(RequestTarget(b.lang, r)),
					text(RequestState(b.lang, r)), text(when), text(wordWho(b.lang, w)), text(wordKind(b.lang, w)), b.wrap(w.Text),
				}); err != nil {
					return err
				}
			}
		}
	}
	if err := s.filter(len(s.widths)); err != nil {
		return err
	}
	if err := b.f.AddIgnoredErrors(s.name, "A2:"+ref(4, rows+1), excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	return s.end()
}
