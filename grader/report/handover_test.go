package report

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// drawStudent is a student with any outcomes, points by hand and lateness.
func drawStudent(t *rapid.T, d *result.Data) result.Student {
	s := result.Student{ID: "1", Name: "x"}
	outcomes := []check.Outcome{check.Pass, check.Partial, check.Fail, check.Blocked, check.Ungraded}
	points := func(most rubric.Points) rubric.Points {
		return rubric.Points(rapid.Int64Range(0, int64(most)).Draw(t, "points"))
	}
	var changes []result.Change
	change := func(task, id string, most rubric.Points) {
		switch rapid.IntRange(0, 5).Draw(t, "by hand") {
		case 0:
			changes = append(changes, result.Change{Task: task, Check: id, Kind: result.SetPoints, Points: points(most), Reason: "r"})
		case 1:
			changes = append(changes, result.Change{Task: task, Check: id, Kind: result.Excused, Reason: "r"})
		}
	}
	for _, task := range d.Rubric.Tasks {
		if rapid.IntRange(0, 4).Draw(t, "was at it") == 0 {
			continue
		}
		for _, c := range task.Checks {
			o := rapid.SampledFrom(outcomes).Draw(t, "outcome")
			v := verdict(d.Rubric, c.ID, o, 0, "why")
			switch o {
			case check.Pass:
				v.Points = v.Max
			case check.Partial:
				v.Points = points(v.Max)
			}
			s.Verdicts = append(s.Verdicts, v)
			change(task.ID, c.ID, c.Points)
		}
		change(task.ID, "", task.Points)
		var late *result.Lateness
		if rapid.Bool().Draw(t, "late") {
			late = &result.Lateness{Days: 1, Num: rapid.Int64Range(0, 10).Draw(t, "part"), Den: 10}
		}
		s.Attempts = append(s.Attempts, result.Attempt{Task: task.ID, Late: late})
	}
	change("", "", d.Rubric.Points)
	s.Annotate(changes, d.Rubric)
	return s
}

// TestHandProperties: whatever was set by hand, what is handed over is the tally's
// score, or the same share of the whole; what a list of tests adds up to is that; and
// what is open is given to nobody who did not ask for it.
func TestHandProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := testData()
		whole := d.Students[0] // was judged on everything
		d.Students = []result.Student{whole, drawStudent(rt, d)}
		if rapid.Bool().Draw(rt, "alone") {
			d.Students[0].Verdicts = nil
		}
		s := &d.Students[1]
		o := Options{Lang: i18n.EN, AllowUngraded: rapid.Bool().Draw(rt, "allow")}
		h, tally := o.Hand(d, s), s.Tally()
		switch {
		case tally.Open && !o.AllowUngraded && h.State == Given:
			rt.Fatalf("open, and given: %+v", tally)
		case h.State == Given && tally.Excused:
			rt.Fatalf("excused, and given")
		case h.State != Given:
			if len(render(t, func(b *bytes.Buffer) error { return writeGitHub(b, d, s, o) })) > 0 {
				rt.Fatal("a file of no score")
			}
			return
		}
		if !h.Shared && h.Points != tally.Points {
			rt.Fatalf("%s is handed over as %s", tally.Points, h.Points)
		}
		// A total is of the whole lab, of which the class may have been graded on a part.
		part := s.Whole() != nil && tally.Max > o.OutOf(d)
		if h.Points < tally.Points && !part || h.Points > o.OutOf(d) {
			rt.Fatalf("%s of %s as %s of %s", tally.Points, tally.Max, h.Points, o.OutOf(d))
		}
		var sum rubric.Points
		for _, p := range o.parts(d, s, h.Points) {
			sum += p.points
		}
		if sum != h.Points {
			rt.Fatalf("parts come to %s, not to %s", sum, h.Points)
		}
	})
}

// TestManyStudents: a large class is written in time that grows with it, also where
// each student has a file.
func TestManyStudents(t *testing.T) {
	d := class(2000)
	for _, f := range Formats() {
		if !f.Roster || f.Public { // figures do not grow with it
			continue
		}
		o := Options{Lang: i18n.ZH, ColumnID: "1"}.For(d)
		var size int
		for i := range d.Students {
			if f.Write != nil {
				size = len(render(t, func(b *bytes.Buffer) error { return f.Write(b, d, o) }))
				break
			}
			size += len(render(t, func(b *bytes.Buffer) error { return f.Each(b, d, &d.Students[i], o) }))
		}
		require.Greater(t, size, 20_000, f.Name)
	}
}

