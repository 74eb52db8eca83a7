package roster_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// export is a roster as a school's system writes it. All name the same two
// students; class is in which column theirs is found, notes how many rows are
// said to be left out.
type export struct {
	name, text, class string
	notes             int
}

var exports = []export{
	{name: "a line break in a column that nothing needs", class: "班级", text: "课程序号,课程名称,学号,姓名,班级,授课教师,课程安排\n" +
		"C7.01,云计算,0020240101,张三,一班,\"周老师,吴老师\",\"周一 1-2节\n周三 3-4节\"\n" +
		"C7.01,云计算,0020240102,李四,二班,\"周老师,吴老师\",\"周一 1-2节\n周三 3-4节\"\n"},
	{name: "a notice above, required marks", class: "所在班级(必填)", text: "填写须知：1.带（必填）的列要填；2.不要改表头,,,\n" +
		"账号,学生姓名(必填),学号,所在班级(必填)\nu1,张三,0020240101,一班\nu2,李四,0020240102,二班\n"},
	{name: "required marks on both", class: "班级名称(*)", text: "学生姓名（必填）,学号(必填),性别,班级名称(*)\n张三,0020240101,女,一班\n李四,0020240102,男,二班\n"},
	{name: "stars", class: "班级", text: "*学号,姓 名 *,班级\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "full-width stars and brackets", class: "班级", text: "学号（＊）,＊姓名【必填项】,班级\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "a remark in brackets", class: "班级", text: "学号（10位，不足补0）,姓名(与身份证一致),班级\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "students and staff", class: "班级", text: "学院,学号/工号,姓名,班级,排名\n信息学院,0020240101,张三,一班,1\n信息学院,0020240102,李四,二班,2\n"},
	{name: "staff first, full-width slash", class: "班级", text: "工号／学号,真实姓名,班级\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "two languages", class: "班级 Class", text: "学号 Student No.,姓名/Name,班级 Class\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "two languages on two lines", class: "班级 Class", text: "\"学号\nStudent ID\",\"姓名\nName\",\"班级\nClass\"\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "blanks inside", class: "班 级", text: "学　号,姓　　名,班　级\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "another number beside", class: "班级", text: "id,学籍号,学号,姓名,班级\n1,G11,0020240101,张三,一班\n2,G12,0020240102,李四,二班\n"},
	{name: "an exam's number alone", class: "班级", text: "考号,姓名,班级\n0020240101,张三,一班\n0020240102,李四,二班\n"},
	{name: "titles and a signature", class: "年级专业", notes: 2, text: "某大学点名表,,,,\n2026-2027学年秋季学期,,,,\n课程：云计算,,教师：周老师,,\n选课人数：2,,,,\n,,,,\n" +
		"序号,学号,姓名,年级专业,签到\n1,0020240101,张三,一班,\n2,0020240102,李四,二班,\n注：本表于2026-09-01打印,,,,\n任课教师签字：,,,日期：,\n"},
	{name: "the ID first, remarks under it", class: "班级", notes: 4, text: "学号,姓名,班级\n0020240101,张三,一班\n0020240102,李四,二班\n" +
		"备注：本表由教务处打印,,\n任课教师签字：,周老师,\n合计,2人,\n第 1 页,共 1 页,\n"},
	{name: "sums", class: "班级", notes: 3, text: "序号,学号,姓名,成绩,成绩,班级,备注,备注\n1,0020240101,张三,90,80,一班,,\n2,0020240102,李四,91,81,二班,,\n" +
		"合计,,2人,,,,,\n平均,,,90.5,80.5,,,\n总人数,2,,,,,,\n"},
	{name: "a heading on every page", class: "班级", notes: 1, text: "点名表,,\n学号,姓名,班级\n0020240101,张三,一班\n点名表,,\n学号,姓名,班级\n0020240102,李四,二班\n"},
	{name: "sections", class: "班级", notes: 2, text: "学号,姓名,班级\n一班（1人）,,\n0020240101,张三,一班\n二班（1人）,,\n0020240102,李四,二班\n"},
	{name: "Excel's own tricks", class: "班级", text: "学号,姓名,班级\n=\"0020240101\",=\"张三\",一班\n'0020240102\t,\" 李四 \",\"=\"\"二班\"\"\"\n"},
	{name: "invisible characters around", class: "班级", text: "\ufeff学号\u200b,姓名,班级\n\u00a00020240101\u200b,张三\u3000,一班\u200e\n\ufeff0020240102,李四,二班\n"},
	{name: "a learning platform in English", class: "Section", notes: 1, text: "Student,ID,SIS User ID,Section\n    Points Possible,,,\n张三,8101,0020240101,一班\n李四,8102,0020240102,二班\n"},
	{name: "an overlong remark", class: "班级", text: "学号,姓名,班级,备注\n0020240101,张三,一班," + strings.Repeat("长", 3000) + "\n0020240102,李四,二班,\n"},
}

// check holds a list against the two students.
func (e export) check(t *testing.T, list *roster.List) {
	t.Helper()
	require.Len(t, list.Students, 2)
	for i, want := range [][3]string{{"0020240101", "张三", "一班"}, {"0020240102", "李四", "二班"}} {
		s := list.Students[i]
		require.Equal(t, want, [3]string{s.ID, s.Name, s.Columns[e.class]})
		for _, v := range s.Columns {
			require.NotContains(t, v, "\n")
			require.LessOrEqual(t, len([]rune(v)), 1000)
		}
	}
	if e.notes == 0 {
		require.Empty(t, list.Notes)
		return
	}
	require.Len(t, list.Notes, 1)
	require.Equal(t, "roster.left_out", list.Notes[0].Msg.Key)
	require.Equal(t, e.notes, list.Notes[0].Msg.Args["n"])
}

// TestExports reads each in every encoding, with every separator and as a
// workbook.
func TestExports(t *testing.T) {
	for _, e := range exports {
		t.Run(e.name, func(t *testing.T) {
			files := map[string][]byte{"utf-8": []byte(e.text), "bom": []byte("\ufeff" + strings.TrimPrefix(e.text, "\ufeff")), "xlsx": asBook(t, e.text)}
			if !strings.ContainsAny(e.text, "\ufeff\u200b\u200e\u00a0") {
				files["gbk"] = []byte(gbk(t, e.text))
			}
			for sep, name := range map[string]string{"\t": "tab", ";": "semicolon"} {
				if !strings.Contains(e.text, `"`) && !strings.Contains(e.text, sep) {
					files[name] = []byte(strings.ReplaceAll(e.text, ",", sep))
				}
			}
			for name, data := range files {
				t.Run(name, func(t *testing.T) {
					list, err := roster.ReadRoster(t.Context(), data, "r")
					require.NoError(t, err)
					e.check(t, list)
				})
			}
		})
	}
}

// asBook is a csv text as a workbook of text cells.
func asBook(t *testing.T, text string) []byte {
	var table [][]any
	for _, w := range roster.Split(text) {
		var row []any
		for _, v := range w {
			if v != "" {
				row = append(row, v)
			} else {
				row = append(row, nil)
			}
		}
		table = append(table, row)
	}
	return book(t, table, nil)
}

func TestDoubledHeadingsKeepBothColumns(t *testing.T) {
	list, err := roster.ReadRoster(t.Context(), []byte("学号,姓名,成绩,成绩,成绩\n1,张三,90,80,70\n"), "r.csv")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"成绩": "90", "成绩 (2)": "80", "成绩 (3)": "70"}, list.Students[0].Columns)
	require.Equal(t, "成绩", list.Headings[1].Twice)
}

