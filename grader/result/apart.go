package result

import (
	"slices"

	"swarmgrade/grader/rubric"
)

// Apart is a task that a student was judged on by another rubric than the class's, with
// other checks or points. The student's points and maximum are by that rubric; where one
// maximum is for all, the same share of it is theirs.
type Apart struct {
	Task                string
	RubricID, RubricSHA string
	RubricVersion       int
	Max, Now            rubric.Points // what the task gives by that rubric, and by the class's
}

// Apart are the tasks of which a student's verdicts are by another rubric than the class's,
// nil if there are none or it makes no difference.
func (d *Data) Apart(s *Student) []Apart {
	var out []Apart
	for i := range s.Attempts {
		a := &s.Attempts[i]
		if a.RubricSHA256 == "" || a.RubricSHA256 == d.Rubric.SHA256 {
			continue
		}
		x := Apart{Task: a.Task, RubricID: a.RubricID, RubricVersion: a.RubricVersion, RubricSHA: a.RubricSHA256}
		task, ok := d.Rubric.Task(a.Task)
		same, n := ok, 0
		for _, v := range s.Verdicts {
			if v.Task != a.Task {
				continue
			}
			n, x.Max = n+1, x.Max+v.Max
			same = same && slices.ContainsFunc(task.Checks, func(c *rubric.Check) bool { return c.ID == v.Check && c.Points == v.Max })
		}
		if ok {
			x.Now, same = task.Points, same && n == len(task.Checks)
		}
		if n > 0 && !same {
			out = append(out, x)
		}
	}
	return out
}

// AnyApart reports whether anybody of the class was judged by another rubric; see [Data.Apart].
func (d *Data) AnyApart() bool {
	return slices.ContainsFunc(d.Students, func(s Student) bool { return len(d.Apart(&s)) > 0 })
}
