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
	// NotYet says that nobody has graded the student on it; otherwise a run that graded
	// others on it would have shown it and did not: it was not handed in.
	NotYet bool
}

// Look is what a run saw of one student: the tasks that it graded the student on,
// and those that somebody of the class was at.
type Look struct{ Own, Class []string }

// LookedFor is what a run saw of each student, by ID, from the run's verdicts. Of
// whom there is no verdict, or none that our side left standing, it saw nothing.
func LookedFor(verdicts map[string][]judge.Verdict) map[string]Look {
	var class []string
	out := make(map[string]Look, len(verdicts))
	for id, vs := range verdicts {
		var own []string
		for _, v := range vs {
			if !slices.Contains(own, v.Task) {
				own = append(own, v.Task)
			}
			if !v.NotUp && !slices.Contains(class, v.Task) {
				class = append(class, v.Task)
			}
		}
		if slices.ContainsFunc(vs, func(v judge.Verdict) bool { return v.Outcome != check.Ungraded }) {
			out[id] = Look{Own: own}
		}
	}
	for id, l := range out {
		l.Class = class
		out[id] = l
	}
	return out
}

// shows reports whether the look would have shown a task that the student has up: the
// class is at it, and none of the student's own takes its place.
func (l Look) shows(rub *rubric.Rubric, task *rubric.Task) bool {
	return slices.Contains(l.Class, task.ID) && !slices.ContainsFunc(l.Own, func(id string) bool {
		own, ok := rub.Task(id)
		return ok && own.Excludes(task)
	})
}

// Complete notes the tasks of a rubric that the student has no verdict on, so that the
// score is of the whole lab; looks are those that runs took at the student. Of whom nothing is
// known at all nothing is missing. It comes after [Student.Annotate] and, where the
// tasks themselves were chosen, before [Student.Only].
func (s *Student) Complete(rub *rubric.Rubric, looks ...Look) {
	s.Missing = nil
	if s.Damaged || len(s.Verdicts) == 0 && len(s.Overrides) == 0 {
		return
	}
	for i := range rub.Tasks {
		t := &rub.Tasks[i]
		if !slices.ContainsFunc(s.Verdicts, func(v judge.Verdict) bool { return v.Task == t.ID }) {
			shown := slices.ContainsFunc(looks, func(l Look) bool { return l.shows(rub, t) })
			s.Missing = append(s.Missing, Missing{Task: t.ID, Max: t.Points, NotYet: !shown})
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
