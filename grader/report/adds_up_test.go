package report

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// anyStudent is a student with whatever outcomes, lateness and words of an instructor.
func anyStudent(t *rapid.T, rub *rubric.Rubric) result.Student {
	s := result.Student{ID: "x1", Name: "张三"}
	for _, task := range rub.Tasks {
		if rapid.IntRange(0, 3).Draw(t, "missing "+task.ID) == 0 {
			continue
		}
		for _, c := range task.Checks {
			v := judge.Verdict{Check: c.ID, Task: task.ID, Max: c.Points, Outcome: rapid.SampledFrom(check.Outcomes).Draw(t, c.ID), Message: said("x")}
			switch v.Outcome {
			case check.Pass:
				v.Points = v.Max
			case check.Partial:
				v.Points = rubric.Points(rapid.Int64Range(0, int64(v.Max)).Draw(t, "partial"))
			}
			s.Verdicts = append(s.Verdicts, v)
		}
		a := result.Attempt{Task: task.ID}
		switch rapid.IntRange(0, 2).Draw(t, "late "+task.ID) {
		case 1:
			a.Late = &result.Lateness{Due: time.Unix(0, 0), At: time.Unix(1e6, 0), Days: 3, Num: rapid.Int64Range(0, 10).Draw(t, "num"), Den: 10}
		case 2:
			a.Forgiven = &result.Forgiven{Due: time.Unix(0, 0), At: time.Unix(1e6, 0), Days: 3, Reason: "病假"}
		}
		s.Attempts = append(s.Attempts, a)
	}
	targets := [][2]string{{"", ""}}
	for _, task := range rub.Tasks {
		targets = append(targets, [2]string{task.ID, ""})
		for _, c := range task.Checks {
			targets = append(targets, [2]string{task.ID, c.ID})
		}
	}
	var history []result.Change
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		at := rapid.SampledFrom(targets).Draw(t, "target")
		history = append(history, result.Change{
			Task: at[0], Check: at[1], Reason: "口试", Points: rubric.Points(rapid.Int64Range(0, 700).Draw(t, "points")),
			Kind: rapid.SampledFrom([]result.Kind{result.SetPoints, result.Excused}).Draw(t, "kind"),
		})
	}
	s.Annotate(history, rub)
	look := result.Look{}
	if rapid.Bool().Draw(t, "looked") {
		look.Class = []string{"1", "2"}
	}
	s.Complete(rub, look)
	return s
}

var (
	tapPoints = regexp.MustCompile(` \(([0-9.?]+)/[0-9.]+\)(?: # SKIP .*)?$`)
	tapAdjust = regexp.MustCompile(`^# .* ([+-]?[0-9.]+): `)
)

// TestEverythingAddsUp: what is blocked, ungraded, excused, late, forgiven or set by hand
// comes, in every list of tests, to the score that is handed over.
func TestEverythingAddsUp(t *testing.T) {
	rub := testRubric()
	rapid.Check(t, func(rt *rapid.T) {
		d := testData()
		d.Students = []result.Student{anyStudent(rt, rub), d.Students[0]}
		o := Options{Lang: i18n.EN, AllowUngraded: rapid.Bool().Draw(rt, "allow")}
		h := o.Hand(d, &d.Students[0])
		if h.State != Given {
			require.Empty(t, writeEach(t, "gradescope", d, 0, o))
			require.Empty(t, writeEach(t, "github", d, 0, o))
			return
		}
		want := h.Points.Float()
		score, sum := gradescopeScore(t, writeEach(t, "gradescope", d, 0, o))
		require.InDelta(t, want, score, 1e-9)
		require.InDelta(t, want, sum, 1e-9)
		sum, _ = githubScore(t, writeEach(t, "github", d, 0, o))
		require.InDelta(t, want, sum, 1e-9)
		sum = 0
		suite := junitSuites(t, write(t, "junit", d, o))["x1"]
		for name, value := range suite {
			if strings.HasPrefix(name, "property points of ") {
				p, err := strconv.ParseFloat(value, 64)
				require.NoError(t, err)
				sum += p
			}
		}
		require.Equal(t, h.Points.String(), suite["property points"])
		require.InDelta(t, want, sum, 1e-9, "%v", suite)
		sum = 0
		raw := writeEach(t, "tap", d, 0, o)
		tapResults(t, raw)
		for _, line := range strings.Split(string(raw), "\n") {
			m := tapAdjust.FindStringSubmatch(line)
			if strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "not ok ") {
				m = tapPoints.FindStringSubmatch(line)
			}
			if m != nil && m[1] != "?" {
				p, err := strconv.ParseFloat(m[1], 64)
				require.NoError(t, err)
				sum += p
			}
		}
		require.InDelta(t, want, sum, 1e-9, "%s", raw)
	})
}

