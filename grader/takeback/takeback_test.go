package takeback_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sheetfile"
	"swarmgrade/grader/takeback"
)

var day = time.Date(2024, 11, 21, 10, 30, 0, 0, time.FixedZone("", 8*3600))

func change(kind result.Kind, points float64, why string) result.Change {
	return result.Change{Kind: kind, Points: rubric.PointsOf(points), Reason: why, Who: "wang", When: day}
}

func remark(text string) result.Change {
	return result.Change{Kind: result.Remark, Text: text, Who: "wang", When: day}
}

// class is one of five, all with 60 of 100: the second's total was set, the third is
// excused, a check of the fourth's was set, and the fifth was never graded.
func class() *result.Data {
	c := &rubric.Check{ID: "task1.web", Task: "1", Points: 10000, Title: rubric.Text{ZH: "网页", EN: "page"}}
	rub := &rubric.Rubric{ID: "ha-lb", Points: 10000, Tasks: []rubric.Task{{ID: "1", Points: 10000, Checks: []*rubric.Check{c}}}}
	d := &result.Data{Class: "mini", Rubric: rub, Run: result.Run{ID: "20241121-023000", Started: day}}
	for i, history := range [][]result.Change{
		nil, {change(result.SetPoints, 85.5, "口试"), remark("好")}, {change(result.Excused, 0, "病假")},
		{{Task: "1", Check: "task1.web", Kind: result.SetPoints, Points: 7000, Reason: "复核", Who: "wang", When: day}}, nil,
	} {
		s := result.Student{ID: fmt.Sprintf("00202401%02d", i+1), Name: "学生" + string(rune('A'+i))}
		if i < 4 {
			s.Verdicts = []judge.Verdict{{Check: c.ID, Task: "1", Outcome: check.Partial, Points: 6000, Max: 10000, Evidence: "sha256:e"}}
			s.Attempts = []result.Attempt{{Task: "1", Run: d.Run.ID, Judged: d.Run.ID, Tries: 1}}
		}
		s.Annotate(history, rub)
		d.Students = append(d.Students, s)
	}
	return d
}

// hand is an instructor at an exported workbook.
type hand struct {
	*excelize.File
	t     testing.TB
	sheet string
	top   int            // the row of the headings
	wide  int            // how many there are
	cols  map[string]int // by key
	rows  map[string]int // by ID
}

func export(t testing.TB, d *result.Data, lang i18n.Lang) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.Workbook(&b, d, report.Options{Lang: lang}))
	return b.Bytes()
}

func open(t testing.TB, data []byte) *hand {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	require.NoError(t, err)
	h := &hand{f, t, f.GetSheetName(0), 0, 0, map[string]int{}, map[string]int{}}
	rows, err := f.GetRows(h.sheet)
	require.NoError(t, err)
	origin, err := f.GetRows(takeback.SheetName)
	require.NoError(t, err)
	var heads []string
	for _, r := range origin {
		if r[0] == "column" {
			heads = append(heads, r[2])
			h.cols[r[1]] = len(heads)
		}
	}
	h.wide = len(heads)
	h.top = slices.IndexFunc(rows, func(r []string) bool { return slices.Equal(r, heads) }) + 1
	require.Positive(t, h.top, "the headings stand as they were noted")
	for i, r := range rows[h.top:] {
		h.rows[r[h.cols["id"]-1]] = h.top + i + 1
	}
	return h
}

func (h *hand) ref(id, key string) string {
	ref, err := excelize.CoordinatesToCellName(h.cols[key], h.rows[id])
	require.NoError(h.t, err)
	return ref
}

// head is the cell of the nth column behind the headings, in their row.
func (h *hand) head(n int) string { return sheetfile.Name(h.wide+n, h.top) }

// another is a row below the students, known as "x".
func (h *hand) another() { h.rows["x"] = h.rows[first] + 7 }

func (h *hand) set(id, key string, v any) {
	require.NoError(h.t, h.SetCellValue(h.sheet, h.ref(id, key), v))
}

// score types points and why.
func (h *hand) score(id string, points any, why string) {
	h.set(id, "override", points)
	h.set(id, "reason", why)
}

// styled puts a number into a cell with a format, by its number.
func (h *hand) styled(ref string, v float64, format int) {
	style, err := h.NewStyle(&excelize.Style{NumFmt: format})
	require.NoError(h.t, err)
	require.NoError(h.t, h.SetCellStyle(h.sheet, ref, ref, style))
	require.NoError(h.t, h.SetCellValue(h.sheet, ref, v))
}

