package report

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"swarmgrade/grader/check"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/result"
)

// pageData is testData with what only pages show: a fault window, answers by
// container, findings, lateness, points set by hand, and others' names in what
// somebody deployed.
func pageData() *result.Data {
	d := testData()
	rub := d.Rubric
	set := func(i int, v judge.Verdict) {
		for k := range d.Students[i].Verdicts {
			if d.Students[i].Verdicts[k].Check == v.Check {
				d.Students[i].Verdicts[k] = v
			}
		}
	}
	uneven := verdict(rub, "task2.spread", check.Partial, 25, "三个副本分到 150、75、75 个请求，不均匀")
	uneven.Observed = check.Facts{"containers": map[string]any{"0a1b2c3d4e5f": 150.0, "1a1b2c3d4e5f": 75.0, "2a1b2c3d4e5f": 0.0}, "answers": 300.0}
	uneven.Expected = check.Facts{"each_from": 72.0, "each_to": 128.0}
	uneven.Hint = i18n.M("check.servers_idle_hint", "line", 12, "reload", i18n.M("check.do_restart", "name", "haproxy-02"))
	set(1, uneven)
	copied := verdict(rub, "task1.image", check.Fail, 0, "STUDENT_ID=0020240101，页面上写着王五和 Müller, Jürgen")
	copied.Observed = check.Facts{"value": "0020240101", "image": "张三/app", "servers": []any{"x00202401010", "0020240104:80"}}
	set(1, copied)
	d.Students[1].Attempts = []result.Attempt{{Task: "1", Run: "r1", Late: &result.Lateness{
		Due: d.Run.Started.Add(-time.Hour), At: d.Run.Started, Days: 1, Num: 1, Den: 10,
	}}, {Task: "2", Run: "r1"}}
	d.Students[1].Overrides = []result.Override{{Task: "1", Check: "task1.answers", Points: 800, Max: 1000, Reason: "与张三同一台机器", Who: "王老师", When: d.Run.Started}}
	d.Students[1].Remark = "下次注意均匀分发"
	d.Students[0].Columns = map[string]string{"行政班": "云计算 1 班"}
	d.Headings = []string{"行政班"}
	d.Sets = []result.Set{{Run: "r1", Observed: d.Run.Started.Add(time.Hour)}}
	d.Findings = []finding.Finding{{Kind: finding.AnothersID, Students: []string{"0020240102", "0020240101"}, Task: "1",
		Message: said(hostile), Evidence: []finding.Ref{{Student: "0020240102", Bundle: "sha256:00", Where: "snapshot/services/s02", Seen: hostile}}}}
	return d
}

func testTimeline() *result.Timeline {
	x := &result.Timeline{
		Kind: "node-stop", Target: "manager-2", From: -4, To: 96, Recovered: true,
		Requests: recovery.Requests{Sent: 42, Failed: 6, Outage: 2.5},
		Moments: []result.Moment{{What: "struck", At: 0}, {What: "down", At: 9.5}, {What: "replaced", At: 10}, {What: "answering", At: 11.2},
			{What: "restoring", At: 60}, {What: "restored", At: 84}},
	}
	for i := range 400 {
		at := -4 + float64(i)/4
		x.Probes = append(x.Probes, result.TimedProbe{At: at, OK: at < 0 || at > 9 || i%5 == 0})
	}
	return x
}

func pageOptions(lang i18n.Lang) Options {
	return Options{Lang: lang, Timeline: func(s *result.Student) (*result.Timeline, error) {
		if s.ID != "0020240102" {
			return nil, nil
		}
		return testTimeline(), nil
	}}
}

func feedbackOf(t testing.TB, d *result.Data, i int, o Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, Feedback(&buf, d, &d.Students[i], o))
	return buf.Bytes()
}

func classPage(t testing.TB, d *result.Data, o Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, HTML(&buf, d, o))
	return buf.Bytes()
}

func TestPagesGolden(t *testing.T) {
	for _, lang := range i18n.Langs {
		d := pageData()
		golden(t, "class."+string(lang)+".html", unstyled(t, classPage(t, d, pageOptions(lang))))
		golden(t, "feedback."+string(lang)+".html", unstyled(t, feedbackOf(t, d, 1, pageOptions(lang))))
		golden(t, "feedback-open."+string(lang)+".html", unstyled(t, feedbackOf(t, d, 3, pageOptions(lang))))
	}
}