// TestForgiven: who was late and counts as on time is told so wherever lateness is.
func TestForgiven(t *testing.T) {
	d := handedData()
	for lang, words := range map[i18n.Lang][2]string{i18n.ZH: {"算按时", "病假"}, i18n.EN: {"as on time", "病假"}} {
		o := Options{Lang: lang}
		for _, f := range Formats() {
			switch f.Name {
			case "xlsx", "json", "canvas", "blackboard", "github", "prometheus": // the workbook has a test of its own; platforms without remarks; base64
			default:
				raw := ""
				if f.Write != nil {
					raw = string(write(t, f.Name, d, o))
				} else {
					raw = string(writeEach(t, f.Name, d, 0, o))
				}
				if f.Name == "junit" { // which has the points alone
					continue
				}
				require.Contains(t, raw, words[0], f.Name)
				require.Contains(t, raw, words[1], f.Name)
			}
		}
	}
	require.Contains(t, string(write(t, "json", d, Options{Lang: i18n.EN})), `"counted_on_time"`)
}

// TestEmpty: a file that nobody is in is refused at the other end, and so it is here.
func TestEmpty(t *testing.T) {
	for _, name := range []string{"moodle", "canvas", "blackboard"} {
		f, _ := FindFormat(name)
		require.False(t, f.Empty(handedData(), Options{}), name)
		d := handedData()
		d.Students = d.Students[6:] // open
		require.True(t, f.Empty(d, Options{}), name)
		d = handedData()
		d.Students = d.Students[5:6] // excused, for which Canvas has a word
		require.Equal(t, name != "canvas", f.Empty(d, Options{}), name)
		d = handedData()
		d.Students = d.Students[:1]
		d.Students[0].ID = "=1+1"
		require.True(t, f.Empty(d, Options{}), name)
		d.Students = nil
		require.True(t, f.Empty(d, Options{}), name)
	}
}

// TestCheckedBefore: what a format wants is known of a class that nobody has been graded
// of.
func TestCheckedBefore(t *testing.T) {
	d := testData()
	d.Students = d.Students[6:]
	for _, task := range d.Rubric.Tasks {
		d.Students[0].Missing = append(d.Students[0].Missing, result.Missing{Task: task.ID, Max: task.Points, NotYet: true})
	}
	require.Equal(t, rubric.Points(10000), Options{}.OutOf(d))
	require.NoError(t, checkMoodle(d, Options{}))
	require.Error(t, checkBlackboard(d, Options{}))
	require.NoError(t, checkBlackboard(d, Options{Item: "Lab [Total Pts: 100 Score] |77"}))
	require.Error(t, checkBlackboard(d, Options{Item: "Lab [Total Pts: 10 Score] |77"}))
	d.Students[0].Missing[0].Max *= 2
	require.Error(t, checkMoodle(d, Options{}))
	require.NoError(t, checkMoodle(d, Options{Scale: 10000}))
}

// TestAboveAHundred: a lab of 200 points is handed over of 200 wherever that is taken, and
// of a hundred where that is asked for.
func TestAboveAHundred(t *testing.T) {
	d := testData()
	d.Students = d.Students[:1]
	for i := range d.Rubric.Tasks {
		d.Rubric.Tasks[i].Points *= 2
		for _, c := range d.Rubric.Tasks[i].Checks {
			c.Points *= 2
		}
	}
	d.Rubric.Points = 20000
	for i := range d.Students[0].Verdicts {
		d.Students[0].Verdicts[i].Points *= 2
		d.Students[0].Verdicts[i].Max *= 2
	}
	require.Error(t, checkMoodle(d, Options{}))
	for scale, want := range map[rubric.Points]string{0: "200", 10000: "100"} {
		o := Options{Lang: i18n.EN, ColumnID: "7", Item: "Lab", Scale: scale}
		rows := readCSV(t, write(t, "canvas", d, o))
		require.Equal(t, []string{"    Points Possible", "", "", "", "", want}, rows[1])
		require.Equal(t, []string{"", "0020240101", "0020240101", "", want}, rows[2][1:])
		require.Contains(t, o.blackboardItem(d), "[Total Pts: "+want+" Score]")
		_, scores := loadBlackboard(t, write(t, "blackboard", d, o))
		require.Equal(t, want, scores["0020240101"])
		score, sum := gradescopeScore(t, writeEach(t, "gradescope", d, 0, o))
		require.InDelta(t, 200, score, 1e-9)
		require.InDelta(t, 200, sum, 1e-9)
		total, max := githubScore(t, writeEach(t, "github", d, 0, o))
		require.InDelta(t, 200, total, 1e-9)
		require.InDelta(t, 200, max, 1e-9)
	}
}
