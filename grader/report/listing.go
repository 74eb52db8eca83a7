package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// Listing writes one student's verdicts as they come, in the rubric's order:
// a heading a task, each check once, below what is lost what was seen and the
// next thing to do. At the end of a task stand, a line each, the checks that
// an earlier task has shown, those that wait for another to be mended, and
// those that are open for the same reason.
type Listing struct {
	w    io.Writer
	t    Text
	rub  *rubric.Rubric
	all  map[string]judge.Verdict // so far, by check
	seen map[string]string        // the task that showed a check of the same words
	told map[string]string        // the check that a hint of several lines was shown for

	task     string
	again    []judge.Verdict // passed, and shown in an earlier task
	blocked  []judge.Verdict
	open     []judge.Verdict
	evidence string

	// heading is what stands behind a task's title, facts whether what was seen
	// and wanted stands under a check that is lost, note what an instructor set for
	// a check; all for [Detail].
	heading func(task string) string
	facts   bool
	note    func(check string) string
}

// NewListing writes to w.
func NewListing(w io.Writer, rub *rubric.Rubric, t Text) *Listing {
	return &Listing{w: w, t: t, rub: rub, all: map[string]judge.Verdict{}, seen: map[string]string{}, told: map[string]string{}}
}

// Columns of a line: a mark, the points, the title.
const (
	pointsWidth = 7
	titleAt     = 1 + 1 + pointsWidth + 2
	narrow      = 60 // below, what stands under a title starts further left
)

func (l *Listing) under() int {
	if l.t.columns() < narrow {
		return 4
	}
	return titleAt
}

// Add writes a verdict, or keeps it for the end of its task.
func (l *Listing) Add(v judge.Verdict) error {
	var b strings.Builder
	if l.task != v.Task || len(l.all) == 0 {
		l.end(&b)
		l.begin(&b, v.Task)
	}
	l.all[v.Check] = v
	l.evidence = v.Evidence
	note := ""
	if l.note != nil {
		note = l.note(v.Check)
	}
	switch {
	case note != "":
		l.line(&b, v)
		l.t.paragraph(&b, byHand+" "+note, l.under(), bold)
	case l.t.Verbose:
		l.line(&b, v)
	case v.Outcome == check.Blocked:
		l.blocked = append(l.blocked, v)
	case v.Outcome == check.Ungraded:
		l.open = append(l.open, v)
	default:
		words := string(v.Outcome) + "\n" + l.title(v) + "\n" + l.t.Lang.Text(v.Message)
		before, again := l.seen[words]
		switch {
		case again && before != v.Task && v.Outcome == check.Pass:
			l.again = append(l.again, v)
		case again && before != v.Task:
			l.head(&b, v.Outcome, v.Points.String()+"/"+v.Max.String(), l.title(v), l.t.Lang.T("report.as_in", "task", before))
		default:
			l.seen[words] = v.Task
			l.line(&b, v)
		}
	}
	_, err := io.WriteString(l.w, b.String())
	return err
}

// Close ends the last task.
func (l *Listing) Close() error {
	var b strings.Builder
	l.end(&b)
	_, err := io.WriteString(l.w, b.String())
	return err
}

func (l *Listing) begin(b *strings.Builder, task string) {
	l.task = task
	title := l.t.Lang.T("report.task", "task", oneLine(task))
	if t, ok := l.rub.Task(task); ok {
		title = oneLine(t.Title.In(l.t.Lang))
	}
	if l.heading != nil {
		title += l.heading(task)
	}
	b.WriteString("\n")
	l.t.paragraph(b, title, 0, bold)
}

func (l *Listing) end(b *strings.Builder) {
	lang := l.t.Lang
	if n := len(l.again); n > 0 {
		tasks := []string{}
		for _, v := range l.again {
			task := l.seen[string(v.Outcome)+"\n"+l.title(v)+"\n"+lang.Text(v.Message)]
			if !slices.Contains(tasks, task) {
				tasks = append(tasks, task)
			}
		}
		l.head(b, check.Pass, sum(l.again), lang.T("report.again", "n", n, "tasks", tasks), "")
	}
	if causes := l.causes(); len(causes) > 0 {
		l.head(b, check.Blocked, sum(l.blocked), lang.T("report.waiting", "n", len(l.blocked), "checks", causes), "")
		l.blocked = nil
	}
	for _, v := range l.blocked { // their cause is not at hand
		l.line(b, v)
	}
	for len(l.open) > 0 {
		first := l.open[0]
		same := func(v judge.Verdict) bool { return lang.Text(v.Message) == lang.Text(first.Message) }
		titles, group := []string{}, []judge.Verdict{}
		for _, v := range l.open {
			if same(v) {
				titles, group = append(titles, l.title(v)), append(group, v)
			}
		}
		l.open = slices.DeleteFunc(l.open, same)
		if len(group) == 1 {
			l.line(b, first)
			continue
		}
		l.head(b, check.Ungraded, sum(group), lang.T("report.open_checks", "n", len(group), "checks", titles), "")
		l.words(b, first)
	}
	// The checks of a task share their evidence as a rule.
	if l.evidence != "" {
		b.WriteString(l.t.paint(lang.T("report.evidence_is", "hash", oneLine(l.evidence)), dim) + "\n")
	}
	l.again, l.blocked, l.evidence = nil, nil, ""
}

