package report

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/page"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// student is one student's part of a page; checks are under headings of level.
func (v *viewer) student(s *result.Student, key string, level int) (page.Student, error) {
	a := s.Tally()
	out := page.Student{
		Key: key, ID: label(s.ID, longID), Name: page.Clip(oneLine(s.Name), longName),
		Points: a.Points.String(), Max: known(a).String(),
	}
	if most := known(a); most > 0 {
		out.Percent = page.Share(a.Points.Float() / most.Float())
	}
	v.state(&out, s, a)
	v.notes(&out, s)
	v.parts(&out, s, a)
	v.tasks(&out, s, level)
	window, err := v.o.timeline(s)
	if err != nil {
		return out, err
	}
	out.Window = v.timeline(window, key)
	return out, nil
}

// state says whether the score is final.
func (v *viewer) state(out *page.Student, s *result.Student, a result.Tally) {
	switch {
	case s.Damaged:
		out.Empty, out.Points, out.Percent = v.word("report.damaged"), "?", ""
		out.Mark, out.State = page.Mark(check.Ungraded), v.word("page.open")
	case a.Open:
		out.Mark, out.State = page.Mark(check.Ungraded), v.word("page.open")
		out.Open = v.word("page.open_rest")
		if a.OpenPoints > 0 {
			out.Open = v.word("page.open_points", "points", a.OpenPoints.String())
		}
		if len(s.Verdicts) == 0 {
			out.Empty, out.Open = v.word("report.no_verdicts"), ""
		}
		if a.Max == 0 {
			out.Points, out.Max = "?", ""
		}
	case a.Excused:
		out.Mark, out.State, out.Points, out.Percent = page.Hand, v.word("page.excused"), v.word("hand.excused"), ""
		out.Max = "" // it is of nothing
	case a.NotYet > 0:
		out.Mark, out.State = page.Mark(check.Ungraded), v.word("page.so_far")
		out.Open = v.say(Text{Lang: v.lang}.lacked("missing.yet", s.Lacking(true)), longText)
	case a.ByHand:
		out.Mark, out.State = page.Hand, v.word("page.final_hand")
	default:
		out.State = v.word("page.final")
	}
}

// notes say what made the score other than the checks did.
func (v *viewer) notes(out *page.Student, s *result.Student) {
	note := func(kind, text string) {
		if text != "" {
			out.Notes = append(out.Notes, page.Note{Kind: kind, Text: v.say(text, longText)})
		}
	}
	if s.Left {
		note("remark", v.word("enrolled.left_mark"))
	}
	for _, o := range s.Overrides {
		if _, judged := s.Verdict(o.Check); o.Check == "" || !judged { // else it stands with the check
			note("hand", OverrideLine(v.lang, s, o))
		}
	}
	for _, a := range s.Attempts {
		note("late", lateLine(v.lang, s, a))
	}
	for _, line := range apartLines(v.lang, v.d, s) {
		note("late", line)
	}
	if s.Remark != "" {
		note("remark", v.word("page.remark", "text", oneLine(s.Remark)))
	}
	for i := range s.Requests {
		r := &s.Requests[i]
		note("request", v.word("requests.note", "what", RequestTarget(v.lang, r), "state", RequestState(v.lang, r)))
		for _, w := range r.Words {
			note("request", WordLine(v.lang, w))
		}
	}
}

// parts are the tasks' points, in the rubric's order, and their sum.
func (v *viewer) parts(out *page.Student, s *result.Student, a result.Tally) {
	var sum rubric.Points
	ids := s.TaskIDs()
	slices.SortStableFunc(ids, func(x, y string) int { return v.place(x) - v.place(y) })
	for _, id := range ids {
		t := s.Task(id)
		sum += t.Points
		p := v.part(v.taskTitle(id), t)
		if word := lackedWord(v.lang, s, id); word != "" && !t.ByHand {
			p.Counts = word
		}
		if forgiven(s, id) && t.Late == 0 {
			p.Late = v.word("hand.forgiven")
		}
		out.Parts = append(out.Parts, p)
		out.ByHand = out.ByHand || t.ByHandPoints() != 0
		out.Late = out.Late || p.Late != ""
	}
	if len(out.Parts) == 0 {
		return
	}
	title := v.word("report.sum")
	if a.ByHand && a.Points != sum {
		title, out.ByHand = v.word("page.set_total"), true
	}
	out.Sum = v.part(title, a)
}

// place is where a task stands in the rubric; behind all others if it is not there.
func (v *viewer) place(task string) int {
	if i := slices.IndexFunc(v.d.Rubric.Tasks, func(t rubric.Task) bool { return t.ID == task }); i >= 0 {
		return i
	}
	return len(v.d.Rubric.Tasks)
}

func (v *viewer) part(title string, t result.Tally) page.Part {
	p := page.Part{Title: title, Judged: t.Judged.String(), Counts: t.Points.String(), Max: t.Max.String()}
	switch {
	case t.Excused:
		p.Counts, p.Max = v.word("hand.excused"), "–"
	case t.Open:
		p.Counts += " ?"
	}
	if n := t.ByHandPoints(); n != 0 {
		p.ByHand = signed(n)
	}
	if t.Late != 0 {
		p.Late = signed(-t.Late)
	}
	return p
}

// signed is points as people write them, with their sign.
func signed(p rubric.Points) string {
	if p < 0 {
		return "−" + (-p).String()
	}
	return "+" + p.String()
}