func TestStudentsAreNotTakenForFooters(t *testing.T) {
	for text, want := range map[string]string{
		"统计学院,,张三\n":      "r.csv:2:6: 没有学号",
		"1,001,\n":        "r.csv:2:7: 没有姓名",
		"1,２００１,\n":       "r.csv:2:3: 学号“２００１”里有全角字符",
		"1,2.02E+11,\n":   "r.csv:2:3: 学号成了科学记数法：2.02E+11，后几位数字已经丢了",
		"合计,2024001,张三\n": "",
		"注,软工01,张三\n":     "",
	} {
		list, err := roster.ReadRoster(t.Context(), []byte("序号,学号,姓名\n"+text), "r.csv")
		if want == "" {
			require.NoError(t, err, text)
			require.Len(t, list.Students, 1, text)
			continue
		}
		require.Error(t, err, text)
		require.Equal(t, want, firstLine(t, err), text)
	}
}

// TestNotes: what can be used but looks like a slip names its rows.
func TestNotes(t *testing.T) {
	tests := []struct{ name, rows, want string }{
		{"nothing", "2024001,a\n2024002,b\n", ""},
		{"all of them have letters", "A01,a\nB02,b\n", ""},
		{"lost zeros", "0020240101,a\n0020240102,b\n20240103,c\n20240104,d\n0020240105,e\n",
			"第 4-5 行的学号（20240103、20240104）比多数人的短，多数人是 10 位：开头的 0 可能丢了"},
		{"most have lost them", "20240101,a\n20240102,b\n20240103,c\n1120240104,d\n",
			"第 5 行的学号（1120240104）比多数人的长，多数人是 8 位：多了一位，或者多数人开头的 0 丢了"},
		{"a letter", "202401010101,a\n202401010102,b\n2024010101O3,c\n", "第 4 行的学号里有不是数字的字符（2024010101O3），别人的学号全是数字"},
		{"one person twice", "0012,a\n0013,b\n12,c\n", "第 4 行的学号（12）比多数人的短，多数人是 4 位：开头的 0 可能丢了 / 第 2、4 行的学号（0012、12）只差开头的 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, err := roster.ReadRoster(t.Context(), []byte("id,name\n"+tt.rows), "r.csv")
			require.NoError(t, err)
			var got []string
			for _, n := range list.Notes {
				got = append(got, i18n.ZH.Text(n.Msg))
			}
			require.Equal(t, tt.want, strings.Join(got, " / "))
		})
	}
	_, err := roster.ReadRoster(t.Context(), []byte("id,name\n202401010101,a\n202401010102,b\n2024010101O3,c\n２,d\n"), "r.csv")
	require.ErrorContains(t, err, "is 2024010101O3 meant to be 202401010103?", "with what is wrong comes what is odd")
}

