package result

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/rubric"
)

// Tally is how a score comes about: what was judged, what an instructor set by
// hand, what lateness took off.
type Tally struct {
	// Judged and JudgedMax are what the checks gave by themselves.
	Judged, JudgedMax rubric.Points
	// Points of Max count, lateness taken off. What is excused is in neither; what
	// was not handed in is in Max.
	Points, Max rubric.Points
	// Late is what lateness took off.
	Late rubric.Points
	// OpenPoints of Max are not decided; Open says that something is not, also
	// if it gives no points.
	OpenPoints rubric.Points
	Open       bool
	// NotYet of Max are of tasks that are not graded yet.
	NotYet rubric.Points
	// ByHand says that an instructor's word is in it, and Excused that all of it is
	// excused.
	ByHand, Excused bool
}

// ByHandPoints are what the instructor's hand added, or took if they are negative.
func (t *Tally) ByHandPoints() rubric.Points { return t.Points + t.Late - t.Judged }

// Final reports whether it is a score to publish: all of it is decided, and no task is
// yet to be graded. Who is excused has none. Whatever shows a score asks this.
func (t *Tally) Final() bool { return !t.Open && t.NotYet == 0 && !t.Excused }

// Score is what counts.
func (t *Tally) Score() Score {
	return Score{Points: t.Points, Max: t.Max, Open: t.Open, ByHand: t.ByHand, Excused: t.Excused}
}

// Tally is the student's whole score: the total that an instructor set, else the
// sum of the tasks. Its maximum is that of all tasks of the lab, attempted or not.
func (s *Student) Tally() Tally {
	var all Tally
	excused, known := 0, 0
	later := s.Lacking(true)
	for _, id := range s.tasks() {
		t := s.Task(id)
		if !slices.ContainsFunc(later, func(m Missing) bool { return m.Task == id }) {
			known++
		}
		if t.Excused {
			excused++
		}
		all.Judged, all.JudgedMax = all.Judged+t.Judged, all.JudgedMax+t.JudgedMax
		all.Points, all.Max, all.Late = all.Points+t.Points, all.Max+t.Max, all.Late+t.Late
		all.OpenPoints, all.Open, all.ByHand = all.OpenPoints+t.OpenPoints, all.Open || t.Open, all.ByHand || t.ByHand
		all.NotYet += t.NotYet
	}
	none := excused > 0 && excused == known // of what there is nothing counts
	all.Open = all.Open || known == 0 || none && len(later) > 0
	if all.Excused = none && len(later) == 0; all.Excused {
		all.Max = 0
	}
	all.settle(s.override("", ""))
	return all
}

// Tallies are the student's scores on each task, those judged first.
func (s *Student) Tallies() []Tally {
	var out []Tally
	for _, id := range s.tasks() {
		out = append(out, s.Task(id))
	}
	return out
}

// TaskIDs are the tasks that the student has a score on, those judged first.
func (s *Student) TaskIDs() []string { return s.tasks() }

// Task is the student's score on a task: what an instructor set for it, else the
// sum of its checks less what lateness takes off. Points that were set for the
// task, or for the whole lab, are the last word: nothing is taken off them. What is
// excused is not in the maximum, also of those.
func (s *Student) Task(id string) Tally {
	var t Tally
	checks, excused := 0, 0
	for _, v := range s.Verdicts {
		if v.Task != id {
			continue
		}
		checks++
		t.Judged, t.JudgedMax = t.Judged+v.Points, t.JudgedMax+v.Max
		o := s.override(v.Task, v.Check)
		t.ByHand = t.ByHand || o != nil
		if o != nil && o.Excused {
			excused++
			continue
		}
		t.Max += v.Max
		switch {
		case o != nil:
			t.Points += min(o.Points, v.Max)
		case v.Outcome == check.Ungraded:
			t.Open, t.OpenPoints = true, t.OpenPoints+v.Max
		default:
			t.Points += v.Points
		}
	}
	m := s.missing(id)
	if m != nil {
		t.Max = m.Max
	}
	rest := t.Max                   // of a missing task, what nothing was set for
	for _, o := range s.Overrides { // of checks that were not judged
		if _, judged := s.Verdict(o.Check); o.Check != "" && o.Task == id && !o.Gone && !judged {
			t.ByHand, checks = true, checks+1
			rest -= o.Max
			if o.Excused {
				excused++
				if m != nil {
					t.Max -= o.Max
				}
				continue
			}
			t.Points += min(o.Points, o.Max)
			if m == nil {
				t.Max += o.Max
			}
		}
	}
	if m != nil && rest > 0 {
		checks++ // that nothing was set for
		if m.NotYet {
			t.NotYet = rest
		}
	}
	t.Excused = checks > 0 && excused == checks
	if o := s.override(id, ""); o != nil {
		t.settle(o)
		return t
	}
	if o := s.override("", ""); o != nil {
		return t
	}
	if i := slices.IndexFunc(s.Attempts, func(a Attempt) bool { return a.Task == id }); i >= 0 {
		t.Late = s.Attempts[i].Late.Deduct(t.Points, t.Max)
		t.Points -= t.Late
	}
	return t
}

