package report

import (
	"io"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// moodleFormat is what Moodle's grade import reads, mapped by ID number. Its rules, as
// its grade/import/csv has them, decide who is in the file:
//   - a blank grade takes away what stands there, so that who has none is left out;
//   - feedback on a row without a grade does the same;
//   - a row whose ID number is blank, or 0, is taken for the student before it;
//   - a grade above 100, and an ID number that it does not know, abort the import.
var moodleFormat = Format{
	Name: "moodle", Ext: "csv", Media: "text/csv", Final: true, Scaled: true, Roster: true,
	Write: writeMoodle, Check: checkMoodle, Empty: emptyOf(moodleTakes), Remarks: moodleRemarks,
}

// moodleID is the heading of the column that finds students.
const moodleID = "ID number"

// moodleMost is what Moodle takes unless its administrator allows more.
const moodleMost rubric.Points = 100_00

func checkMoodle(d *result.Data, o Options) error {
	if item := o.item(d); strings.EqualFold(strings.Join(strings.Fields(item), " "), moodleID) {
		return diag.Misuse(i18n.M("transfer.same_head", "item", item), i18n.M("transfer.same_head_hint"))
	}
	if full := o.OutOf(d); full > moodleMost {
		return diag.Misuse(i18n.M("transfer.moodle_full", "max", full.String(), "most", moodleMost.String()),
			i18n.M("transfer.moodle_most_hint", "class", d.Class))
	}
	return nil
}

// emptyOf has a file be empty that takes none of the students.
func emptyOf(takes func(*Options, *result.Data, *result.Student) bool) func(*result.Data, Options) bool {
	return func(d *result.Data, o Options) bool {
		o = o.For(d)
		for i := range d.Students {
			if takes(&o, d, &d.Students[i]) {
				return false
			}
		}
		return true
	}
}

func moodleTakes(o *Options, d *result.Data, s *result.Student) bool {
	return moodleKey(s.ID) && o.Hand(d, s).State == Given
}

// moodleKey reports whether Moodle finds a student by an ID.
func moodleKey(id string) bool { return fitKey(id) && strings.Trim(id, "0") != "" }

func writeMoodle(w io.Writer, d *result.Data, o Options) error {
	o = o.For(d)
	return writeCSV(w, func(add func(...string) error) error {
		item := csvText(o.item(d))
		// Moodle reads a row from left to right, and feedback goes to the grade before it.
		if err := add(moodleID, item, item+" feedback"); err != nil {
			return err
		}
		for i := range d.Students {
			s := &d.Students[i]
			h := o.Hand(d, s)
			if h.State != Given || !moodleKey(s.ID) {
				continue
			}
			if err := add(s.ID, h.Points.String(), csvText(asHTML.Replace(o.to(d, s).remarks(d, s, h)))); err != nil {
				return err
			}
		}
		return nil
	})
}

// asHTML is text as a page shows it, which is what Moodle takes feedback for.
var asHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func moodleRemarks(d *result.Data, o Options) []Remark {
	return append(o.leftOut(d, moodleKey, "transfer.left_excused"), o.outOfRemark(d), Remark{Key: "transfer.moodle_next", Plain: true})
}

// outOfRemark says what the scores are of: the item at the platform has a maximum of
// its own, which nobody here can see.
func (o Options) outOfRemark(d *result.Data) Remark {
	return Remark{Key: "transfer.out_of", Args: []any{"max", o.OutOf(d).String()}, Plain: true}
}

// leftOut are those that a platform's file is without although their score is no
// longer open: who is excused (unless the platform has a word for that: key is ""),
// and whose key does not fit; and whose points are a share, which nobody expects.
func (o Options) leftOut(d *result.Data, fits func(id string) bool, excusedKey string) []Remark {
	o = o.For(d)
	var excused, unfit, shared []string
	for i := range d.Students {
		s := &d.Students[i]
		switch h := o.Hand(d, s); {
		case h.State == Open:
		case !fits(s.ID):
			unfit = append(unfit, s.ID)
		case h.State == Excused:
			excused = append(excused, s.ID)
		case h.Shared:
			shared = append(shared, s.ID)
		}
	}
	var out []Remark
	for _, r := range []Remark{
		{Key: excusedKey, Students: excused}, {Key: "transfer.left_unfit", Students: unfit},
		{Key: "transfer.shared", Students: shared, Args: []any{"max", o.OutOf(d).String()}, Plain: true},
	} {
		if len(r.Students) > 0 && r.Key != "" {
			out = append(out, r)
		}
	}
	return out
}