func (h *hand) bytes() []byte {
	var b bytes.Buffer
	require.NoError(h.t, h.Write(&b))
	return b.Bytes()
}

func decide(t testing.TB, data []byte, now *result.Data) (*takeback.Decision, error) {
	w, err := takeback.Read(t.Context(), data, "mini.xlsx")
	if err != nil {
		return nil, err
	}
	return takeback.Decide(w, standing(now))
}

func standing(d *result.Data) func(string) (takeback.Standing, bool) {
	return func(id string) (takeback.Standing, bool) {
		i := slices.IndexFunc(d.Students, func(s result.Student) bool { return s.ID == id })
		if i < 0 {
			return takeback.Standing{}, false
		}
		s := &d.Students[i]
		return takeback.Standing{Student: s, Most: s.Most("", "", d.Rubric)}, true
	}
}

const (
	first, second, third, fourth, fifth = "0020240101", "0020240102", "0020240103", "0020240104", "0020240105"
)

// told puts the changes into words.
func told(d *takeback.Decision) (out []string) {
	for _, c := range d.Changes {
		s := c.ID[8:] + " " + c.Ref
		if c.Kind != "" {
			s += " " + string(c.Kind)
			if c.Kind == result.SetPoints {
				s += " " + c.Points.String()
			}
			s += " because " + c.Reason
		}
		if c.Remark != nil {
			s += fmt.Sprintf(" remark %q", *c.Remark)
		}
		out = append(out, s)
	}
	return out
}

// TestWhatIsTakenBack: what was typed, however a cell holds it, and nothing else.
func TestWhatIsTakenBack(t *testing.T) {
	tests := []struct {
		name string
		do   func(h *hand)
		want []string // without the cells
		same int
	}{
		{"nothing", func(*hand) {}, nil, 5},
		{"points", func(h *hand) { h.score(first, 70.25, "现场演示过") }, []string{"01 points 70.25 because 现场演示过"}, 4},
		{"zero", func(h *hand) { h.score(first, 0, "抄袭") }, []string{"01 points 0 because 抄袭"}, 4},
		{"digits as text", func(h *hand) { h.score(first, "85", "x") }, []string{"01 points 85 because x"}, 4},
		{"full width", func(h *hand) { h.score(first, "　８５．５ 分", "x") }, []string{"01 points 85.5 because x"}, 4},
		{"what a float makes of it", func(h *hand) { h.score(first, 88.10000000000001, "x") }, []string{"01 points 88.1 because x"}, 4},
		{"excused, in Chinese", func(h *hand) { h.score(first, "免计", "病假") }, []string{"01 excused because 病假"}, 4},
		{"excused, in short", func(h *hand) { h.score(first, " 免 ", "病假") }, []string{"01 excused because 病假"}, 4},
		{"excused, in English", func(h *hand) { h.score(first, "Excused", "ill") }, []string{"01 excused because ill"}, 4},
		{"other points, the reason stays", func(h *hand) { h.set(second, "override", 90) }, []string{"02 points 90 because 口试"}, 4},
		{"another reason", func(h *hand) { h.set(second, "reason", "补考") }, []string{"02 points 85.5 because 补考"}, 4},
		{"the same points as text", func(h *hand) { h.set(second, "override", "85.5分") }, nil, 5},
		{"cleared", func(h *hand) { h.set(second, "override", nil); h.set(second, "reason", nil) }, []string{"02 remove because "}, 4},
		{"cleared, the reason stays", func(h *hand) { h.set(second, "override", nil) }, []string{"02 remove because "}, 4},
		{"cleared, with a reason", func(h *hand) { h.score(second, nil, "登错了") }, []string{"02 remove because 登错了"}, 4},
		{"excused no more", func(h *hand) { h.score(third, nil, "") }, []string{"03 remove because "}, 4},
		{"points in place of excused", func(h *hand) { h.score(third, 60, "补做了") }, []string{"03 points 60 because 补做了"}, 4},
		{"remark", func(h *hand) { h.set(first, "remark", "=1+1 看\n我") }, []string{`01 remark "=1+1 看\n我"`}, 4},
		{"remark cleared", func(h *hand) { h.set(second, "remark", "") }, []string{`02 remark ""`}, 4},
		{"both", func(h *hand) { h.score(second, 1, "y"); h.set(second, "remark", "z") }, []string{`02 points 1 because y remark "z"`}, 4},
		{"the total over a check", func(h *hand) { h.score(fourth, 75, "总评") }, []string{"04 points 75 because 总评"}, 4},
		{"a check's reason cleared", func(h *hand) { h.set(fourth, "reason", "") }, nil, 5},
		{"never graded", func(h *hand) { h.score(fifth, 30, "纸质提交") }, []string{"05 points 30 because 纸质提交"}, 4},
		{"a date as the reason", func(h *hand) { h.score(first, 70, ""); h.styled(h.ref(first, "reason"), 46357, 14) }, []string{"01 points 70 because 2026-12-01"}, 4},
		{"a time as the remark", func(h *hand) { h.styled(h.ref(first, "remark"), 0.5, 20) }, []string{`01 remark "12:00"`}, 4},
		{"a share as the reason", func(h *hand) { h.score(first, 70, ""); h.styled(h.ref(first, "reason"), 0.55, 10) }, []string{"01 points 70 because 55%"}, 4},
		{"points of a format", func(h *hand) { h.score(first, 70, "x"); h.styled(h.ref(first, "override"), 59.5, 1) }, []string{"01 points 59.5 because x"}, 4},
		{"a formula with its value", func(h *hand) {
			h.score(first, 85, "x")
			require.NoError(h.t, h.SetCellFormula(h.sheet, h.ref(first, "override"), "=80+5"))
		}, []string{"01 points 85 because x"}, 4},
	}
	for _, lang := range i18n.Langs {
		raw := export(t, class(), lang)
		for _, tt := range tests {
			t.Run(tt.name+" "+string(lang), func(t *testing.T) {
				h := open(t, raw)
				tt.do(h)
				got, err := decide(t, h.bytes(), class())
				require.NoError(t, err)
				var lines []string
				for _, l := range told(got) {
					id, rest, _ := strings.Cut(l, " ")
					_, rest, _ = strings.Cut(rest, " ")
					lines = append(lines, id+" "+rest)
				}
				require.Equal(t, tt.want, lines)
				require.Equal(t, tt.same, got.Same)
				require.Empty(t, got.Conflicts)
			})
		}
	}
}