// TestOnlyByHand: where nobody was judged on a task, points set for it by hand are of
// the maximum all the same.
func TestOnlyByHand(t *testing.T) {
	d := testData()
	d.Students = []result.Student{{ID: "1", Verdicts: passing(d.Rubric)[:4]}, {ID: "2", Verdicts: passing(d.Rubric)[:4]}, {ID: "3"}}
	set := func(i int, task string, points float64) {
		d.Students[i].Annotate([]result.Change{{Task: task, Kind: result.SetPoints, Points: rubric.PointsOf(points), Reason: "r"}}, d.Rubric)
	}
	require.Equal(t, rubric.Points(4000), Options{}.OutOf(d))
	set(1, "2", 50)
	require.Equal(t, rubric.Points(10000), Options{}.OutOf(d))
	require.Equal(t, Handed{State: Open}, Options{}.Hand(d, &d.Students[0]), "of a task less than others")
	require.Equal(t, Handed{Points: 4000}, Options{AllowUngraded: true}.Hand(d, &d.Students[0]))
	require.Equal(t, Handed{Points: 9000}, Options{}.Hand(d, &d.Students[1]))
	set(2, "", 60)
	require.Equal(t, Handed{Points: 6000}, Options{}.Hand(d, &d.Students[2]))
}

// TestWhole: a score set for the lab is handed over as it is, whoever was judged on what.
func TestWhole(t *testing.T) {
	d := testData()
	o := Options{Lang: i18n.ZH}
	require.Equal(t, Handed{Points: 8850}, o.Hand(d, &d.Students[4]))
	require.Contains(t, o.remarks(d, &d.Students[4], o.Hand(d, &d.Students[4])), "老师改分 +48.5：现场演示过，补 48.5 分")
	require.False(t, strings.Contains(o.remarks(d, &d.Students[4], o.Hand(d, &d.Students[4])), "没有找到"), "it does not count")
}

// TestHandOthers: what one student reads has nothing of another; the instructor's has.
func TestHandOthers(t *testing.T) {
	d := testData()
	s := &d.Students[3]
	for i := range s.Verdicts {
		if s.Verdicts[i].Check == "task1.replicas" {
			s.Verdicts[i] = verdict(d.Rubric, "task1.replicas", check.Fail, 0, "STUDENT_ID is 0020240101, as 欧阳娜娜 said")
		}
	}
	s.Remark = "ask 0020240102"
	d.Students = []result.Student{d.Students[0], d.Students[1], *s}
	s = &d.Students[2]
	o := Options{Lang: i18n.EN, AllowUngraded: true}
	for _, name := range []string{"moodle", "gradescope", "github", "tap", "junit"} {
		f, _ := FindFormat(name)
		var b bytes.Buffer
		if f.Each != nil {
			require.NoError(t, f.Each(&b, d, s, o))
		} else {
			require.NoError(t, f.Write(&b, d, o))
		}
		text := b.String()
		if name == "github" {
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
			require.NoError(t, err)
			text = string(raw)
		}
		text = strings.ReplaceAll(text, "&#39;", "'")
		require.Contains(t, text, "(another's ID)", name)
		require.NotContains(t, text, "is 0020240101", name)
		require.NotContains(t, text, "欧阳娜娜 said", name)
		require.NotContains(t, text, "ask 0020240102", name)
	}
	var b bytes.Buffer
	require.NoError(t, JSON(&b, d, i18n.EN))
	require.Contains(t, b.String(), "is 0020240101, as 欧阳娜娜 said")
}

func TestOnlyStudents(t *testing.T) {
	require.Equal(t, " --students 20240101,20240102", OnlyStudents([]string{"20240101", "20240102"}))
	require.Equal(t, ` --students '20240101,x y'\''z'`, OnlyStudents([]string{"20240101", "x y'z"}))
	require.Equal(t, "", OnlyStudents(make([]string, 201)))
	require.Equal(t, "", OnlyStudents(nil))
}
