package grader_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/takeback"
)

// gradedClass is a class of n students that was graded once, without a cluster.
func gradedClass(t *testing.T, n int) (*grader.Job, string) {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "classes"), 0o755))
	list := "学号,姓名,备注\n"
	for i := range n {
		list += fmt.Sprintf("00202401%02d,学生%d,走读\n", i+1, i+1)
	}
	for name, text := range map[string]string{
		"own.csv": list, "own.yaml": "class: own\nroster: own.csv\nrubric: ha-lb\ncluster: {sim: lab}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(home, "classes", name), []byte(text), 0o600))
	}
	g := &grader.Grader{Dir: home, Tool: "test"}
	j, err := g.Open(t.Context(), grader.Select{Class: "own"})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(home, "gradebook"), 0o755))
	gradeAll(t, j, home, time.Date(2024, 11, 21, 2, 30, 0, 0, time.UTC))
	return j, home
}

// gradeAll records a run: everybody has task 2 whole, but for the last, of whom one
// check is open.
func gradeAll(t *testing.T, j *grader.Job, home string, at time.Time) {
	t.Helper()
	book, err := gradebook.Open(t.Context(), filepath.Join(home, "gradebook", "own.db"))
	require.NoError(t, err)
	begin := gradebook.Begin{Class: "own", Task: "2", Rubric: j.Rubric, RosterSHA256: "sha256:roster", Tool: "test", Options: map[string]any{}, Started: at}
	for i, s := range j.Class.Students {
		begin.Students = append(begin.Students, gradebook.Student{ID: s.ID, Name: s.Name, Position: i})
	}
	run, err := book.BeginRun(t.Context(), begin)
	require.NoError(t, err)
	task, ok := j.Rubric.Task("2")
	require.True(t, ok)
	for i, s := range j.Class.Students {
		var vs []judge.Verdict
		for k, c := range task.Checks {
			v := judge.Verdict{Check: c.ID, Task: "2", Outcome: check.Pass, Points: c.Points, Max: c.Points, Message: i18n.M("check.ok"), Evidence: "sha256:e"}
			if i == len(j.Class.Students)-1 && k == 0 {
				v.Outcome, v.Points = check.Ungraded, 0
			}
			vs = append(vs, v)
		}
		require.NoError(t, book.SaveVerdicts(t.Context(), run.ID, s.ID, vs))
	}
	require.NoError(t, book.FinishRun(t.Context(), run.ID, gradebook.Finished, at.Add(time.Minute)))
	require.NoError(t, book.Close())
}