// TestWhereverItIs: sorted, filtered, moved, renamed, with what people add around it.
func TestWhereverItIs(t *testing.T) {
	raw := export(t, class(), i18n.ZH)
	type step struct {
		name string
		do   func(h *hand)
	}
	must := func(h *hand, err error) { require.NoError(h.t, err) }
	for _, s := range []step{
		{"titles above", func(h *hand) {
			must(h, h.InsertRows(h.sheet, 1, 3))
			must(h, h.SetCellStr(h.sheet, "A1", "云计算成绩"))
			must(h, h.MergeCell(h.sheet, "A1", "Q2"))
		}},
		{"a column between", func(h *hand) {
			must(h, h.InsertCols(h.sheet, "B", 2))
			must(h, h.SetCellStr(h.sheet, sheetfile.Name(2, h.top), "签名"))
		}},
		{"a column of the same kind", func(h *hand) {
			must(h, h.InsertCols(h.sheet, "A", 1))
			must(h, h.SetCellStr(h.sheet, sheetfile.Name(1, h.top), "我的改分"))
			must(h, h.SetCellInt(h.sheet, sheetfile.Name(1, h.rows[first]), 99))
		}},
		{"rows between and below", func(h *hand) {
			must(h, h.InsertRows(h.sheet, h.rows[third], 1))
			must(h, h.SetCellStr(h.sheet, sheetfile.Name(h.cols["name"], h.rows[third]), "以下为二班"))
			must(h, h.SetCellStr(h.sheet, sheetfile.Name(h.cols["id"], 20), "平均"))
			must(h, h.SetCellFloat(h.sheet, sheetfile.Name(h.cols["override"], 20), 77.77, 2, 64))
			must(h, h.SetCellFormula(h.sheet, sheetfile.Name(h.cols["override"], 20), "AVERAGE(N2:N6)"))
		}},
		{"headings again for the next page", func(h *hand) { must(h, h.DuplicateRowTo(h.sheet, h.top, h.rows[third])) }},
		{"another name, another place", func(h *hand) {
			must(h, h.SetSheetName(h.sheet, "final"))
			_, err := h.NewSheet("草稿")
			must(h, err)
			must(h, h.MoveSheet("final", "草稿"))
		}},
		{"a copy beside it", func(h *hand) {
			to, err := h.NewSheet("备份")
			must(h, err)
			from, err := h.GetSheetIndex(h.sheet)
			must(h, err)
			must(h, h.CopySheet(from, to))
		}},
		{"filtered", func(h *hand) { must(h, h.SetRowVisible(h.sheet, h.rows[first], false)) }},
		{"only hidden", func(h *hand) { must(h, h.SetSheetVisible(takeback.SheetName, false, false)) }},
	} {
		t.Run(s.name, func(t *testing.T) {
			h := open(t, raw)
			h.score(first, 70, "演示")
			h.set(second, "remark", nil)
			s.do(h)
			got, err := decide(t, h.bytes(), class())
			require.NoError(t, err)
			require.Len(t, got.Changes, 2, told(got))
			require.Equal(t, []any{first, result.SetPoints, rubric.Points(7000), "演示"}, []any{got.Changes[0].ID, got.Changes[0].Kind, got.Changes[0].Points, got.Changes[0].Reason})
			require.Equal(t, []any{second, ""}, []any{got.Changes[1].ID, *got.Changes[1].Remark})
			require.Equal(t, 3, got.Same)
		})
	}
}

