package report

import (
	"fmt"
	"strconv"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/page"
	"swarmgrade/grader/result"
)

// upright is how many checks a sheet of paper takes that stands upright.
const upright = 24

// class is what a class's page shows beside its rows and students.
func (v *viewer) class() *page.Class {
	d := v.d
	name := label(d.Class, longTitle)
	if d.Title != "" && d.Title != d.Class {
		name += " · " + page.Clip(oneLine(d.Title), longTitle)
	}
	c := &page.Class{
		Title: v.word("page.class_title", "class", name, "lab", v.lab()), Class: name, Lab: v.lab(), Wide: len(v.columns) > upright,
	}
	if !d.Run.Started.IsZero() {
		c.When = d.Run.Started.Format(toTheMinute)
	}
	sum := result.Summarize(d)
	v.overview(c, sum)
	anchors := v.grid(c)
	for i, r := range sum.Checks {
		c.Rates = append(c.Rates, v.rate(r, anchors[i]))
	}
	for _, f := range d.Faults {
		line := faultLine(v.lang, f)
		if f.Injected.IsZero() && !f.Mend.Empty() {
			line += " → " + v.lang.Text(f.Mend)
		}
		c.Faults = append(c.Faults, v.say(line, longText))
	}
	for i := range d.Students {
		c.Windows = c.Windows || len(windowVerdicts(d, &d.Students[i])) > 0
	}
	for _, f := range d.Findings {
		c.Findings = append(c.Findings, v.finding(f))
	}
	v.foot(c)
	return c
}

// finding is something for an instructor to look at.
func (v *viewer) finding(f finding.Finding) page.Finding {
	x := page.Finding{
		Severity: v.lang.Text(f.Kind.Severity().Text()), Level: string(f.Kind.Severity()), Title: v.lang.Text(f.Kind.Title()),
		Students: v.say(v.lang.List(called(v.d, f.Students)), longText), Message: v.say(v.lang.Text(f.Message), longText),
	}
	for _, e := range f.Evidence {
		x.Where = append(x.Where, v.say(refText(e), longFact))
	}
	return x
}

// overview says how the class did.
func (v *viewer) overview(c *page.Class, sum result.Summary) {
	if sum.Graded > 0 {
		c.Summary = append(c.Summary, v.word("report.summary", "students", sum.Students, "graded", sum.Graded,
			"mean", oneDecimal(sum.Mean), "median", oneDecimal(sum.Median), "full", sum.Full))
	} else {
		c.Summary = append(c.Summary, v.word("report.summary_none", "students", sum.Students))
	}
	if text := soFarText(v.lang, &sum); text != "" {
		c.Summary = append(c.Summary, text)
	}
	if sum.Excused > 0 {
		c.Summary = append(c.Summary, v.word("hand.summary", "n", sum.Excused))
	}
	if n := v.d.Requests(); n.All > 0 {
		c.Summary = append(c.Summary, v.word("requests.count", "all", n.All, "open", n.Open))
	}
	if n := len(sum.Open); n > 0 {
		key := "report.open"
		if n > listedOpen {
			key = "report.open_many"
		}
		c.Warnings = append(c.Warnings, v.say(v.word(key, "n", n, "ids", sum.Open[:min(n, listedOpen)]), longText))
	}
	if text, hint := apartText(v.lang, v.d); text != "" {
		c.Warnings = append(c.Warnings, v.say(text+" → "+hint, longText))
	}
	if len(sum.Partial) > 0 {
		c.BandNote = v.word("report.bands_so_far")
	}
	most, bands := 1, distribution(v.d)
	for _, n := range bands {
		most = max(most, n)
	}
	for i, n := range bands {
		c.Bands = append(c.Bands, page.Bar{Label: scoreBands[i].name, Width: page.Share(float64(n) / float64(most)), Text: strconv.Itoa(n)})
	}
}