// unstyled is a page without the one style sheet that all pages bear, and without the
// policy that has its hash.
func unstyled(t *testing.T, raw []byte) []byte {
	t.Helper()
	require.Equal(t, 1, bytes.Count(raw, []byte(page.Style())))
	raw = bytes.ReplaceAll(raw, []byte(page.Style()), []byte("…"))
	return regexp.MustCompile(`content="default-src [^"]*"`).ReplaceAll(raw, []byte(`content="…"`))
}

// pages are every page of a class, by name.
func pages(t testing.TB, d *result.Data, o Options) map[string][]byte {
	out := map[string][]byte{"class": classPage(t, d, o)}
	for i, s := range d.Students {
		out["feedback "+s.ID] = feedbackOf(t, d, i, o)
	}
	return out
}

func TestPagesAreAccessible(t *testing.T) {
	for _, lang := range i18n.Langs {
		for name, raw := range pages(t, pageData(), pageOptions(lang)) {
			for _, trouble := range accessible(t, raw) {
				t.Errorf("%s %s: %s", lang, name, trouble)
			}
		}
	}
	require.NotEmpty(t, accessible(t, []byte("<!doctype html><title></title><h1>x</h1><h3 id=a>y</h3><p id=a><img><table><th>x</table><svg></svg>")))
}

// A student's page holds nothing of anybody else, even where the student's own
// deployment, or a reason, names somebody.
func TestFeedbackHoldsNobodyElse(t *testing.T) {
	d := pageData()
	d.Students[2].Name = "钱七"
	for _, lang := range i18n.Langs {
		for i, s := range d.Students {
			text := textOf(t, feedbackOf(t, d, i, pageOptions(lang)))
			require.Contains(t, text, oneLine(s.ID))
			for _, other := range d.Students {
				if other.ID == s.ID {
					continue
				}
				for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !wordly(r) }) {
					require.NotEqual(t, other.ID, word, "%s shows %s", s.ID, other.ID)
				}
				require.NotContains(t, text, other.Name, "%s shows %s", s.ID, other.Name)
			}
		}
	}
	text := textOf(t, feedbackOf(t, d, 1, pageOptions(i18n.ZH)))
	require.Contains(t, text, "STUDENT_ID=（别人的学号），页面上写着（别人）和 （别人）")
	require.Contains(t, text, "x00202401010", "a longer word is another one")
	require.Contains(t, text, "（别人）/app")
	require.Contains(t, text, "与（别人）同一台机器")
}

// No page of a student says how others did.
func TestFeedbackHasNoNumbersOfTheClass(t *testing.T) {
	d := pageData()
	before := feedbackOf(t, d, 1, pageOptions(i18n.ZH))
	d.Students = append(slices.Clone(d.Students), result.Student{ID: "0020240999", Name: "新来的", Verdicts: passing(d.Rubric)})
	require.Equal(t, string(before), string(feedbackOf(t, d, 1, pageOptions(i18n.ZH))))
}

func TestFeedbackThatIsNotFinalSaysSo(t *testing.T) {
	d := pageData()
	require.Contains(t, textOf(t, feedbackOf(t, d, 3, pageOptions(i18n.ZH))), "这不是最终成绩")
	require.Contains(t, textOf(t, feedbackOf(t, d, 3, pageOptions(i18n.EN))), "Not final yet")
	require.Contains(t, textOf(t, feedbackOf(t, d, 3, pageOptions(i18n.EN))), "40 points are still ungraded")
	require.Contains(t, textOf(t, feedbackOf(t, d, 6, pageOptions(i18n.ZH))), "还没有评过")
	require.NotContains(t, textOf(t, feedbackOf(t, d, 0, pageOptions(i18n.ZH))), "不是最终")
	d.Students[0].Damaged = true
	require.Contains(t, textOf(t, feedbackOf(t, d, 0, pageOptions(i18n.ZH))), "这不是最终成绩")
}

// Commands are copied as they stand, without a prompt.
func TestFeedbackCommandsAreTextToCopy(t *testing.T) {
	d := pageData()
	doc := parsed(t, feedbackOf(t, d, 1, pageOptions(i18n.EN)))
	var codes []string
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "code" {
			codes = append(codes, textUnder(n))
		}
	}
	require.Contains(t, codes, "docker restart haproxy-02")
	require.Contains(t, codes, "grade check 0020240102 --class 2024A")
}

func TestTimelineErrorEndsThePage(t *testing.T) {
	d := pageData()
	o := Options{Timeline: func(*result.Student) (*result.Timeline, error) { return nil, io.ErrUnexpectedEOF }}
	require.ErrorIs(t, HTML(io.Discard, d, o), io.ErrUnexpectedEOF)
	require.ErrorIs(t, Feedback(io.Discard, d, &d.Students[0], o), io.ErrUnexpectedEOF)
}

