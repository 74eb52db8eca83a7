package roster_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

const plain = "学号,姓名,班级\n0020240101,张三,一班\n0020240102,李四,二班\n"

// read gives the students alone.
func read(t testing.TB, data []byte, file string) ([]roster.Student, error) {
	t.Helper()
	list, err := roster.ReadRoster(t.Context(), data, file)
	if err != nil {
		require.Nil(t, list)
		return nil, err
	}
	return list.Students, nil
}

func gbk(t testing.TB, s string) string {
	t.Helper()
	out, err := simplifiedchinese.GBK.NewEncoder().String(s)
	require.NoError(t, err)
	return out
}

func utf16(t testing.TB, s string, order unicode.Endianness) string {
	t.Helper()
	out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(s)
	require.NoError(t, err)
	return out
}

// TestCSVForms reads one roster in every form that spreadsheets write.
func TestCSVForms(t *testing.T) {
	forms := map[string]string{
		"utf-8":       plain,
		"bom":         "\ufeff" + plain,
		"gbk":         gbk(t, plain),
		"utf-16le":    utf16(t, plain, unicode.LittleEndian),
		"utf-16be":    utf16(t, plain, unicode.BigEndian),
		"semicolon":   strings.ReplaceAll(plain, ",", ";"),
		"tab":         strings.ReplaceAll(plain, ",", "\t"),
		"crlf":        strings.ReplaceAll(plain, "\n", "\r\n"),
		"quoted":      "\"学号\",\"姓名\",\"班级\"\n\"0020240101\",\"张三\",\"一班\"\n\"0020240102\",\"李四\",\"二班\"\n",
		"no last end": strings.TrimSuffix(plain, "\n"),
		"blank lines": "\n\n学号,姓名,班级\n\n0020240101,张三,一班\n,,\n  , \t,\n0020240102,李四,二班\n\n",
		"title rows":  "云计算 2024A 班名单\n导出时间：2026-09-01,,\n\n学号,姓名,班级\n0020240101,张三,一班\n0020240102,李四,二班\n",
		"sep= line":   "sep=;\n" + strings.ReplaceAll(plain, ",", ";"),
		"order":       "姓名,班级,学号\n张三,一班,0020240101\n李四,二班,0020240102\n",
		"english":     "Student ID,Full Name,班级\n0020240101,张三,一班\n0020240102,李四,二班\n",
		"spaces":      "学号 , 姓 名,班级\n 0020240101\t,　张三　,一班\n0020240102 ,李四,二班\n",
		"long heads":  "学生学号,学生姓名,班级\n0020240101,张三,一班\n0020240102,李四,二班\n",
		"short rows":  "学号,姓名,班级,备注\n0020240101,张三,一班\n0020240102,李四,二班\n",
		"no heading":  "学号,姓名,班级,\n0020240101,张三,一班,\n0020240102,李四,二班\n",
	}
	for name, text := range forms {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, []byte(text), "r.csv")
			require.NoError(t, err)
			require.Len(t, got, 2)
			require.Equal(t, "0020240101", got[0].ID)
			require.Equal(t, "张三", got[0].Name)
			require.Equal(t, map[string]string{"班级": "一班"}, got[0].Columns)
			require.Equal(t, "0020240102", got[1].ID)
		})
	}
}

func TestCSVPlace(t *testing.T) {
	got, err := read(t, []byte("名单\n姓名,学号\n\n\"三,张\",\"0020240101\"\n"), "r.csv")
	require.NoError(t, err)
	require.Equal(t, diag.Pos{File: "r.csv", Line: 4, Col: 7}, got[0].Pos)
	require.Equal(t, `"三,张","0020240101"`, got[0].Source)
	require.Equal(t, "三,张", got[0].Name)
}

