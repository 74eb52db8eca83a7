package report

import (
	"io"
	"regexp"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// canvasFormat is what Canvas's gradebook import reads. Its rules, as its
// gradebook_importer has them:
//   - ID is Canvas's own number, which can be another person's, and stays blank; SIS
//     User ID and SIS Login ID find a student;
//   - where neither does, a student of the same name is taken, so that the name is
//     not written as it is;
//   - a blank score takes away what stands there, so that who has none is left out;
//   - a cell of digits with a comma, or with several points, is rewritten;
//   - a heading that ends in a number in brackets is the assignment of that number; one
//     that has the words of Canvas's own columns is passed over.
var canvasFormat = Format{
	Name: "canvas", Ext: "csv", Media: "text/csv", Final: true, Scaled: true, Roster: true,
	Write: writeCanvas, Check: checkCanvas, Empty: emptyOf(canvasTakes), Remarks: canvasRemarks,
}

var (
	canvasID    = regexp.MustCompile(`\s\(([0-9]+)\)$`)
	canvasOwn   = regexp.MustCompile(`(?:Current|Final|Override) (?:Score|Points|Grade|Status)`)
	canvasRow   = regexp.MustCompile(`(?i)points possible|^\s*(?:muted|manual posting.*)?\s*$`)
	canvasBends = regexp.MustCompile(`^-?[0-9]*(?:,[0-9.,]*|\.[0-9]*\.[0-9.]*)%?$`)
)

func checkCanvas(_ *result.Data, o Options) error {
	if word := canvasOwn.FindString(o.Item); word != "" {
		return diag.Misuse(i18n.M("transfer.canvas_own", "item", o.Item, "word", word), i18n.M("transfer.canvas_own_hint"))
	}
	return nil
}

// canvasItem is the heading. One that nobody asked for names no assignment by number.
func (o Options) canvasItem(d *result.Data) string {
	item := o.item(d)
	if o.Item == "" {
		item = canvasOwn.ReplaceAllString(canvasID.ReplaceAllString(item, " [$1]"), d.Class)
	}
	return csvText(item)
}

func canvasKey(id string) bool { return fitKey(id) && !canvasBends.MatchString(id) }

func canvasTakes(o *Options, d *result.Data, s *result.Student) bool {
	return canvasKey(s.ID) && o.Hand(d, s).State != Open
}

func writeCanvas(w io.Writer, d *result.Data, o Options) error {
	o = o.For(d)
	logins, _ := logins(d)
	return writeCSV(w, func(add func(...string) error) error {
		if err := add("Student", "ID", "SIS User ID", "SIS Login ID", "Section", o.canvasItem(d)); err != nil {
			return err
		}
		if err := add("    Points Possible", "", "", "", "", o.OutOf(d).String()); err != nil {
			return err
		}
		for i := range d.Students {
			s := &d.Students[i]
			h := o.Hand(d, s)
			if h.State == Open || !canvasKey(s.ID) {
				continue
			}
			score := h.Points.String()
			if h.State == Excused {
				score = "EX"
			}
			// For who reads the file; nobody is called that.
			name := strings.TrimSpace(inert(s.Name) + " (" + s.ID + ")")
			if canvasRow.MatchString(name) {
				name = s.ID
			}
			login := logins[s.ID]
			if !canvasKey(login) {
				login = ""
			}
			if err := add(csvText(name), "", s.ID, login, "", score); err != nil {
				return err
			}
		}
		return nil
	})
}

func canvasRemarks(d *result.Data, o Options) []Remark {
	out := append(o.leftOut(d, canvasKey, ""), o.outOfRemark(d))
	if !canvasID.MatchString(o.Item) {
		out = append(out, Remark{Key: "transfer.canvas_new", Args: []any{"item", o.canvasItem(d)}, Plain: true})
	}
	return out
}