// sum is the points of several verdicts, "?" for those that are open.
func sum(vs []judge.Verdict) string {
	points, max, ungraded := judge.Total(vs)
	if ungraded > 0 {
		return "?/" + max.String()
	}
	return points.String() + "/" + max.String()
}

// causes are the titles of the checks that are to be mended before those that
// are blocked can be judged.
func (l *Listing) causes() []string {
	var titles []string
	visited := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if visited[id] {
			return
		}
		visited[id] = true
		switch v := l.all[id]; v.Outcome {
		case check.Fail:
			if title := l.title(v); !slices.Contains(titles, title) {
				titles = append(titles, title)
			}
		case check.Blocked:
			if c, ok := l.rub.Check(id); ok {
				for _, need := range c.Needs {
					visit(need)
				}
			}
		}
	}
	for _, v := range l.blocked {
		visit(v.Check)
	}
	return titles
}

func (l *Listing) title(v judge.Verdict) string {
	if c, ok := l.rub.Check(v.Check); ok {
		return oneLine(c.Title.In(l.t.Lang))
	}
	return oneLine(v.Check)
}

// head writes the first line of an entry; words that still fit stand behind
// the title, the others below it.
func (l *Listing) head(b *strings.Builder, o check.Outcome, points, title, words string) {
	pad := strings.Repeat(" ", max(0, pointsWidth-width(points)))
	color := ""
	if o == check.Fail || o == check.Partial {
		color = bold
	}
	lines := wrap(title, l.t.columns()-titleAt)
	fmt.Fprintf(b, "%s %s%s  %s", l.t.paintMark(o), pad, points, l.t.paint(lines[0], color))
	for _, line := range lines[1:] {
		b.WriteString("\n" + strings.Repeat(" ", titleAt) + l.t.paint(line, color))
	}
	if words == "" {
		b.WriteString("\n")
		return
	}
	color = ""
	if o == check.Pass {
		color = dim
	}
	if last := lines[len(lines)-1]; titleAt+width(last)+2+width(words) <= l.t.columns() {
		b.WriteString("  " + l.t.paint(words, color) + "\n")
		return
	}
	b.WriteString("\n")
	l.t.paragraph(b, words, l.under(), color)
}

// line writes one verdict.
func (l *Listing) line(b *strings.Builder, v judge.Verdict) {
	points := v.Points.String() + "/" + v.Max.String()
	if v.Outcome == check.Ungraded {
		points = "?/" + v.Max.String()
	}
	if v.Outcome == check.Pass {
		l.head(b, v.Outcome, points, l.title(v), l.t.message(v.Message))
		return
	}
	l.head(b, v.Outcome, points, l.title(v), "")
	l.words(b, v)
}

// words are what was seen of a check that did not pass, and what to do next.
func (l *Listing) words(b *strings.Builder, v judge.Verdict) {
	if s := l.t.message(v.Message); s != "" {
		l.t.paragraph(b, s, l.under(), "")
	}
	for _, f := range []struct {
		key   string
		facts check.Facts
	}{{"report.seen", v.Observed}, {"report.wanted", v.Expected}} {
		if !l.facts || v.Outcome == check.Blocked || v.Outcome == check.Ungraded {
			continue
		}
		if s := facts(l.t.Lang, f.facts, l.t.Verbose); s != "" {
			l.t.paragraph(b, l.t.Lang.T(f.key, "facts", s), l.under(), dim)
		}
	}
	if v.Hint.Empty() {
		return
	}
	lines := l.t.Lang.Lines(v.Hint)
	whole := strings.Join(lines, "\n")
	if title, again := l.told[whole]; again {
		lines = []string{l.t.Lang.T("report.mend_as", "check", title)}
	} else if len(lines) > 1 && !l.t.Verbose {
		l.told[whole] = l.title(v)
	}
	l.t.hint(b, lines, l.under())
}

// message says what was seen; statistics only to who asks for more.
func (t Text) message(m i18n.Msg) string {
	if brief := (i18n.Msg{Key: m.Key + "_brief", Args: m.Args}); !t.Verbose {
		if _, ok := t.Lang.Raw(brief.Key); ok {
			m = brief
		}
	}
	return oneLine(t.Lang.Text(m))
}

// Todo counts what a student has to do: places to mend, each once however many
// checks it costs or are mended by the same, and the checks that can be judged
// only after that.
func Todo(vs []judge.Verdict) (mend, waiting int) {
	seen := map[string]bool{}
	for _, v := range vs {
		switch v.Outcome {
		case check.Fail, check.Partial:
			trouble, hint := i18n.EN.Text(v.Message), strings.Join(i18n.EN.Lines(v.Hint), "\n")
			if !seen[trouble] && (hint == "" || !seen[hint]) {
				mend++
			}
			seen[trouble], seen[hint] = true, true
		case check.Blocked:
			waiting++
		}
	}
	return mend, waiting
}