// exported exports a workbook and gives its path.
func exported(t *testing.T, j *grader.Job, dir string, lang i18n.Lang) string {
	t.Helper()
	files, err := j.Export(t.Context(), grader.Export{Dir: dir, Formats: []string{"xlsx"}, Lang: lang})
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

// imported takes a workbook back as somebody does who agrees to all of it.
func imported(t *testing.T, j *grader.Job, path string) *grader.Imported {
	t.Helper()
	w, err := grader.ReadWorkbook(t.Context(), path)
	require.NoError(t, err)
	how := grader.ImportOptions{Who: "wang", When: time.Now(), Cleared: "cleared"}
	shown, err := j.Import(t.Context(), w, how)
	require.NoError(t, err)
	require.False(t, shown.Stored)
	how.Shown = shown
	got, err := j.Import(t.Context(), w, how)
	require.NoError(t, err)
	require.Equal(t, len(got.Students) > 0, got.Stored)
	return got
}

// said is what stands of a student by an instructor's hand.
type said struct {
	value          takeback.Value
	reason, remark string
}

// scoresOf is what stands of each student, and how many changes led there.
func scoresOf(t *testing.T, j *grader.Job) (now map[string]said, changes int) {
	t.Helper()
	d, err := j.Standing(t.Context())
	require.NoError(t, err)
	now = map[string]said{}
	for i := range d.Students {
		s := &d.Students[i]
		x := said{value: takeback.ValueOf(s), remark: s.Remark}
		if o := s.Whole(); o != nil {
			x.reason = o.Reason
		}
		now[s.ID] = x
		changes += len(s.History)
	}
	return now, changes
}

// sheet is the first sheet of an open workbook.
type sheet struct {
	*excelize.File
	t    *testing.T
	name string
	top  int // the row of the headings
	cols map[string]int
	rows []string // IDs, from the next row on
}

func openSheet(t *testing.T, path string) *sheet {
	t.Helper()
	f, err := excelize.OpenFile(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	s := &sheet{File: f, t: t, name: f.GetSheetName(0), cols: map[string]int{}}
	origin, err := f.GetRows(takeback.SheetName)
	require.NoError(t, err)
	at := 0
	for _, r := range origin {
		if r[0] == "column" {
			at++
			s.cols[r[1]] = at
		}
	}
	rows, err := f.GetRows(s.name)
	require.NoError(t, err)
	s.top = slices.IndexFunc(rows, func(r []string) bool { return len(r) == at }) + 1
	require.Positive(t, s.top)
	for _, r := range rows[s.top:] {
		s.rows = append(s.rows, r[s.cols["id"]-1])
	}
	return s
}

func (s *sheet) ref(row int, key string) string {
	ref, err := excelize.CoordinatesToCellName(s.cols[key], s.top+row+1)
	require.NoError(s.t, err)
	return ref
}

func (s *sheet) get(row int, key string) string {
	v, err := s.GetCellValue(s.name, s.ref(row, key), excelize.Options{RawCellValue: true})
	require.NoError(s.t, err)
	return v
}

// escaped is a text as a program writes it that knows of such escapes; excelize does
// where it streams only.
func escaped(s string) string { return strings.ReplaceAll(s, "_x0041_", "_x005F_x0041_") }

func (s *sheet) set(row int, key string, v any) {
	if text, ok := v.(string); ok {
		v = escaped(text)
	}
	require.NoError(s.t, s.SetCellValue(s.name, s.ref(row, key), v))
}

// shuffle sorts the rows by nothing.
func (s *sheet) shuffle(rng *rand.Rand) {
	keys := []string{"id", "name", "key_before", "override", "key_within", "reason", "key_among", "remark"}
	order := rng.Perm(len(s.rows))
	was := make([][]string, len(s.rows))
	for i := range s.rows {
		for _, k := range keys {
			was[i] = append(was[i], s.get(i, k))
		}
	}
	ids := slices.Clone(s.rows)
	for i, from := range order {
		for k, key := range keys {
			v := was[from][k]
			if f, err := strconv.ParseFloat(v, 64); key == "override" && err == nil {
				s.set(i, key, f)
			} else {
				s.set(i, key, v)
			}
		}
		s.rows[i] = ids[from]
	}
}

// asOffice rewrites a workbook as LibreOffice does, which does not know of sheets that
// are hidden for good, and shares all texts.
func (s *sheet) asOffice() {
	for _, name := range s.GetSheetList() {
		rows, err := s.GetRows(name, excelize.Options{RawCellValue: true})
		require.NoError(s.t, err)
		for i, r := range rows {
			for k := range r {
				ref, err := excelize.CoordinatesToCellName(k+1, i+1)
				require.NoError(s.t, err)
				if kind, err := s.GetCellType(name, ref); err == nil && kind == excelize.CellTypeInlineString {
					require.NoError(s.t, s.SetCellStr(name, ref, escaped(r[k])))
				}
			}
		}
	}
	require.NoError(s.t, s.SetSheetVisible(takeback.SheetName, false))
}

// office has LibreOffice read a workbook and write it anew.
func office(t *testing.T, path string) {
	t.Helper()
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "soffice", "-env:UserInstallation=file://"+filepath.Join(out, "profile"), "--headless", "--convert-to", "xlsx", "--outdir", out, path)
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	data, err := os.ReadFile(filepath.Join(out, filepath.Base(path)))
	require.NoError(t, err, "%s", said)
	require.NoError(t, os.WriteFile(path, data, 0o600))
}

// TestHundredCycles: export, fill in, sort, take back, export: what was typed is what
// stands and what the next workbook shows, each of it once.
func TestHundredCycles(t *testing.T) {
	j, home := gradedClass(t, 12)
	cycles := 100
	if testing.Short() {
		cycles = 15
	}
	_, lookErr := exec.LookPath("soffice")
	if lookErr != nil {
		t.Log("LibreOffice is not installed: its way of writing workbooks is imitated only")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	model, recorded := scoresOf(t, j)
	words := []string{"口试", "补考\n第二次", "=1+1", "-", "0085", "_x0041_", "a & <b> \"c\"", "长" + strings.Repeat("长", 998), " 前后空格 ", "85"}
	for cycle := range cycles {
		lang := i18n.Langs[cycle%2]
		path := exported(t, j, filepath.Join(home, "out", strconv.Itoa(cycle)), lang)
		s := openSheet(t, path)
		for i, id := range s.rows { // the workbook shows what stands
			want := model[id].value.String()
			if model[id].value.Excused {
				want = lang.T("hand.excused")
			}
			require.Equal(t, [3]string{want, model[id].reason, model[id].remark}, [3]string{s.get(i, "override"), s.get(i, "reason"), s.get(i, "remark")}, id)
		}
		if rng.IntN(2) == 0 {
			s.shuffle(rng)
		}
		changed, want := 0, 0
		for i, id := range s.rows {
			x := model[id]
			switch n := rng.IntN(10); {
			case n < 2:
				p := rubric.Points(rng.IntN(3500))
				x.value, x.reason = takeback.Value{Set: true, Points: p}, strings.TrimSpace(words[rng.IntN(len(words))])
				cell := []any{p.Float(), p.String(), p.String() + " 分", strings.Map(func(r rune) rune {
					if r >= '0' && r <= '9' {
						return r - '0' + '０'
					}
					return r
				}, p.String())}[rng.IntN(4)]
				s.set(i, "override", cell)
				s.set(i, "reason", x.reason)
			case n == 2:
				x.value, x.reason = takeback.Value{Set: true, Excused: true}, "病假"+strconv.Itoa(cycle)
				s.set(i, "override", []string{"免", "免计", "excused", " EX "}[rng.IntN(4)])
				s.set(i, "reason", x.reason)
			case n == 3:
				x.value, x.reason = takeback.Value{}, ""
				s.set(i, "override", nil)
				if rng.IntN(2) == 0 || !model[id].value.Set {
					s.set(i, "reason", nil)
				}
			}
			score := x.value != model[id].value || x.reason != model[id].reason
			switch rng.IntN(6) {
			case 0:
				x.remark = strings.TrimSpace(words[rng.IntN(len(words))])
				s.set(i, "remark", x.remark)
			case 1:
				x.remark = ""
				s.set(i, "remark", "  ")
			}
			if score {
				want++
			}
			if x.remark != model[id].remark {
				want++
			}
			if score || x.remark != model[id].remark {
				changed++
			}
			model[id] = x
		}
		switch rng.IntN(4) {
		case 0:
			require.NoError(t, s.InsertCols(s.name, "B", 1+rng.IntN(3)))
		case 1:
			require.NoError(t, s.InsertRows(s.name, 1, 1+rng.IntN(5)))
			require.NoError(t, s.SetCellStr(s.name, "B1", "云计算"))
		case 2:
			require.NoError(t, s.SetSheetName(s.name, "总评"))
		}
		if cycle%3 == 0 {
			s.asOffice()
		}
		require.NoError(t, s.Save())
		if cycle%10 == 0 && lookErr == nil {
			office(t, path)
		}
		got := imported(t, j, path)
		require.Len(t, got.Students, changed, "cycle %d", cycle)
		require.Empty(t, got.Conflicts)
		require.Equal(t, len(s.rows)-changed, got.Same)
		recorded += want
		now, changes := scoresOf(t, j)
		require.Equal(t, model, now, "cycle %d", cycle)
		require.Equal(t, recorded, changes, "none lost, none twice")
		if cycle%5 == 0 {
			require.Empty(t, imported(t, j, path).Students, "what was taken back is not taken again")
		}
	}
}

// TestLibreOffice: a workbook that it has read and written is taken back.
func TestLibreOffice(t *testing.T) {
	if _, err := exec.LookPath("soffice"); err != nil {
		t.Skip("LibreOffice is not installed")
	}
	j, home := gradedClass(t, 4)
	path := exported(t, j, filepath.Join(home, "out"), i18n.ZH)
	s := openSheet(t, path)
	s.set(0, "override", 12.5)
	s.set(0, "reason", "口试")
	s.set(1, "remark", "=1+1\n第二行")
	require.NoError(t, s.Save())
	office(t, path)
	got := imported(t, j, path)
	require.Len(t, got.Students, 2)
	now, _ := scoresOf(t, j)
	require.Equal(t, said{takeback.Value{Set: true, Points: 1250}, "口试", ""}, now[s.rows[0]])
	require.Equal(t, "=1+1\n第二行", now[s.rows[1]].remark)
}

// TestImportOrNot: what is refused, is in conflict, or was not shown is not recorded,
// not even in part.
func TestImportOrNot(t *testing.T) {
	j, home := gradedClass(t, 5)
	fill := func(name string, do func(s *sheet)) *takeback.Workbook {
		t.Helper()
		path := exported(t, j, filepath.Join(home, "out", name), i18n.EN)
		s := openSheet(t, path)
		do(s)
		require.NoError(t, s.Save())
		w, err := grader.ReadWorkbook(t.Context(), path)
		require.NoError(t, err)
		return w
	}
	score := func(s *sheet, row int, points any) {
		s.set(row, "override", points)
		s.set(row, "reason", "shown")
	}
	how := grader.ImportOptions{Who: "wang", When: time.Now(), Cleared: "cleared"}
	nothing := func() {
		t.Helper()
		_, n := scoresOf(t, j)
		require.Zero(t, n)
	}

	// One row is wrong: none is taken, whatever was agreed to.
	w := fill("wrong", func(s *sheet) { score(s, 0, 10); score(s, 1, -3) })
	got, err := j.Import(t.Context(), w, how)
	require.Nil(t, got)
	require.ErrorAs(t, err, new(diag.Problems))
	how.Shown = &grader.Imported{}
	_, err = j.Import(t.Context(), w, how)
	require.ErrorAs(t, err, new(diag.Problems))
	nothing()

	// What stands is no longer what was shown.
	w = fill("moved", func(s *sheet) { score(s, 0, 10); score(s, 1, 20) })
	other := fill("moved2", func(s *sheet) { score(s, 0, 10); score(s, 1, 21) })
	how.Shown = nil
	shown, err := j.Import(t.Context(), other, how)
	require.NoError(t, err)
	how.Shown = shown
	_, err = j.Import(t.Context(), w, how)
	require.ErrorContains(t, err, "the gradebook was changed by another program meanwhile")
	nothing()

	// Another class, another lab, another gradebook.
	how.Shown = nil
	for want, change := range map[string]func(*takeback.Origin){
		"this workbook is of class 2024B, not of own":                                                                                 func(o *takeback.Origin) { o.Class = "2024B" },
		"this workbook is of lab sticky, and the rubric is ha-lb":                                                                     func(o *takeback.Origin) { o.Lab = "sticky" },
		"the workbook rests on run 20200101-000000, which the gradebook of class own does not have: it was exported from another one": func(o *takeback.Origin) { o.Run = "20200101-000000" },
	} {
		bad := *w
		change(&bad.Origin)
		_, err = j.Import(t.Context(), &bad, how)
		require.EqualError(t, err, want)
		require.Equal(t, diag.Usage, diag.Code(err))
	}
	nothing()

	// Set by hand since, and graded since: the others are taken where that is asked for.
	one, err := (&grader.Grader{Dir: home}).Open(t.Context(), grader.Select{Class: "own", Students: []string{"01"}})
	require.NoError(t, err)
	_, err = one.ByHand(t.Context(), grader.ByHand{Kind: result.SetPoints, Points: 3000, Reason: "oral", Who: "li", When: time.Now()})
	require.NoError(t, err)
	got, err = j.Import(t.Context(), w, how)
	require.ErrorContains(t, err, "the total of student 0020240101 was set by hand since the export (li ")
	require.Len(t, got.Conflicts, 1)
	require.Len(t, got.Students, 1, "what there is beside it is shown")
	how.Shown = got
	_, err = j.Import(t.Context(), w, how)
	require.Error(t, err)
	how.SkipConflicts = true
	got, err = j.Import(t.Context(), w, how)
	require.NoError(t, err)
	require.True(t, got.Stored)
	now, n := scoresOf(t, j)
	require.Equal(t, 2, n)
	require.Equal(t, []rubric.Points{3000, 2000}, []rubric.Points{now["0020240101"].value.Points, now["0020240102"].value.Points})
	require.Equal(t, "20/100", fmt.Sprintf("%s/%s", got.Students[0].Changes[0].Effect.TotalAfter.Points, got.Students[0].Changes[0].Effect.TotalAfter.Max))

	w = fill("again", func(s *sheet) { score(s, 2, 11); s.set(3, "remark", "see me") })
	gradeAll(t, j, home, time.Date(2024, 11, 22, 2, 30, 0, 0, time.UTC))
	how = grader.ImportOptions{Who: "wang", When: time.Now(), Cleared: "cleared"}
	got, err = j.Import(t.Context(), w, how)
	require.ErrorContains(t, err, "student 0020240103 was graded, or judged, again since the export (20241122-023000)")
	require.Len(t, got.Students, 1, "a remark rests on no score")
}

// TestNoWorkbook: files that can't be one.
func TestNoWorkbook(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "gone.xlsx"): "there is no workbook", dir: "is no regular file", "/dev/zero": "is no regular file",
	} {
		_, err := grader.ReadWorkbook(t.Context(), path)
		require.ErrorContains(t, err, want)
		require.Equal(t, diag.Usage, diag.Code(err))
	}
	for class, good := range map[string]bool{"2024A": true, "云计算": true, "../x": false, `a\b`: false, "/etc/x.yaml": false, ".x": false} {
		_, err := grader.ClassOf(&takeback.Workbook{Origin: takeback.Origin{Class: class}})
		require.Equal(t, good, err == nil, class)
	}
}