// TestColumnsOfOneName: a roster may have a column that is called like ours.
func TestColumnsOfOneName(t *testing.T) {
	d := class()
	d.Headings = []string{"备注", "改分"}
	for i := range d.Students {
		d.Students[i].Columns = map[string]string{"备注": "走读", "改分": "12"}
	}
	h := open(t, export(t, d, i18n.ZH))
	h.set(first, "remark", "新的")
	got, err := decide(t, h.bytes(), d)
	require.NoError(t, err)
	require.Equal(t, []string{"01 " + h.ref(first, "remark") + ` remark "新的"`}, told(got))
	require.Equal(t, 4, got.Same)
}

// TestRowsThatAreGone are left as they are.
func TestRowsThatAreGone(t *testing.T) {
	h := open(t, export(t, class(), i18n.ZH))
	require.NoError(t, h.RemoveRow(h.sheet, h.rows[second]))
	got, err := decide(t, h.bytes(), class())
	require.NoError(t, err)
	require.Empty(t, got.Changes)
	require.Equal(t, []string{second}, got.Absent)
}

// TestWhoCameLater: a row for somebody of the class who was not in the export.
func TestWhoCameLater(t *testing.T) {
	d := class()
	d.Students = d.Students[:4]
	h := open(t, export(t, d, i18n.ZH))
	h.rows[fifth] = h.rows[fourth] + 1
	h.set(fifth, "id", fifth)
	got, err := decide(t, h.bytes(), class())
	require.NoError(t, err)
	require.Equal(t, 5, got.Same)
	h.score(fifth, 30, "转班")
	got, err = decide(t, h.bytes(), class())
	require.NoError(t, err)
	require.Equal(t, []string{"05 " + h.ref(fifth, "override") + " points 30 because 转班"}, told(got))
	now := class() // and something is set for them already
	now.Students[4].Annotate([]result.Change{change(result.SetPoints, 10, "x")}, now.Rubric)
	got, err = decide(t, h.bytes(), now)
	require.NoError(t, err)
	require.Len(t, got.Conflicts, 1)
}

// text is an error in a language.
func text(err error, lang i18n.Lang) string {
	var problems diag.Problems
	if !errors.As(err, &problems) {
		return fmt.Sprint(err)
	}
	return problems.Render(lang)
}