// grid is the head of the table of outcomes; it gives each column's anchor.
func (v *viewer) grid(c *page.Class) []string {
	var anchors []string
	for _, g := range tasks(v.columns) {
		c.Groups = append(c.Groups, page.Group{Title: v.word("report.task", "task", page.Clip(oneLine(g[0].Task), longTitle)), N: len(g)})
		for i, col := range g {
			anchors = append(anchors, fmt.Sprintf("r%d", len(anchors)+1))
			c.Columns = append(c.Columns, page.Column{
				Anchor: anchors[len(anchors)-1], Number: strconv.Itoa(col.N), Title: v.checkTitle(col.Check), First: i == 0,
			})
		}
	}
	return anchors
}

// row is a student's line of the grid.
func (v *viewer) row(i int) page.Row {
	s := &v.d.Students[i]
	a := s.Tally()
	r := page.Row{
		Key: studentKey(i), ID: label(s.ID, longID), Name: page.Clip(oneLine(s.Name), longName),
		Points: a.Points.String(), Max: a.Max.String(), Open: a.Open || s.Damaged,
	}
	switch {
	case s.Damaged || a.Open && a.Max == 0:
		r.Points, r.Max = "?", ""
	case a.Excused:
		r.Points, r.Max, r.Mark = v.word("hand.excused"), "", page.Hand
	case a.ByHand:
		r.Mark = page.Hand
	}
	task := ""
	for k, col := range v.columns {
		cell := page.Cell{Mark: page.Absent, Word: v.word("page.absent"), First: k == 0 || col.Task != task}
		task = col.Task
		if x, ok := s.Verdict(col.Check); ok {
			cell.Mark, cell.Word = page.Mark(x.Outcome), v.word("report.outcome_"+string(x.Outcome))
		}
		if _, set := s.Override(col.Check); set {
			cell.Mark, cell.Word = page.Hand, v.word("page.set_by_hand")
		}
		r.Cells = append(r.Cells, cell)
	}
	return r
}

// rate is how a check went over the class.
func (v *viewer) rate(r result.Rate, anchor string) page.Rate {
	n := outcomes(v.d, r.Check)
	parts := []string{v.word("page.count_points", "max", r.Max.String())}
	for _, o := range check.Outcomes {
		if n[o] > 0 {
			parts = append(parts, v.word("page.count_outcome", "outcome", v.word("report.outcome_"+string(o)), "n", n[o]))
		}
	}
	out := page.Rate{
		Anchor: anchor, Number: page.Clip(oneLine(r.Task), longTitle) + "." + strconv.Itoa(r.N), Title: v.checkTitle(r.Check),
		Share: v.word("page.rate_none"), Width: "0%", Counts: strings.Join(parts, " · "),
	}
	if r.Judged > 0 {
		out.Share, out.Width = strconv.FormatFloat(float64(int(100*r.Share())), 'f', -1, 64)+"%", page.Share(r.Share())
	}
	return out
}

// outcomes are how many students ended a check in each way, "" for those without a
// verdict.
func outcomes(d *result.Data, id string) map[check.Outcome]int {
	n := map[check.Outcome]int{}
	for i := range d.Students {
		v, _ := d.Students[i].Verdict(id)
		n[v.Outcome]++
	}
	return n
}

// foot says where the results come from.
func (v *viewer) foot(c *page.Class) {
	d := v.d
	add := func(key, value string) {
		if value != "" {
			c.Foot = append(c.Foot, page.Field{Name: v.word(key), Value: page.Clip(oneLine(value), longFact)})
		}
	}
	add("page.foot_rubric", d.Rubric.ID+" v"+strconv.Itoa(d.Rubric.Version)+" "+d.Rubric.SHA256)
	add("page.foot_run", d.Run.ID)
	if p := d.Run.Policy; p != "" {
		add("page.foot_policy", v.word("report.policy_"+p))
	}
	add("page.foot_tool", d.Run.Tool)
	add("page.foot_roster", d.Run.RosterSHA256)
}
