package report

import (
	"io"
	"strings"
	"time"

	"swarmgrade/grader/i18n"
)

// Link is a link as it is handed out.
type Link struct {
	ID, Name string // "" for an instructor's
	URL      string
	Expires  time.Time // zero: never
}

// who is the ID, or that it is an instructor's.
func (l *Link) who(lang i18n.Lang) string {
	if l.ID == "" {
		return lang.T("links.teacher")
	}
	return l.ID
}

// Links prints links, a line each. A link is never cut.
func Links(w io.Writer, links []Link, t Text) error {
	var b strings.Builder
	rows := [][]cell{{plainCell(t.Lang.T("report.id")), plainCell(t.Lang.T("report.name")), plainCell(t.Lang.T("links.link"))}}
	for i := range links {
		l := &links[i]
		rows = append(rows, []cell{plainCell(oneLine(l.who(t.Lang))), plainCell(clipTo(oneLine(l.Name), 24)), plainCell(oneLine(l.URL))})
	}
	grid(&b, rows, nil)
	_, err := io.WriteString(w, b.String())
	return err
}

// LinksCSV writes links as a file that spreadsheet programs open: no cell of it is taken
// for a formula.
func LinksCSV(w io.Writer, links []Link, lang i18n.Lang) error {
	return writeCSV(w, func(add func(cells ...string) error) error {
		if err := add(lang.T("report.id"), lang.T("report.name"), lang.T("links.link"), lang.T("links.expires")); err != nil {
			return err
		}
		for i := range links {
			l := &links[i]
			until := ""
			if !l.Expires.IsZero() {
				until = l.Expires.Format("2006-01-02 15:04")
			}
			if err := add(csvText(l.who(lang)), csvText(l.Name), csvText(l.URL), until); err != nil {
				return err
			}
		}
		return nil
	})
}