// TestRefusals: each with the cell, what is wrong and what to do, all at once.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		do   func(h *hand)
		want string // "{override}" is the cell of the first student's, and so on
	}{
		{"no number", func(h *hand) { h.score(first, "优", "x") },
			"mini.xlsx:{sheet}!{override}: \"优\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"a word for absent", func(h *hand) { h.score(first, "缺考", "x") },
			"mini.xlsx:{sheet}!{override}: \"缺考\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"a fraction", func(h *hand) { h.score(first, "85/100", "x") },
			"mini.xlsx:{sheet}!{override}: \"85/100\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"a comma", func(h *hand) { h.score(first, "85,5", "x") },
			"mini.xlsx:{sheet}!{override}: \"85,5\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"hexadecimal", func(h *hand) { h.score(first, "0x10", "x") },
			"mini.xlsx:{sheet}!{override}: \"0x10\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"an exponent", func(h *hand) { h.score(first, "1e2", "x") },
			"mini.xlsx:{sheet}!{override}: \"1e2\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"a sign", func(h *hand) { h.score(first, "+5", "x") },
			"mini.xlsx:{sheet}!{override}: \"+5\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"half a number", func(h *hand) { h.score(first, ".5", "x") },
			"mini.xlsx:{sheet}!{override}: \".5\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"grouped digits", func(h *hand) { h.score(first, "1_000", "x") },
			"mini.xlsx:{sheet}!{override}: \"1_000\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"infinite", func(h *hand) { h.score(first, "inf", "x") },
			"mini.xlsx:{sheet}!{override}: \"inf\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"no number at all", func(h *hand) { h.score(first, "NaN", "x") },
			"mini.xlsx:{sheet}!{override}: \"NaN\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"true", func(h *hand) { h.score(first, true, "x") },
			"mini.xlsx:{sheet}!{override}: \"TRUE\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"three places", func(h *hand) { h.score(first, 66.667, "x") },
			"mini.xlsx:{sheet}!{override}: \"66.667\" has more than two decimal places\n    → write at most two"},
		{"negative", func(h *hand) { h.score(first, -1, "x") },
			"mini.xlsx:{sheet}!{override}: the total of student 0020240101 can't be set to -1: it takes 0 to 100\n    → write a number from 0 to the maximum"},
		{"above the maximum", func(h *hand) { h.score(first, 100.5, "bonus") },
			"mini.xlsx:{sheet}!{override}: the total of student 0020240101 can't be set to 100.5: it takes 0 to 100\n    → write a number from 0 to the maximum"},
		{"far above", func(h *hand) { h.score(first, 1e12, "x") },
			"mini.xlsx:{sheet}!{override}: the total of student 0020240101 can't be set to 1000000000: it takes 0 to 100\n    → write a number from 0 to the maximum"},
		{"a time", func(h *hand) { h.score(first, nil, "x"); h.styled(h.ref(first, "override"), 0.5, 20) },
			"mini.xlsx:{sheet}!{override}: this cell is a date or a time (12:00), not points\n    → set the cell's format to General and write the points again"},
		{"a percentage", func(h *hand) { h.score(first, nil, "x"); h.styled(h.ref(first, "override"), 0.85, 9) },
			"mini.xlsx:{sheet}!{override}: this cell is a percentage, not points\n    → set the cell's format to General and write points"},
		{"a formula without its value", func(h *hand) {
			require.NoError(h.t, h.SetCellFormula(h.sheet, h.ref(first, "override"), "=80+5"))
		}, "mini.xlsx:{sheet}!{override}: this cell is a formula, and what it comes to was not saved\n    → type the value itself, or open the workbook in Excel or WPS and save it again"},
		{"an ID of too many digits", func(h *hand) {
			h.another()
			h.set("x", "id", 123456789012345678)
			h.score("x", 85, "y")
		}, "mini.xlsx:{sheet}!{x:id}: ID 123456789012345678 is stored as a number of more than 15 digits; its last ones are no longer right\n    → set the ID column to the format Text and paste the IDs again from the export"},
		{"no reason", func(h *hand) { h.set(first, "override", 85) },
			"mini.xlsx:{sheet}!{reason}: the score of student 0020240101 was set with no reason\n    → say why in this cell, the student may ask; or clear the override"},
		{"excused with no reason", func(h *hand) { h.set(first, "override", "免") },
			"mini.xlsx:{sheet}!{reason}: the score of student 0020240101 was set with no reason\n    → say why in this cell, the student may ask; or clear the override"},
		{"a reason of blanks", func(h *hand) { h.score(first, 85, " 　\u200b") },
			"mini.xlsx:{sheet}!{reason}: the score of student 0020240101 was set with no reason\n    → say why in this cell, the student may ask; or clear the override"},
		{"only a reason", func(h *hand) { h.set(first, "reason", "现场演示过") },
			"mini.xlsx:{sheet}!{override}: there is a reason for student 0020240101, but no points\n    → write the points in this cell; a word to the student goes into the remark"},
		{"too many words", func(h *hand) { h.set(first, "remark", strings.Repeat("长", 1001)) },
			"mini.xlsx:{sheet}!{remark}: the text has more than 1000 characters\n    → say it in fewer words; details belong in a file of your own"},
		{"a row twice", func(h *hand) {
			h.another()
			require.NoError(h.t, h.DuplicateRowTo(h.sheet, h.rows[first], h.rows["x"]))
		},
			"mini.xlsx:{sheet}!{x:id}: student 0020240101 has two rows, the other one at {id}\n    → keep one of them"},
		{"merged", func(h *hand) {
			h.score(first, 85, "x")
			require.NoError(h.t, h.MergeCell(h.sheet, h.ref(first, "override"), h.ref(second, "override")))
		}, "mini.xlsx:{sheet}!{id}: a cell of student 0020240101 was merged with another row's; it is unclear whose it is\n    → unmerge it and write each student's own\n" +
			"mini.xlsx:{sheet}!{second:id}: a cell of student 0020240102 was merged with another row's; it is unclear whose it is\n    → unmerge it and write each student's own"},
		{"nobody's", func(h *hand) {
			h.another()
			h.set("x", "id", "999")
			h.score("x", 85, "y")
		}, "mini.xlsx:{sheet}!{x:id}: class mini has no student 999\n    → correct the ID, or clear what was typed in this row; put new students on the roster first"},
		{"an ID that has become a number", func(h *hand) { h.set(first, "id", 20240101); h.score(first, 85, "y") },
			"mini.xlsx:{sheet}!{id}: class mini has no student 20240101\n    → is 0020240101 meant? Set the ID column to the format Text and type it again"},
		{"no ID", func(h *hand) { h.set(first, "id", nil); h.score(first, 85, "y") },
			"mini.xlsx:{sheet}!{override}: row {row} has no ID, but \"85\" was typed there\n    → type it in the student's row, or clear it"},
		{"sorted in part", func(h *hand) {
			h.set(first, "name", "学生B")
			h.set(second, "name", "学生A")
			h.score(first, 85, "y")
		},
			"mini.xlsx:{sheet}!{name}: the name in the row of 0020240101 is \"学生B\", and was \"学生A\" when it was exported: was only part of the table sorted?\n    → undo that and sort the whole table; a name that was corrected has to be put back first"},
		{"a sheet's name with a blank", func(h *hand) {
			require.NoError(h.t, h.SetSheetName(h.sheet, "it's mine"))
			h.sheet = "it's mine"
			h.score(first, "x", "y")
		}, "mini.xlsx:'it''s mine'!{override}: \"x\" is no number of points\n    → write a number such as 85 or 88.5, or \"excused\"; leave it blank to set nothing"},
		{"headings twice", func(h *hand) {
			require.NoError(h.t, h.SetCellStr(h.sheet, h.head(2), "改分"))
			require.NoError(h.t, h.SetCellStr(h.sheet, h.head(3), "改分"))
		}, "mini.xlsx:{sheet}!{head}: 3 columns are called \"改分\", and 1 was when it was exported; it is unclear which to read\n    → rename the column that was added, or put back the one that was deleted"},
		{"a heading gone", func(h *hand) {
			require.NoError(h.t, h.SetCellStr(h.sheet, sheetfile.Name(h.cols["override"], h.top), "加分"))
		},
			"mini.xlsx: the headings (学号, 改分, 改分理由, 备注) are nowhere: they were in the sheet \"{sheet}\" when it was exported; the first 12 rows with something in them are looked at\n    → put back the headings that were changed or deleted"},
		{"two candidates", func(h *hand) {
			to, err := h.NewSheet("备份")
			require.NoError(h.t, err)
			require.NoError(h.t, h.CopySheet(0, to))
			require.NoError(h.t, h.SetSheetName(h.sheet, "新"))
		}, "mini.xlsx: several sheets look like the one to read: 新, 备份\n    → keep the one that was filled in, or give it back the name that it was exported under"},
		{"no origin", func(h *hand) { require.NoError(h.t, h.DeleteSheet(takeback.SheetName)) },
			"mini.xlsx: this is no workbook of grade export of the whole class: it is one of a part (--task, --students) or of an older version, or none at all: it has no hidden sheet _grade\n    → export anew (grade export) and type overrides, reasons and remarks there, or set them one by one with grade override"},
		{"of a newer program", func(h *hand) { require.NoError(h.t, h.SetCellStr(takeback.SheetName, "B1", "swarmgrade-workbook/9")) },
			"mini.xlsx: this workbook was exported by a newer version (swarmgrade-workbook/9)\n    → take it back with the newer grade"},
	}
	raw := export(t, class(), i18n.ZH)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, raw)
			tt.do(h)
			got, err := decide(t, h.bytes(), class())
			require.Nil(t, got)
			want := tt.want
			for key := range h.cols {
				want = strings.ReplaceAll(want, "{"+key+"}", h.ref(first, key))
			}
			want = strings.NewReplacer("{sheet}", h.sheet, "{second:id}", h.ref(second, "id"), "{x:id}", sheetfile.Name(h.cols["id"], h.rows["x"]),
				"{row}", fmt.Sprint(h.rows[first]), "{head}", h.head(3)).Replace(want)
			require.Equal(t, want, text(err, i18n.EN))
			for _, lang := range i18n.Langs {
				require.NotRegexp(t, `import\.|\{[a-z]+\}`, text(err, lang))
			}
		})
	}
	t.Run("all at once, in the order of the rows", func(t *testing.T) {
		h := open(t, raw)
		h.score(third, -5, "x")
		h.score(first, "x", "")
		h.score(second, 90, "")
		_, err := decide(t, h.bytes(), class())
		var problems diag.Problems
		require.ErrorAs(t, err, &problems)
		var at []string
		for _, p := range problems {
			at = append(at, strings.TrimPrefix(p.Pos.File, "mini.xlsx:"+h.sheet+"!"))
		}
		require.Equal(t, []string{h.ref(first, "override"), h.ref(second, "reason"), h.ref(third, "override")}, at)
	})
	t.Run("a check's reason is none of the total's", func(t *testing.T) {
		h := open(t, raw)
		h.set(fourth, "override", 75)
		_, err := decide(t, h.bytes(), class())
		require.Contains(t, text(err, i18n.EN), "the total of student 0020240104 was set, but the reason is the one that was exported")
	})
	t.Run("the reason of being excused is none of points", func(t *testing.T) {
		for id, value := range map[string]any{third: 0, second: "免计"} {
			h := open(t, raw)
			h.set(id, "override", value)
			_, err := decide(t, h.bytes(), class())
			require.Contains(t, text(err, i18n.EN), "!"+h.ref(id, "reason")+": student "+id+" was changed between excused and points, but the reason is the one that was exported")
		}
	})
	t.Run("no longer in the class", func(t *testing.T) {
		now := class()
		now.Students = now.Students[1:]
		h := open(t, raw)
		_, err := decide(t, h.bytes(), now)
		require.NoError(t, err, "who left and was not touched is no mistake")
		h.score(first, 75, "x")
		_, err = decide(t, h.bytes(), now)
		require.Contains(t, text(err, i18n.EN), "mini.xlsx:"+h.sheet+"!"+h.ref(first, "id")+": class mini has no student 0020240101")
	})
	t.Run("damaged", func(t *testing.T) {
		now := class()
		now.Students[0] = result.Student{ID: first, Name: "学生A", Damaged: true}
		h := open(t, raw)
		h.score(first, 75, "x")
		_, err := decide(t, h.bytes(), now)
		require.Contains(t, text(err, i18n.EN), "the records of student 0020240101 are damaged")
	})
	t.Run("many", func(t *testing.T) {
		h := open(t, raw)
		for i := range 150 {
			h.rows["x"] = 20 + i
			h.set("x", "id", fmt.Sprint(1000+i))
			h.score("x", 1, "y")
		}
		_, err := decide(t, h.bytes(), class())
		var problems diag.Problems
		require.ErrorAs(t, err, &problems)
		require.Len(t, problems, 101)
		require.Equal(t, 150, problems.Count())
		require.Contains(t, text(err, i18n.EN), "mini.xlsx: 50 more places")
	})
}