// TestClassPageStreams: what a class of a thousand needs at once is no more than what
// one of a hundred does.
func TestClassPageStreams(t *testing.T) {
	d := class(1000)
	var w piecewise
	start := time.Now()
	require.NoError(t, HTML(&w, d, Options{Lang: i18n.ZH}))
	t.Logf("%d bytes, largest piece %d, %s", w.n, w.largest, time.Since(start).Round(time.Millisecond))
	require.Less(t, w.largest, 64<<10, "a piece is one student's at most")
	require.Greater(t, w.n, 1000*1000)
}

type piecewise struct{ n, largest int }

func (b *piecewise) Write(p []byte) (int, error) {
	b.n += len(p)
	b.largest = max(b.largest, len(p))
	return len(p), nil
}

func BenchmarkClassPage(b *testing.B) {
	d := class(1000)
	x := testTimeline()
	for b.Loop() {
		require.NoError(b, HTML(io.Discard, d, Options{Lang: i18n.ZH, Timeline: func(*result.Student) (*result.Timeline, error) { return x, nil }}))
	}
}

// FuzzPages: whatever stands in a name, an answer or a remark, a page stays the page it
// was meant to be, with that as text.
func FuzzPages(f *testing.F) {
	for _, s := range []string{
		hostile, "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "'; --", "</style><svg/onload=alert(1)>", "{{.ID}}",
		"\u202e\u2066rtl", "\xff\xfe", "]]>", "<!--", "&lt;b&gt;", strings.Repeat("名", 5000), "javascript:alert(1)", "$ rm -rf /\n| x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 20000 {
			return
		}
		d := pageData()
		bad := verdict(d.Rubric, "task2.spread", check.Fail, 0, "x")
		bad.Message, bad.Hint = i18n.M("check.spread_single", "k", s), i18n.M("check.servers_idle_hint", "line", s, "reload", s)
		bad.Observed = check.Facts{"containers": map[string]any{s: 1.0, "b": 2.0}, "image": s, "servers": []any{s}, s: s}
		bad.Evidence = s
		d.Students = []result.Student{{
			ID: s, Name: s, Verdicts: append(passing(d.Rubric)[:5], bad), Remark: s, Columns: map[string]string{"行政班": s},
			Overrides: []result.Override{{Check: "task1.image", Task: "1", Points: 1, Max: 750, Reason: s, Who: s}},
		}}
		d.Class, d.Title, d.Run.Tool = s, s, s
		d.Findings[0].Students, d.Findings[0].Evidence[0].Seen = []string{s}, s
		d.Faults[0].Target = s
		o := Options{Lang: i18n.EN, Timeline: func(*result.Student) (*result.Timeline, error) {
			x := testTimeline()
			x.Target, x.Kind = s, s
			return x, nil
		}}
		for name, raw := range map[string][]byte{"class": classPage(t, d, o), "feedback": feedbackOf(t, d, 0, o)} {
			require.Less(t, len(raw), 200<<10, name)
			for _, trouble := range actsNot(t, raw) {
				t.Errorf("%s: %s", name, trouble)
			}
			for _, trouble := range accessible(t, raw) {
				t.Errorf("%s: %s", name, trouble)
			}
		}
	})
}

func TestOthers(t *testing.T) {
	d := &result.Data{Students: []result.Student{
		{ID: "2024001", Name: "王伟"}, {ID: "2024002", Name: "王伟"}, {ID: "2024003", Name: "Li"}, {ID: "7", Name: "李"}, {ID: "2024-05", Name: "Anna Lee"},
		{ID: "2024006", Name: "欧阳娜"}, {ID: "2024007", Name: "欧阳娜娜"},
	}}
	clear := peopleOf(d, i18n.EN).others(&d.Students[0])
	for in, want := range map[string]string{
		"2024001 王伟 7 Li List 李白":     "2024001 王伟 7 Li List 李白",
		"x2024002 2024002 2024002,":   "x2024002 (another's ID) (another's ID),",
		"s-2024002:80":                "s-(another's ID):80",
		"2024-05 and 2024-055 Anna":   "(another's ID) and 2024-055 Anna",
		"Anna Lee, Anna Leeds, Lee":   "(somebody else), Anna Leeds, Lee",
		"问欧阳娜娜和欧阳娜":                   "问(somebody else)和(somebody else)",
		"":                            "",
		"\xff2024002":                 "\xff(another's ID)",
		fmt.Sprint(20240020, "2024"):  "202400202024",
		"docker service rm 2024003\n": "docker service rm (another's ID)\n",
	} {
		require.Equal(t, want, clear(in))
	}
}