// settle puts an instructor's word in the place of a sum; nil changes nothing.
func (t *Tally) settle(o *Override) {
	if o == nil {
		return
	}
	t.ByHand, t.Open, t.OpenPoints, t.NotYet, t.Late, t.Excused = true, false, 0, 0, 0, o.Excused
	if o.Excused {
		t.Points, t.Max = 0, 0
		return
	}
	if t.Max == 0 { // nothing was judged
		t.Max = o.Max
	}
	t.Points = min(o.Points, t.Max)
}

// tasks are those that the student has a score on, those judged first and those
// that nothing is known of last.
func (s *Student) tasks() []string {
	var out []string
	add := func(id string) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, v := range s.Verdicts {
		add(v.Task)
	}
	for _, o := range s.Overrides {
		if o.Task != "" && !o.Gone {
			add(o.Task)
		}
	}
	for _, m := range s.Missing {
		add(m.Task)
	}
	return out
}

// override is the one of a check, of a task, or of the whole lab; nil if there is
// none. A check is known by its ID alone.
func (s *Student) override(task, check string) *Override {
	for i := range s.Overrides {
		o := &s.Overrides[i]
		if o.Check == check && (check != "" || o.Task == task) {
			return o
		}
	}
	return nil
}

// Whole is what an instructor set for the whole lab, nil if nothing is in force.
func (s *Student) Whole() *Override { return s.override("", "") }

// Override is what an instructor set for a check, if anything.
func (s *Student) Override(check string) (Override, bool) {
	if o := s.override("", check); o != nil && check != "" {
		return *o, true
	}
	return Override{}, false
}

// TaskSet reports whether an instructor set, or excused, a task as a whole.
func (s *Student) TaskSet(task string) bool { return task != "" && s.override(task, "") != nil }

// Final is the score that counts; see [Tally.Final]. There is none (ok is false) while a
// check is ungraded and nobody has set its points, or a task is not graded.
func (s *Student) Final() (points rubric.Points, overridden, ok bool) {
	t := s.Tally()
	return t.Points, t.ByHand, t.Final()
}

// Score is what counts of a check, of a task (check is ""), or of the whole lab.
func (s *Student) Score(task, check string) Score {
	switch {
	case check != "":
		return s.checkScore(check)
	case task != "":
		t := s.Task(task)
		return t.Score()
	}
	t := s.Tally()
	return t.Score()
}

func (s *Student) checkScore(id string) Score {
	v, judged := s.Verdict(id)
	o := s.override("", id)
	score := Score{Points: v.Points, Max: v.Max, Open: !judged || v.Outcome == check.Ungraded}
	switch {
	case o == nil:
	case o.Excused:
		score = Score{ByHand: true, Excused: true}
	default:
		if !judged {
			score.Max = o.Max
		}
		score.Points, score.Open, score.ByHand = min(o.Points, score.Max), false, true
	}
	return score
}

// Most is the most points that can be set for a check, a task or the whole lab: its
// maximum less what is excused, else what the rubric gives.
func (s *Student) Most(task, check string, rub *rubric.Rubric) rubric.Points {
	o := Override{Task: task, Check: check}
	o.place(rub)
	if v, ok := s.Verdict(check); ok {
		return v.Max
	}
	if check != "" {
		return o.Max
	}
	bare := *s
	bare.Overrides = slices.DeleteFunc(slices.Clone(s.Overrides), func(x Override) bool {
		return x.Check == "" && (x.Task == "" || x.Task == task)
	})
	if max := bare.Score(task, "").Max; max > 0 {
		return max
	}
	return o.Max
}

// Above is the override that a check's or a task's own one does not show under:
// that of its task, or of the whole lab; nil if there is none.
func (s *Student) Above(task, check string) *Override {
	if o := s.override("", ""); o != nil && (task != "" || check != "") {
		return o
	}
	if check == "" {
		return nil
	}
	return s.override(task, "")
}
