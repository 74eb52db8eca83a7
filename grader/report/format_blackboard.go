package report

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// blackboardFormat is what Blackboard's gradebook reads when it is worked on offline,
// in the form in which it gives it out: cells in quotes with tabs between, in UTF-16,
// named .xls. A student is found by the user name. A heading without the column's
// number makes a new column, of text and no points, so that there has to be one. A
// blank score takes away what stands there, so that who has none is left out.
var blackboardFormat = Format{
	Name: "blackboard", Ext: "xls", Media: "application/vnd.ms-excel", Final: true, Scaled: true, Roster: true,
	Write: writeBlackboard, Check: checkBlackboard, Empty: emptyBlackboard, Remarks: blackboardRemarks,
}

var (
	blackboardID = regexp.MustCompile(`\|\s*([0-9_]+)\s*$`)
	// What a heading says of the column's maximum.
	blackboardPoints = regexp.MustCompile(`(?i)\[Total Pts: (?:up to )?([0-9.]+)`)
	blackboardTotal  = regexp.MustCompile(`(?i)\[Total Pts:[^\]]*\]`)
	columnNumber     = regexp.MustCompile(`^[0-9_]+$`)
	wrappedNumber    = regexp.MustCompile(`^_([0-9]+)_[0-9]+$`)
)

func checkBlackboard(d *result.Data, o Options) error {
	there := headingNumber(o.Item)
	switch {
	case o.ColumnID == "" && there == "":
		return diag.Misuse(i18n.M("transfer.blackboard_id"), i18n.M("transfer.blackboard_id_hint", "class", d.Class))
	case o.ColumnID != "" && there != "" && there != bareNumber(o.ColumnID):
		return diag.Misuse(i18n.M("transfer.blackboard_two", "item", o.Item, "there", there, "id", o.ColumnID), i18n.M("transfer.blackboard_two_hint"))
	case !o.fitsHeading(d):
		points := blackboardPoints.FindStringSubmatch(o.Item)[1]
		return diag.Misuse(i18n.M("transfer.blackboard_points", "item", o.Item, "there", points, "max", o.OutOf(d).String()),
			i18n.M("transfer.blackboard_points_hint", "there", points))
	case o.ColumnID != "" && !columnNumber.MatchString(o.ColumnID):
		return diag.Misuse(i18n.M("transfer.blackboard_bad_id", "id", o.ColumnID), i18n.M("transfer.blackboard_id_hint", "class", d.Class))
	}
	return nil
}

// headingNumber is the number of the column that a whole heading is of, "" for a title.
func headingNumber(heading string) string {
	if m := blackboardID.FindStringSubmatch(heading); m != nil {
		return bareNumber(m[1])
	}
	return ""
}

// bareNumber is a column's number without what Blackboard's pages write around it: 77 for
// _77_1.
func bareNumber(id string) string {
	if m := wrappedNumber.FindStringSubmatch(id); m != nil {
		return m[1]
	}
	return id
}

// fitsHeading reports whether a heading that was given is of a column with the maximum
// that the scores are of; one that does not say is taken as it is.
func (o Options) fitsHeading(d *result.Data) bool {
	m := blackboardPoints.FindStringSubmatch(o.Item)
	if m == nil {
		return true
	}
	points, err := rubric.ParsePoints(m[1])
	return err == nil && points == o.OutOf(d)
}

// blackboardItem is the column's heading: as it was given if that is a whole one.
func (o Options) blackboardItem(d *result.Data) string {
	if o.ColumnID == "" || headingNumber(o.Item) != "" {
		return inert(o.Item)
	}
	title := blackboardTotal.ReplaceAllString(o.item(d), "")
	title = strings.TrimSpace(strings.NewReplacer("|", " ", "[", "(", "]", ")").Replace(title))
	return title + " [Total Pts: " + o.OutOf(d).String() + " Score] |" + o.ColumnID
}

func emptyBlackboard(d *result.Data, o Options) bool {
	logins, _ := logins(d)
	return emptyOf(func(o *Options, d *result.Data, s *result.Student) bool {
		return logins[s.ID] != "" && fitKey(s.ID) && o.Hand(d, s).State == Given
	})(d, o)
}

func writeBlackboard(w io.Writer, d *result.Data, o Options) error {
	o = o.For(d)
	logins, _ := logins(d)
	rows := [][]string{{"Last Name", "First Name", "Username", "Student ID", o.blackboardItem(d)}}
	for i := range d.Students {
		s := &d.Students[i]
		h := o.Hand(d, s)
		if login := logins[s.ID]; h.State == Given && login != "" && fitKey(s.ID) {
			rows = append(rows, []string{csvText(s.Name), "", login, s.ID, h.Points.String()})
		}
	}
	if _, err := w.Write([]byte{0xff, 0xfe}); err != nil {
		return err
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = `"` + strings.ReplaceAll(csvText(cell), `"`, `""`) + `"`
		}
		if _, err := w.Write(littleEndian(strings.Join(row, "\t") + "\r\n")); err != nil {
			return err
		}
	}
	return nil
}

// littleEndian is text as UTF-16, the lower byte first.
func littleEndian(s string) []byte {
	out := make([]byte, 0, 2*len(s))
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func blackboardRemarks(d *result.Data, o Options) []Remark {
	logins, twice := logins(d)
	out := o.leftOut(d, func(id string) bool {
		return (logins[id] != "" || slices.Contains(twice, id)) && fitKey(id)
	}, "transfer.left_excused")
	out = append(out, o.outOfRemark(d))
	if len(twice) > 0 {
		r := Remark{Key: "transfer.twice_id", Students: twice}
		if h := loginHeading(d); h != "" {
			r.Key, r.Args = "transfer.twice", []any{"heading", inert(h)}
		}
		out = append(out, r)
	}
	if heading := loginHeading(d); heading != "" {
		out = append(out, Remark{Key: "transfer.login_from", Args: []any{"heading", inert(heading)}, Plain: true})
	} else {
		out = append(out, Remark{Key: "transfer.login_is_id", Plain: true})
	}
	return out
}