func TestXLSXOfSchools(t *testing.T) {
	data := book(t, [][]any{
		{"2026 秋季点名表"},
		{"行政班", "学号", "姓名", "平时", nil},
		{nil, nil, nil, "一", "二"},
		{"软工一班", "0020240101", "张三", 0.1 + 0.2},
		{nil, 20240102, "李四", 90, nil, nil, "旁注"},
		{"软工二班", 1120240103, "王五", 1e21},
	}, func(f *excelize.File) {
		require.NoError(t, f.MergeCell("Sheet1", "A1", "E1"))
		require.NoError(t, f.MergeCell("Sheet1", "A2", "A3"))
		require.NoError(t, f.MergeCell("Sheet1", "A4", "A5"))
		require.NoError(t, f.SetRowVisible("Sheet1", 6, false))
		for name, state := range map[string]bool{"旧名单": false, "空白": true} {
			_, err := f.NewSheet(name)
			require.NoError(t, err)
			require.NoError(t, f.SetSheetRow(name, "A1", &[]any{"学号", "姓名"}))
			if !state {
				require.NoError(t, f.SetSheetRow(name, "A2", &[]any{"1", "x"}))
				require.NoError(t, f.SetSheetVisible(name, false))
			}
		}
	})
	list, err := roster.ReadRoster(t.Context(), data, "r.xlsx")
	require.NoError(t, err)
	require.Len(t, list.Students, 3)
	require.Equal(t, map[string]string{"行政班": "软工一班", "平时": "0.3"}, list.Students[0].Columns)
	require.Equal(t, map[string]string{"行政班": "软工一班", "平时": "90"}, list.Students[1].Columns, "a merged cell stands for its rows")
	var notes []string
	for _, n := range list.Notes {
		notes = append(notes, n.Msg.Key)
	}
	require.Equal(t, []string{"roster.left_out", "roster.hidden", "roster.short_id"}, notes)
}