func TestCSVErrors(t *testing.T) {
	const h = "学号,姓名\n"
	tests := []struct{ name, in, want string }{
		{"empty", "", "r.csv: 名单是空的"},
		{"heading only", h, "r.csv: 名单里一个学生也没有"},
		{"no heading", "1,张三\n2,李四\n", "r.csv:1:1: 前 20 行里没有找到表头"},
		{"heading too late", strings.Repeat("x\n", 20) + h + "1,张三\n", "r.csv:1:1: 前 20 行里没有找到表头"},
		{"no name", "学号,班级\n1,一班\n", "r.csv:1:1: 有学号列，没有姓名列"},
		{"wide comma", "学号，姓名\n1，张三\n", "r.csv:1:1: 列之间用的是全角逗号"},
		{"two ids", "学号,Student ID,姓名\n1,2,张三\n", "r.csv:1:4: “学号”和“Student ID”指的是同一种内容，不知道该用哪一列"},
		{"duplicate", h + "001,张三\n002,李四\n 001 ,王五\n", "r.csv:4:1: 学号 001 出现了两次，第一次在第 2 行"},
		{"what a formula shows", h + "#N/A,张三\n", "r.csv:2:1: 这一格是公式出错的结果 #N/A"},
		{"blank id", h + ",张三\n", "r.csv:2:1: 没有学号"},
		{"blank name", h + "1,\n", "r.csv:2:3: 没有姓名"},
		{"excel", h + "2.02E+11,张三\n", "r.csv:2:1: 学号成了科学记数法：2.02E+11，后几位数字已经丢了"},
		{"decimal", h + "2024001.0,张三\n", "r.csv:2:1: 学号带了小数：2024001.0"},
		{"full width", h + "２０２４００１,张三\n", "r.csv:2:1: 学号“２０２４００１”里有全角字符"},
		{"control", h + "20\x1b[31m,张三\n", "r.csv:2:1: 这里有一个看不见的字符 U+001B"},
		{"direction", h + "20\u202e1,张三\n", "r.csv:2:1: 这里有一个看不见的字符 U+202E"},
		{"zero width inside", h + "20\u200b1,张三\n", "r.csv:2:1: 这里有一个看不见的字符 U+200B"},
		{"name over two lines", h + "1,\"张\n三\"\n", "r.csv:2:3: 这里有一个看不见的字符 U+000A"},
		{"space", h + "2024 001,张三\n", "r.csv:2:1: 学号“2024 001”中间有空白"},
		{"long", h + strings.Repeat("9", 65) + ",张三\n", "r.csv:2:1: 学号 " + strings.Repeat("9", 59) + "… 超过 64 个字符"},
		{"comma in name", h + "1,Zhang, San\n", "r.csv:2:9: 表头只有 2 列，这里多出一格“ San”"},
		{"quote", h + "1,张\"三\n2,李四\n", "r.csv:2:4: 引号不成对，这一行读不懂"},
		{"open quote", h + "1,\"张三\n2,李四\n", "r.csv:2: 引号不成对，这一行读不懂"},
		{"html", "<html><table></table></html>", "r.csv: 这个文件其实是网页（HTML），不是表格"},
		{"xls", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "r.csv: 这是旧版 Excel 文件（.xls），或者加了密码"},
		{"encoding", "\xff\xff\x80", "r.csv: 看不出文件的编码：不是 UTF-8、GBK，也不是 UTF-16"},
		{"utf-16 without mark", "i\x00d\x00", "r.csv: 看不出文件的编码：不是 UTF-8、GBK，也不是 UTF-16"},
		{"many columns", h + "1,张三" + strings.Repeat(",", 300) + "\n", "r.csv:2: 这一行超过 256 列"},
		{"long line", h + "1," + strings.Repeat("张", 30000) + "\n", "r.csv:2: 这一行超过 65536 字节，不像名单"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(t, []byte(tt.in), "r.csv")
			require.Nil(t, got)
			require.Equal(t, tt.want, firstLine(t, err))
		})
	}
}

// firstLine is what the first problem says, in Chinese.
func firstLine(t testing.TB, err error) string {
	t.Helper()
	var problems diag.Problems
	require.True(t, errors.As(err, &problems), "%v", err)
	line, _, _ := strings.Cut(problems.Render(i18n.ZH), "\n")
	return line
}

func TestCSVTellsEveryMistake(t *testing.T) {
	in := gbk(t, "2024A 班\n学号,姓名\n001,张三\n,李四\n001,王五\n2.02E+11,\n３,赵\"六\n")
	_, err := read(t, []byte(in), "2024A.csv")
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	require.Equal(t, `2024A.csv:4:1: 没有学号
    4 | ,李四
      | ^
    → 补上学号；不是学生的行（如合计）请删掉
2024A.csv:5:1: 学号 001 出现了两次，第一次在第 3 行
    5 | 001,王五
      | ^^^
    → 删掉重复的，或者改正写错的那个
2024A.csv:6:1: 学号成了科学记数法：2.02E+11，后几位数字已经丢了
    6 | 2.02E+11,
      | ^^^^^^^^
    → 在 Excel 里把学号列设为“文本”格式，再从教务系统重新粘贴（原来的数字找不回来）
2024A.csv:6:10: 没有姓名
    6 | 2.02E+11,
      |          ^
    → 补上姓名
2024A.csv:7:4: 引号不成对，这一行读不懂
    7 | ３,赵"六
      |      ^
    → 内容里有引号的，把它写成两个（""），再用双引号把整格括起来`, problems.Render(i18n.ZH))
}

func TestLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,name\n")
	for i := range roster.MaxStudents {
		fmt.Fprintf(&b, "%08d,n\n", i)
	}
	got, err := read(t, []byte(b.String()), "r.csv")
	require.NoError(t, err)
	require.Len(t, got, roster.MaxStudents)

	b.WriteString("x,n\n")
	_, err = read(t, []byte(b.String()), "r.csv")
	require.Equal(t, "r.csv:20002:1: 学生超过 20000 人", firstLine(t, err))

	_, err = read(t, make([]byte, roster.MaxRosterBytes+1), "r.csv")
	require.Equal(t, "r.csv: 文件 r.csv 太大，不予读取", firstLine(t, err))

	// A file that is wrong throughout does not fill the screen.
	_, err = read(t, []byte("id,name\n"+strings.Repeat(",n\n", 5000)), "r.csv")
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	require.Len(t, problems, 101)
	require.Equal(t, "roster.stopped", problems[100].Msg.Key)
}
