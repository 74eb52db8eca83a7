package report

import (
	"archive/zip"
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

func write(t *testing.T, name string, d *result.Data, o Options) []byte {
	t.Helper()
	f, ok := FindFormat(name)
	require.True(t, ok)
	return render(t, func(b *bytes.Buffer) error { return f.Write(b, d, o) })
}

func writeEach(t *testing.T, name string, d *result.Data, i int, o Options) []byte {
	t.Helper()
	f, ok := FindFormat(name)
	require.True(t, ok)
	return render(t, func(b *bytes.Buffer) error { return f.Each(b, d, &d.Students[i], o) })
}

// published are what the students of handedData have by the instructor's hand, of 100:
// see TestByHandWorkbook. Of the second 40 points are excused and 60 of 60 left, of
// the third the first task's 40; the sixth is excused, the seventh open.
var published = []string{"93.5", "100", "100", "81", "60", "EX", ""}

func TestHand(t *testing.T) {
	d := handedData()
	o := Options{Lang: i18n.ZH}.For(d)
	require.Equal(t, rubric.Points(10000), o.OutOf(d))
	for i, want := range published {
		h := o.Hand(d, &d.Students[i])
		switch want {
		case "EX":
			require.Equal(t, Excused, h.State)
		case "":
			require.Equal(t, Open, h.State)
		default:
			require.Equal(t, Handed{Points: h.Points, Shared: i == 1 || i == 2}, h)
			require.Equal(t, want, h.Points.String(), d.Students[i].ID)
		}
	}
	o.Scale = 1000
	require.Equal(t, "9.35", o.Hand(d, &d.Students[0]).Points.String())
	// What nobody could judge is never 0, and what is open in part only if asked for.
	o.AllowUngraded = true
	require.Equal(t, Open, o.Hand(d, &d.Students[6]).State)
	d = testData()
	require.Equal(t, Open, Options{}.Hand(d, &d.Students[3]).State)
	require.Equal(t, Handed{Points: 6000}, Options{AllowUngraded: true}.Hand(d, &d.Students[3]))
}

func TestMoodle(t *testing.T) {
	d := handedData()
	course := moodle{}
	for _, s := range d.Students {
		course[s.ID] = grade{"42", "old"}
	}
	rows := readCSV(t, write(t, "moodle", d, Options{Lang: i18n.ZH, Item: "Lab 1"}))
	require.Equal(t, []string{"ID number", "Lab 1", "Lab 1 feedback"}, rows[0])
	require.NoError(t, course.load(rows))
	for i, want := range published {
		if want == "EX" || want == "" {
			want = "42" // as it was
		}
		require.Equal(t, want, course[d.Students[i].ID].score, d.Students[i].ID)
	}
	require.Equal(t, grade{"42", "old"}, course["0020240107"])
	require.Contains(t, course["0020240104"].feedback, "迟交扣分 -9")
	require.NotContains(t, course["202411210000000103"].feedback, "<")
	delete(course, "0020240101")
	require.ErrorIs(t, course.load(rows), errMoodle, "one that it does not know")

	// Above a hundred it takes nothing.
	d.Rubric.Points, d.Students = 20000, d.Students[:1]
	d.Students[0].Annotate(nil, d.Rubric)
	for i := range d.Students[0].Verdicts {
		d.Students[0].Verdicts[i].Points *= 2
		d.Students[0].Verdicts[i].Max *= 2
	}
	for _, item := range []string{"ID number", "id  NUMBER "} {
		require.ErrorContains(t, checkMoodle(d, Options{Item: item, Scale: 10000}), "has a column of that name already")
	}
	err := checkMoodle(d, Options{})
	require.Equal(t, diag.Usage, diag.Code(err))
	require.NoError(t, checkMoodle(d, Options{Scale: 10000}))
	require.Equal(t, "100", readCSV(t, write(t, "moodle", d, Options{Lang: i18n.EN, Scale: 10000}))[1][1])
}

func TestCanvas(t *testing.T) {
	d := handedData()
	course := func() *canvas {
		c := &canvas{
			sis: map[string]string{}, login: map[string]string{}, name: map[string]string{"王五": "77"},
			assignments: map[string]string{"12345": "Lab 1"}, scores: map[string]string{},
		}
		for i, s := range d.Students {
			c.sis[s.ID] = strconv.Itoa(i)
			c.scores[strconv.Itoa(i)] = "42"
		}
		return c
	}
	o := Options{Lang: i18n.ZH, Item: "Lab 1 (12345)"}
	c := course()
	require.NoError(t, c.load(readCSV(t, write(t, "canvas", d, o))))
	require.Empty(t, c.made)
	require.Empty(t, c.strange)
	require.Equal(t, "100", c.possible)
	for i, want := range published {
		if want == "" {
			want = "42"
		}
		require.Equal(t, want, c.scores[strconv.Itoa(i)], d.Students[i].ID)
	}
	// Another person of the same name gets nothing.
	c = course()
	delete(c.sis, "0020240106")
	require.NoError(t, c.load(readCSV(t, write(t, "canvas", d, o))))
	require.NotContains(t, c.scores, "77")
	require.Equal(t, []string{"王五 (0020240106)"}, c.strange)
	// A title that nobody typed names no assignment by a number in it.
	d.Title, d.Rubric.Title = "Cloud", text("实验 (12345)", "lab (12345)")
	c = course()
	require.NoError(t, c.load(readCSV(t, write(t, "canvas", d, Options{Lang: i18n.EN}))))
	require.Equal(t, []string{"Cloud lab [12345]"}, c.made)
	require.Equal(t, "transfer.canvas_new", canvasRemarks(d, Options{})[len(canvasRemarks(d, Options{}))-1].Key)
	require.Error(t, checkCanvas(d, Options{Item: "Final Score (3)"}))
	// Names that Canvas takes for a row of its own, and IDs that it rewrites.
	d.Students = d.Students[:3]
	d.Students[0].Name, d.Students[1].Name, d.Students[1].ID = "Points Possible", "Muted", "1,000"
	d.Students[2].ID = "12.30.4"
	rows := readCSV(t, write(t, "canvas", d, o))
	require.Len(t, rows, 3)
	require.Equal(t, "0020240101", rows[2][0])
}

func TestBlackboard(t *testing.T) {
	d := handedData()
	o := Options{Lang: i18n.ZH, ColumnID: "_123456_1"}
	column, scores := loadBlackboard(t, write(t, "blackboard", d, o))
	require.Equal(t, "_123456_1", column)
	require.Len(t, scores, 5, "who has no score is not touched")
	for i, want := range published[:5] {
		require.Equal(t, want, scores[d.Students[i].ID])
	}
	o = Options{Item: "Lab [Total Pts: 100 Score] |77"}
	require.NoError(t, checkBlackboard(d, o))
	column, _ = loadBlackboard(t, write(t, "blackboard", d, o))
	require.Equal(t, "77", column)
	require.NoError(t, checkBlackboard(d, Options{Item: "Lab [Total Pts: 10 Score] |77", Scale: 1000}))
	for _, o := range []Options{{}, {Item: "Lab"}, {ColumnID: "x"}, {Item: "Lab [Total Pts: 10 Score] |77"}} {
		require.Equal(t, diag.Usage, diag.Code(checkBlackboard(d, o)))
	}
	// A heading and a number that do not go together.
	for _, c := range []struct{ item, id, want string }{
		{"Lab [Total Pts: 100 Score] |77", "7", "transfer.blackboard_two"},
		{"Lab [Total Pts: 50 Score] |7", "7", "transfer.blackboard_points"},
		{"Lab [Total Pts: 50 Score]", "7", "transfer.blackboard_points"},
		{"Lab |77", "x", "transfer.blackboard_two"},
		{"Lab [Total Pts: up to 100 Score] |77", "_77_1", ""},
		{"Lab [Total Pts: 100 Score]", "7", ""},
		{"Lab |7", "7", ""},
	} {
		err := checkBlackboard(d, Options{Item: c.item, ColumnID: c.id})
		if c.want == "" {
			require.NoError(t, err, c.item)
			continue
		}
		var f *diag.Failure
		require.ErrorAs(t, err, &f, c.item)
		require.Equal(t, c.want, f.Msg.Key)
	}
	require.Equal(t, "Lab |77", Options{Item: "Lab |77", ColumnID: "_77_1"}.blackboardItem(d))
	require.Equal(t, "Lab [Total Pts: 100 Score] |7", Options{Item: "Lab [Total Pts: 100 Score]", ColumnID: "7"}.blackboardItem(d))
	// The roster's own column of login names; two of one name get nothing.
	d.Headings = []string{"行政班", "User Name"}
	for i, login := range []string{"zhang", "ou", "OU", "m.jurgen", ""} {
		d.Students[i].Columns = map[string]string{"User Name": login}
	}
	o = Options{ColumnID: "1"}
	_, scores = loadBlackboard(t, write(t, "blackboard", d, o))
	require.Equal(t, map[string]string{"zhang": "93.5", "m.jurgen": "81"}, scores)
	var keys []string
	for _, r := range blackboardRemarks(d, o) {
		keys = append(keys, r.Key)
	}
	require.Contains(t, keys, "transfer.twice")
	require.Contains(t, keys, "transfer.left_unfit")
	// Without such a column it is the IDs that are alike.
	d = handedData()
	d.Students[0].ID, d.Students[1].ID = "ab1", "AB1"
	for _, r := range blackboardRemarks(d, o) {
		require.NotEqual(t, "transfer.twice", r.Key)
		if r.Key == "transfer.twice_id" {
			require.Equal(t, []string{"ab1", "AB1"}, r.Students)
			keys = append(keys, r.Key)
		}
	}
	require.Contains(t, keys, "transfer.twice_id")
}

// TestFeedbackReads: what is converted is no loss, and sentences are told apart.
func TestFeedbackReads(t *testing.T) {
	d := handedData()
	s := &d.Students[3]
	late := *s.Attempts[1].Late
	s.Attempts[0].Late = &late
	s.Overrides = append(s.Overrides, result.Override{Task: "2", Points: 3000, Max: 6000, Reason: "现场重测"}, result.Override{Task: "1", Points: 3900, Max: 4000, Reason: "迟到一次"})
	for _, i := range []int{0, 1, 3} {
		rows := readCSV(t, write(t, "moodle", d, Options{Lang: i18n.ZH, Scale: 1000}))
		require.NotRegexp(t, `(换算|免计折算) [-+]`, rows[i+1][2])
	}
	rows := readCSV(t, write(t, "moodle", d, Options{Lang: i18n.ZH, Scale: 1000}))
	require.Contains(t, rows[1][2], "换算：93.5/100 按比例折算为 9.35/10")
	require.Contains(t, rows[2][2], "免计折算：去掉免计的项后得 60/60，按比例折算为 10/10")
	require.Contains(t, rows[4][2], "现场重测；迟到一次")
	s.Overrides = nil
	rows = readCSV(t, write(t, "moodle", handedData(), Options{Lang: i18n.EN, Scale: 1000}))
	require.Contains(t, rows[1][2], "; converted: 93.5/100 is 9.35/10")
	s.Verdicts[5] = verdict(d.Rubric, "task2.spread", check.Pass, 40, "ok")
	rows = readCSV(t, write(t, "moodle", d, Options{Lang: i18n.ZH, Scale: 1000}))
	require.Regexp(t, `迟交：任务 1 [^；]*；迟交：任务 2 `, rows[4][2])
}

// TestParts: lists of tests come to the very score, whatever was set by hand.
func TestParts(t *testing.T) {
	for _, d := range []*result.Data{testData(), handedData()} {
		for _, allow := range []bool{false, true} {
			o := Options{Lang: i18n.EN, AllowUngraded: allow, Scale: 1000}
			for i := range d.Students {
				h := Options{AllowUngraded: allow}.Hand(d, &d.Students[i])
				raw, coded := writeEach(t, "gradescope", d, i, o), writeEach(t, "github", d, i, o)
				if h.State != Given {
					require.Empty(t, raw)
					require.Empty(t, coded)
					continue
				}
				score, sum := gradescopeScore(t, raw)
				require.InDelta(t, h.Points.Float(), score, 1e-9)
				require.InDelta(t, score, sum, 1e-9, "%s\n%s", d.Students[i].ID, raw)
				total, max := githubScore(t, coded)
				require.InDelta(t, score, total, 1e-9)
				require.InDelta(t, 100, max, 1e-9)
			}
		}
	}
	// A total by hand, and nothing judged: there still is a test.
	d := testData()
	d.Students[6].Overrides = []result.Override{{Points: 0, Max: 10000, Reason: "缺考"}}
	total, _ := githubScore(t, writeEach(t, "github", d, 6, Options{Lang: i18n.ZH}))
	require.Zero(t, total)
}

func TestJUnit(t *testing.T) {
	d := testData()
	suites := junitSuites(t, write(t, "junit", d, Options{Lang: i18n.ZH}))
	require.Len(t, suites, len(d.Students))
	third := suites["202411210000000103"]
	require.Equal(t, "failure", third["task1.image"])
	require.Equal(t, "skipped", third["task1.answers"])
	require.Equal(t, "passed", third["task1.service"])
	require.Equal(t, "error", suites["0020240104"]["task2.spread"])
	require.NotContains(t, suites["0020240104"], "property points", "it is open")
	require.Equal(t, "88.5", suites["0020240105"]["property points"])
	require.Contains(t, suites["0020240107"], "还没有评过")
	require.Equal(t, "passed", junitSuites(t, write(t, "junit", handedData(), Options{}))["0020240101"]["task1.service"])
	require.Equal(t, "skipped", junitSuites(t, write(t, "junit", handedData(), Options{}))["0020240102"]["task2.spread"])
}

func TestTAP(t *testing.T) {
	d := testData()
	for i, want := range [][]string{
		{"ok", "ok", "ok", "ok", "ok", "ok"}, {"ok", "ok", "ok", "ok", "ok", "not ok"},
		{"ok", "not ok", "not ok", "skip", "ok", "ok"}, {"ok", "ok", "ok", "ok", "ok", "not ok"},
		{"ok", "ok", "ok", "ok", "not ok", "skip"}, {"ok", "ok", "ok", "ok"}, {"not ok"},
	} {
		require.Equal(t, want, tapResults(t, writeEach(t, "tap", d, i, Options{Lang: i18n.ZH})))
	}
}

func TestScoresCSV(t *testing.T) {
	d := handedData()
	d.Headings = []string{"行政班", "=heading"}
	d.Students[0].Columns = map[string]string{"行政班": "计科1班", "=heading": "+86"}
	rows := readCSV(t, write(t, "csv", d, Options{Lang: i18n.ZH}))
	require.Equal(t, []string{"学号", "姓名", "行政班", "'=heading", "任务 1（40 分）", "任务 2（60 分）", "手工增减", "迟交扣分", "最终得分", "满分", "状态", "主要原因", "备注"}, rows[0])
	for i, want := range []string{"93.5", "60", "60", "81", "60", "", ""} { // each of their own maximum
		require.Equal(t, d.Students[i].ID, rows[i+1][0])
		require.Equal(t, want, rows[i+1][8])
	}
	// The columns before the final score add up to it, as the workbook's do.
	for _, row := range rows[1:] {
		if row[8] == "" {
			continue
		}
		sum := 0.0
		for _, cell := range row[4:8] {
			if cell != "" {
				points, err := strconv.ParseFloat(cell, 64)
				require.NoError(t, err)
				sum += points
			}
		}
		require.Equal(t, row[8], rubric.PointsOf(sum).String(), row[0])
	}
	require.Equal(t, []string{"40", "20", "30", "-9", "81"}, rows[4][4:9])
	require.Equal(t, []string{"计科1班", "'+86"}, rows[1][2:4])
	require.Equal(t, "免计", rows[6][10])
	golden(t, "scores.zh.csv", write(t, "csv", handedData(), Options{Lang: i18n.ZH}))
	golden(t, "scores.en.csv", write(t, "csv", testData(), Options{Lang: i18n.EN, AllowUngraded: true}))
	golden(t, "moodle.en.csv", write(t, "moodle", handedData(), Options{Lang: i18n.EN}))
	golden(t, "canvas.zh.csv", write(t, "canvas", handedData(), Options{Lang: i18n.ZH}))
	golden(t, "junit.zh.xml", write(t, "junit", testData(), Options{Lang: i18n.ZH}))
	golden(t, "gradescope.en.json", writeEach(t, "gradescope", handedData(), 3, Options{Lang: i18n.EN}))
	golden(t, "third.zh.tap", writeEach(t, "tap", testData(), 2, Options{Lang: i18n.ZH}))
}

// TestOneAlone: one student's file says nothing of another.
func TestOneAlone(t *testing.T) {
	d := handedData()
	for i := range d.Students {
		d.Students[i].Name, d.Students[i].Remark = "name-"+strconv.Itoa(i)+"-", "remark-"+strconv.Itoa(i)+"-"
	}
	for _, f := range Formats() {
		if f.Each == nil {
			continue
		}
		require.Nil(t, f.Write)
		for i := range d.Students {
			raw := string(writeEach(t, f.Name, d, i, Options{Lang: i18n.ZH}))
			for j, other := range d.Students {
				if j != i {
					for _, word := range []string{other.ID, other.Name, other.Remark} {
						require.NotContains(t, raw, word, f.Name)
					}
				}
			}
		}
	}
}

// TestSameBytes: the same results give the same files, also for a class of another
// order of evaluation.
func TestSameBytes(t *testing.T) {
	for _, f := range Formats() {
		if f.Name == "xlsx" { // has a test of its own
			continue
		}
		o := Options{Lang: i18n.ZH, ColumnID: "1"}
		var a, b []byte
		for _, to := range []*[]byte{&a, &b} {
			d := handedData()
			if f.Write != nil {
				*to = write(t, f.Name, d, o)
				continue
			}
			for i := range d.Students {
				*to = slices.Concat(*to, writeEach(t, f.Name, d, i, o))
			}
		}
		require.Equal(t, a, b, f.Name)
		require.NotEmpty(t, a)
		require.NotContains(t, strings.ToLower(string(a)), "nan")
	}
}

// TestScoresCSVRoster: a roster's column that is called like one of the file's own is told
// apart from it, in either language, case and width.
func TestScoresCSVRoster(t *testing.T) {
	d := handedData()
	d.Headings = []string{"final", "备注", "Maximum", "ｓｔａｔｅ", "task 2 (of 60)", "任务 1（40 分）", "major", "final (roster)", "ID"}
	head := readCSV(t, write(t, "csv", d, Options{Lang: i18n.EN}))[0]
	require.Equal(t, []string{
		"ID", "name", "final (roster 2)", "备注 (roster)", "Maximum (roster)", "ｓｔａｔｅ (roster)", "task 2 (of 60) (roster)",
		"任务 1（40 分） (roster)", "major", "final (roster)", "ID (roster)", "task 1 (of 40)", "task 2 (of 60)",
		"by hand", "lateness", "final", "maximum", "state", "main reason", "remark",
	}, head)
	head = readCSV(t, write(t, "csv", d, Options{Lang: i18n.ZH}))[0]
	require.Equal(t, "备注（名单）", head[3])
	seen := map[string]bool{}
	for _, h := range head {
		require.False(t, seen[alike(h)], h)
		seen[alike(h)] = true
	}
}

// TestItemOfTasks: an item that nobody named is that of the tasks that are in it.
func TestItemOfTasks(t *testing.T) {
	d := handedData()
	d.Title, d.Rubric.Title = "Cloud", text("实验 (12345)", "lab (12345)")
	o := Options{Lang: i18n.EN, ColumnID: "7", Part: Part{Tasks: []string{"2"}}}
	require.Equal(t, []string{"ID number", "Cloud lab (12345) task 2", "Cloud lab (12345) task 2 feedback"}, readCSV(t, write(t, "moodle", d, o))[0])
	require.Equal(t, "Cloud lab (12345) task 2", readCSV(t, write(t, "canvas", d, o))[0][5])
	require.Contains(t, o.blackboardItem(d), "Cloud lab (12345) task 2 [Total Pts")
	o.Part.Tasks, o.Lang = []string{"1", "3"}, i18n.ZH
	require.Equal(t, "Cloud 实验 (12345) 任务 1、3", o.item(d))
	o.Lang = i18n.EN
	require.Equal(t, "Cloud lab (12345) task 1, 3", o.item(d))
	o.Item = "Lab 1"
	require.Equal(t, "Lab 1", o.item(d))
	require.Equal(t, "Cloud 实验 (12345)", Options{Lang: i18n.ZH, Part: Part{Students: []string{"1"}}}.item(d))
}

// TestWorkbookDates: the parts of a workbook have a date that is one.
func TestWorkbookDates(t *testing.T) {
	raw := write(t, "xlsx", testData(), Options{Lang: i18n.ZH})
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	require.NotEmpty(t, z.File)
	for _, f := range z.File {
		require.Equal(t, "1980-01-01", f.Modified.Format(time.DateOnly), f.Name)
	}
}