// TestConflicts: what was changed since the export is not overwritten.
func TestConflicts(t *testing.T) {
	raw := export(t, class(), i18n.EN)
	since := func(i int, changes ...result.Change) func(*result.Data) {
		return func(d *result.Data) {
			s := &d.Students[i]
			s.Annotate(append(slices.Clone(s.History), changes...), d.Rubric)
		}
	}
	again := func(i int) func(*result.Data) {
		return func(d *result.Data) { d.Students[i].Attempts[0].Run = "20241122-080000" }
	}
	tests := []struct {
		name  string
		do    func(h *hand)
		since func(d *result.Data)
		want  string // "" for none
	}{
		{"total set since", func(h *hand) { h.score(first, 70, "x") }, since(0, change(result.SetPoints, 90, "口试")),
			"the total of student 0020240101 was set by hand since the export (wang 2024-11-21 10:30, because: 口试); it is not overwritten"},
		{"set and taken back since", func(h *hand) { h.score(first, 70, "x") }, since(0, change(result.SetPoints, 90, "口试"), change(result.Remove, 0, "错了")),
			"what was set by hand of the total of student 0020240101 was taken back since the export (wang 2024-11-21 10:30, because: 错了); it is not overwritten"},
		{"set since, cleared here", func(h *hand) { h.score(second, nil, "") }, since(1, change(result.SetPoints, 90, "口试")),
			"the total of student 0020240102 was set by hand since the export (wang 2024-11-21 10:30, because: 口试); it is not overwritten"},
		{"remark since", func(h *hand) { h.set(first, "remark", "a") }, since(0, remark("b")),
			"the remark of student 0020240101 was changed since the export (wang 2024-11-21 10:30: \"b\"); it is not overwritten"},
		{"remark since, points here", func(h *hand) { h.score(first, 70, "x") }, since(0, remark("b")), ""},
		{"points since, remark here", func(h *hand) { h.set(first, "remark", "a") }, since(0, change(result.SetPoints, 90, "口试")), ""},
		{"a check since", func(h *hand) { h.score(first, 70, "x") }, since(0, result.Change{Task: "1", Check: "task1.web", Kind: result.SetPoints, Reason: "r"}), ""},
		{"untouched here", func(*hand) {}, since(0, change(result.SetPoints, 90, "口试"), remark("b")), ""},
		{"the same since", func(h *hand) { h.score(first, 70, "x") }, since(0, change(result.SetPoints, 70, "x")), ""},
		{"graded since", func(h *hand) { h.score(first, 70, "x") }, again(0),
			"student 0020240101 was graded, or judged, again since the export (20241122-080000); what was typed here looked at an older score and is not taken"},
		{"graded since, remark here", func(h *hand) { h.set(first, "remark", "a") }, again(0), ""},
		{"another graded since", func(h *hand) { h.score(first, 70, "x") }, again(1), ""},
		{"an older gradebook", func(h *hand) { h.score(second, 70, "x") },
			func(d *result.Data) { d.Students[1].Annotate(nil, d.Rubric) },
			"the workbook knows of 2 changes by hand of student 0020240102, the gradebook of 0: the gradebook is older"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, raw)
			tt.do(h)
			now := class()
			tt.since(now)
			got, err := decide(t, h.bytes(), now)
			require.NoError(t, err)
			if tt.want == "" {
				require.Empty(t, got.Conflicts)
				return
			}
			require.Empty(t, got.Changes, told(got))
			require.Len(t, got.Conflicts, 1)
			c := got.Conflicts[0]
			require.Equal(t, tt.want, i18n.EN.Text(c.Msg))
			require.Contains(t, i18n.EN.Text(c.Hint), "--skip-conflicts")
			require.True(t, strings.HasPrefix(c.Pos.File, "mini.xlsx:"+h.sheet+"!"), c.Pos.File)
		})
	}
	t.Run("of one student nothing is taken, others are", func(t *testing.T) {
		h := open(t, raw)
		h.score(first, 70, "x")
		h.set(first, "remark", "a")
		h.score(third, 50, "y")
		now := class()
		since(0, change(result.SetPoints, 90, "口试"))(now)
		got, err := decide(t, h.bytes(), now)
		require.NoError(t, err)
		require.Len(t, got.Conflicts, 1)
		require.Len(t, got.Changes, 1)
		require.Equal(t, third, got.Changes[0].ID)
	})
}

// TestSentences: each complaint of the package has a sentence, and one of what to do.
func TestSentences(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	named := regexp.MustCompile(`\b(?:complain\(|whole\([a-z.A-Z]+, |add\()"([a-z_]+)"`)
	n := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range named.FindAllStringSubmatch(string(source), -1) {
			n++
			for _, key := range []string{"import." + m[1], "import." + m[1] + "_hint"} {
				_, ok := i18n.EN.Raw(key)
				require.True(t, ok, "%s: %s", file, key)
			}
		}
	}
	require.Greater(t, n, 25)
}

// TestFilesThatAreNone: whatever is named.
func TestFilesThatAreNone(t *testing.T) {
	for name, data := range map[string]string{"empty": "", "text": "学号,姓名\n", "old Excel": "\xD0\xCF\x11\xE0", "zip": "PK\x03\x04"} {
		_, err := takeback.Read(t.Context(), []byte(data), "x.xlsx")
		var problems diag.Problems
		require.ErrorAs(t, err, &problems, name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := takeback.Read(ctx, export(t, class(), i18n.ZH), "x.xlsx")
	require.ErrorIs(t, err, context.Canceled)
}
