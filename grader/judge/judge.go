package judge

import (
	"maps"
	"math"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// Judge judges students of one run. It keeps the indexes of the snapshots that
// it has seen, so that a class is indexed once; it is not for concurrent use.
type Judge struct {
	rub     *rubric.Rubric
	names   sight.Names
	indexes map[*evidence.Snapshot]*sight.Index
	// readings are those of the windows that it has seen.
	readings sight.Readings
	amend    Amend // nil for none
}

// Amend changes what a check has found, before it is worth anything.
type Amend func(*rubric.Check, check.Result) check.Result

// Amended is a judge that is wrong as f says, over the same indexes: sample deployments
// have to show that it is.
func (j *Judge) Amended(f Amend) *Judge {
	out := *j
	out.amend = f
	return &out
}

// New makes a judge for a rubric.
func New(rub *rubric.Rubric) *Judge {
	return &Judge{rub: rub, names: check.NamesOf(rub), indexes: map[*evidence.Snapshot]*sight.Index{}, readings: sight.Readings{}}
}

// Verdicts judges every check of the given tasks, in the rubric's order, on
// one student's case. Evidence is the hash of the bundle. A task that the
// rubric does not have gives no verdicts.
func (j *Judge) Verdicts(tasks []string, c evidence.Case, evidenceHash string) []Verdict {
	var out []Verdict
	j.Each(tasks, c, evidenceHash, func(v Verdict) { out = append(out, v) })
	return out
}

// Each is Verdicts, handing over each verdict as it falls.
func (j *Judge) Each(tasks []string, c evidence.Case, evidenceHash string, yield func(Verdict)) {
	in := j.input(c)
	for _, id := range tasks {
		task, ok := j.rub.Task(id)
		if !ok {
			continue
		}
		in.Task = task
		done := make(map[string]Verdict, len(task.Checks))
		for _, chk := range task.Checks {
			j.one(in, task, chk, done)
		}
		for _, chk := range task.Checks {
			v := done[chk.ID]
			v.Evidence = evidenceHash
			yield(v)
		}
	}
}

func (j *Judge) input(c evidence.Case) *check.Input {
	vars := maps.Clone(c.Bundle.Student.Vars)
	if vars == nil {
		vars = map[string]string{}
	}
	vars["id"], vars["name"] = c.Bundle.Student.ID, c.Bundle.Student.Name
	var after *sight.Index
	if c.After != nil {
		after = j.index(c.After)
	}
	view := sight.NewView(c, j.index(c.Before), after, vars).With(j.names).WithScenes(j.index).WithReadings(j.readings)
	return &check.Input{Case: c, Vars: vars, View: view}
}

func (j *Judge) index(s *evidence.Snapshot) *sight.Index {
	x, ok := j.indexes[s]
	if !ok {
		x = sight.NewIndex(s)
		j.indexes[s] = x
	}
	return x
}

// one judges a check after those that it needs; the loader has made sure that
// needs end.
func (j *Judge) one(in *check.Input, task *rubric.Task, chk *rubric.Check, done map[string]Verdict) Verdict {
	if v, ok := done[chk.ID]; ok {
		return v
	}
	v := Verdict{Check: chk.ID, Task: task.ID, Max: chk.Points, NotUp: slices.Contains(in.Case.Bundle.NotUp, task.ID)}
	for _, need := range chk.Needs {
		needed, ok := j.rub.Check(need)
		if !ok {
			continue
		}
		switch got := j.one(in, task, needed, done); got.Outcome {
		case check.Fail, check.Blocked:
			v.Outcome = check.Blocked
			v.Observed = check.Facts{"blocked_by": need}
			v.Message = i18n.M("judge.blocked", "check", needed.Title)
			v.Hint = i18n.M("judge.blocked_hint", "check", needed.Title)
		case check.Ungraded:
			if v.Outcome != check.Blocked {
				v.Outcome = check.Ungraded
				v.Observed = check.Facts{"blocked_by": need}
				v.Message, v.Hint = got.Message, got.Hint
			}
		}
		if v.Outcome == check.Blocked {
			break
		}
	}
	if v.Outcome == "" {
		j.judge(in, chk, &v)
	}
	done[chk.ID] = v
	return v
}

// judge asks the check itself and turns its result into points.
func (j *Judge) judge(in *check.Input, chk *rubric.Check, v *Verdict) {
	if in.Case.Before == nil {
		v.Outcome = check.Ungraded
		v.Message, v.Hint = i18n.M("judge.no_snapshot"), i18n.M("check.ungraded_hint")
		return
	}
	kind, ok := check.Find(chk.Kind)
	if !ok { // the rubric's loader refuses such a kind
		v.Outcome = check.Ungraded
		v.Message = i18n.M("judge.no_kind", "kind", chk.Kind)
		return
	}
	var r check.Result
	if cut, ok := in.View.Cut(); ok {
		r = check.Lacking(cut.Missing())
	} else if svc := in.View.BeingChanged(); svc != nil {
		r = open(i18n.M("judge.being_changed", "service", svc.Name))
		r.Hint = i18n.M("judge.being_changed_hint", "config", evidence.ServiceMark+svc.ID)
	} else if chk.After != "" {
		r = within(in, chk, kind)
	} else {
		r = kind.Judge(in, chk.Params)
	}
	if j.amend != nil {
		r = j.amend(chk, r)
	}
	v.Outcome, v.Observed, v.Expected, v.Message, v.Hint = r.Outcome, r.Observed, r.Expected, r.Message, r.Hint
	switch r.Outcome {
	case check.Pass:
		v.Points = chk.Points
	case check.Fail:
		if r.Measure != nil {
			v.Points = Credit(chk, *r.Measure)
		}
		if v.Points > 0 {
			v.Outcome = check.Partial
		}
	case check.Ungraded:
	default: // a check that says nothing has not passed
		v.Outcome = check.Ungraded
		v.Message = i18n.M("judge.no_result", "kind", chk.Kind)
	}
}

// Credit is what a measured value is worth, rounded down to a hundredth and
// always below the check's points.
func Credit(chk *rubric.Check, m check.Measure) rubric.Points {
	share := 0.0
	switch c := chk.Credit; {
	case c.PerUnit:
		if m.Want > 0 {
			share = m.Got / m.Want
		}
	case c.Linear != nil:
		share = (m.Got - c.Linear.From) / (c.Linear.To - c.Linear.From)
	case len(c.Bands) > 0:
		for _, b := range c.Bands {
			if (b.AtLeast != nil && m.Got >= *b.AtLeast) || (b.AtMost != nil && m.Got <= *b.AtMost) {
				return min(b.Points, chk.Points-1)
			}
		}
		return 0
	}
	if math.IsNaN(share) || share <= 0 {
		return 0
	}
	// The small addend keeps 2/3 of 3 points from becoming 1.99.
	p := rubric.Points(math.Floor(float64(chk.Points)*share + 1e-9))
	return max(0, min(p, chk.Points-1))
}
