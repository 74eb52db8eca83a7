package result

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// Missing is a task of the lab that a student has no attempt at. Its points are in
// the student's maximum all the same, and none of them is won.
type Missing struct {
	Task string
	Max  rubric.Points // what the rubric gives
	// NotYet says that nobody has looked for it at the student's; otherwise a run that
	// graded others on it saw the student at other tasks: it was not handed in.
	NotYet bool
}

// LookedFor are the tasks that a run looked for at each student's, by ID, from the
// run's verdicts: all that somebody was graded on who was at them. Whoever has no
// verdict, or none that our side left standing, was not looked at.
func LookedFor(verdicts map[string][]judge.Verdict) map[string][]string {
	var tasks []string
	for _, vs := range verdicts {
		for _, v := range vs {
			if !v.NotUp && !slices.Contains(tasks, v.Task) {
				tasks = append(tasks, v.Task)
			}
		}
	}
	out := make(map[string][]string, len(verdicts))
	for id, vs := range verdicts {
		if slices.ContainsFunc(vs, func(v judge.Verdict) bool { return v.Outcome != check.Ungraded }) {
			out[id] = tasks
		}
	}
	return out
}

// Complete notes the tasks of a rubric that the student has no verdict on, so that the
// score is of the whole lab; looked are those that were looked for. Of whom nothing is
// known at all nothing is missing. It comes after [Student.Annotate] and, where the
// tasks themselves were chosen, before [Student.Only].
func (s *Student) Complete(rub *rubric.Rubric, looked []string) {
	s.Missing = nil
	if s.Damaged || len(s.Verdicts) == 0 && len(s.Overrides) == 0 {
		return
	}
	for _, t := range rub.Tasks {
		if !slices.ContainsFunc(s.Verdicts, func(v judge.Verdict) bool { return v.Task == t.ID }) {
			s.Missing = append(s.Missing, Missing{Task: t.ID, Max: t.Points, NotYet: !slices.Contains(looked, t.ID)})
		}
	}
}

// Lacking are the missing tasks that nothing was set for by hand, in the rubric's
// order: those not handed in, or those that are not graded yet.
func (s *Student) Lacking(notYet bool) (out []Missing) {
	for _, m := range s.Missing {
		if m.NotYet == notYet && s.lacks(m.Task) {
			out = append(out, m)
		}
	}
	return out
}

// lacks reports whether nothing is known of a task: it has no verdict, and an
// instructor has set nothing for it.
func (s *Student) lacks(task string) bool {
	return s.missing(task) != nil && s.override("", "") == nil &&
		!slices.ContainsFunc(s.Overrides, func(o Override) bool { return o.Task == task && !o.Gone })
}

func (s *Student) missing(task string) *Missing {
	i := slices.IndexFunc(s.Missing, func(m Missing) bool { return m.Task == task })
	if i < 0 {
		return nil
	}
	return &s.Missing[i]
}
