package report

import (
	"encoding/csv"
	"io"
	"strings"

	"swarmgrade/grader/result"
)

// bom tells Excel that a text is UTF-8.
const bom = "\ufeff"

// writeCSV writes rows as spreadsheet programs and learning platforms read them:
// UTF-8 with a byte order mark, lines that end in CR and LF. None of the cells has a
// line end within.
func writeCSV(w io.Writer, rows func(add func(cells ...string) error) error) error {
	if _, err := io.WriteString(w, bom); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := rows(func(cells ...string) error { return c.Write(cells) }); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}

// csvText is text from outside as a cell that no program takes for a formula.
func csvText(s string) string {
	s = cellText(inert(s))
	if risky(s) {
		return "'" + s
	}
	return s
}

// fitKey reports whether a word can stand in a file as what a platform finds a
// person by, exactly as it is and yet no formula.
func fitKey(s string) bool {
	return s != "" && s == inert(s) && !risky(s)
}

// loginHeadings name a roster's column with the name that a platform logs people in
// by, the best first.
var loginHeadings = []string{
	"sisloginid", "loginid", "login", "loginname", "username", "用户名", "登录名", "登录账号", "登录帐号", "登陆名",
}

// loginHeading is the column of the roster that has the login name, "" if it has none.
func loginHeading(d *result.Data) string {
	for _, want := range loginHeadings {
		for _, h := range d.Headings {
			if plainHeading(h) == want {
				return h
			}
		}
	}
	return ""
}

// plainHeading is a heading without case, spaces and punctuation.
func plainHeading(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.　*＊", r) {
			return -1
		}
		return r
	}, s))
}

// logins are the login names of students by ID: the roster's, else the ID itself.
// Whoever has none, one that does not fit, or one that another has too, is not among
// them; twice names the latter.
func logins(d *result.Data) (by map[string]string, twice []string) {
	heading := loginHeading(d)
	by, count := map[string]string{}, map[string]int{}
	for _, s := range d.Students {
		login := s.ID
		if heading != "" {
			login = s.Columns[heading]
		}
		if fitKey(login) {
			by[s.ID] = login
			count[strings.ToLower(login)]++
		}
	}
	for _, s := range d.Students {
		if login, ok := by[s.ID]; ok && count[strings.ToLower(login)] > 1 {
			twice = append(twice, s.ID)
			delete(by, s.ID)
		}
	}
	return by, twice
}

// Remark is something to know of a file that was written.
type Remark struct {
	Key      string // of the message
	Students []string
	Args     []any // further pairs of the message
	// Plain says that it is no trouble.
	Plain bool
}

// item is what the column of scores is called. That of some tasks names them: a platform
// finds its item by the name, and would take them for the whole lab's.
func (o Options) item(d *result.Data) string {
	if o.Item != "" {
		return inert(o.Item)
	}
	title := d.Title
	if title == "" {
		title = d.Class
	}
	title += " " + d.Rubric.Title.In(o.Lang)
	if o.Part.Tasks != nil {
		title = o.Lang.T("transfer.item_tasks", "item", title, "tasks", o.Part.Tasks)
	}
	return inert(title)
}
