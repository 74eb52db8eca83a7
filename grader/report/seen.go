package report

import (
	"io"
	"maps"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/result"
	"swarmgrade/grader/sight"
)

// Seen is one student's evidence, to be told in words.
type Seen struct {
	Run string
	// Evidence is the bundle's hash.
	Evidence string
	Case     evidence.Case
	// Names are the rubric's, which say what of the cluster is the student's.
	Names sight.Names
}

// What is told of one thing, at most.
const (
	seenRows = 20 // of tasks, servers, answers, loads, gaps
	seenWord = 60 // columns of a word from outside
)

// Evidence tells what was observed of a student: what stood there, what load was
// sent and who answered it, what happened while an action was in force, what could not
// be observed. It judges nothing. All that it tells of is bounded; the whole is in the
// case file.
func Evidence(w io.Writer, s *Seen, t Text) error {
	var b strings.Builder
	x := newSeen(&b, s, t)
	who := s.Case.Bundle.Student
	title := x.say("head", "id", who.ID, "name", who.Name, "run", s.Run, "task", s.Case.Bundle.Task, "evidence", shortHash(s.Evidence))
	t.paragraph(&b, oneLine(title), 0, bold)
	x.section("before")
	if s.Case.Before == nil {
		x.line(1, x.say("no_snapshot"))
	} else {
		x.deployment(x.view)
	}
	x.loads(x.view, s.Case.Bundle.Traces)
	x.gaps(s.Case.Bundle.Gaps)
	for i := range s.Case.Episodes {
		x.episode(&s.Case.Episodes[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shortHash is enough of a hash to find it by.
func shortHash(hash string) string {
	hash = strings.TrimPrefix(hash, "sha256:")
	return hash[:min(12, len(hash))]
}

// seen is the telling under way.
type seen struct {
	b    *strings.Builder
	t    Text
	s    *Seen
	view *sight.View // nil without a snapshot
}

func newSeen(b *strings.Builder, s *Seen, t Text) *seen {
	x := &seen{b: b, t: t, s: s}
	c := s.Case
	if c.Before == nil {
		return x
	}
	indexes := map[*evidence.Snapshot]*sight.Index{}
	index := func(s *evidence.Snapshot) *sight.Index {
		if indexes[s] == nil {
			indexes[s] = sight.NewIndex(s)
		}
		return indexes[s]
	}
	var after *sight.Index
	if c.After != nil {
		after = index(c.After)
	}
	vars := map[string]string{}
	maps.Copy(vars, c.Bundle.Student.Vars)
	vars["id"], vars["name"] = c.Bundle.Student.ID, c.Bundle.Student.Name
	x.view = sight.NewView(c, index(c.Before), after, vars).With(s.Names).WithScenes(index)
	return x
}

func (x *seen) say(key string, pairs ...any) string { return x.t.Lang.T("seen."+key, pairs...) }

func (x *seen) section(key string, pairs ...any) {
	x.b.WriteString("\n")
	x.t.paragraph(x.b, oneLine(x.say(key, pairs...)), 0, bold)
}

func (x *seen) line(depth int, text string) { x.t.paragraph(x.b, oneLine(text), 2*depth, "") }

// parts are what there is to say in one line; "" is nothing.
func (x *seen) parts(depth int, parts ...string) {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) > 0 {
		x.line(depth, strings.Join(parts, x.say("next")))
	}
}

// table writes rows under their headings, at most seenRows of them.
func (x *seen) table(depth int, right map[int]bool, heads []string, rows [][]string) {
	more := len(rows) - seenRows
	rows = rows[:min(len(rows), seenRows)]
	for i := len(heads) - 1; i >= 0; i-- { // columns with nothing in them are left out
		if slices.ContainsFunc(rows, func(r []string) bool { return r[i] != "" }) {
			heads[i] = x.say("col_" + heads[i])
			continue
		}
		heads = slices.Delete(heads, i, i+1)
		for k := range rows {
			rows[k] = slices.Delete(rows[k], i, i+1)
		}
	}
	rows = append([][]string{heads}, rows...)
	x.fit(rows, x.t.columns()-2*depth)
	var cells [][]cell
	for i, r := range rows {
		var out []cell
		for _, s := range r {
			color := ""
			if i == 0 {
				color = dim
			}
			out = append(out, cell{s, x.t.paint(s, color)})
		}
		cells = append(cells, out)
	}
	var b strings.Builder
	grid(&b, cells, right)
	for line := range strings.Lines(b.String()) {
		x.b.WriteString(strings.Repeat(" ", 2*depth) + line)
	}
	if more > 0 {
		x.line(depth, x.say("more", "n", more))
	}
}

// fit makes rows fit for one line each: the widest column gives way.
func (x *seen) fit(rows [][]string, columns int) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i := range r {
			r[i] = word(r[i])
			widths[i] = max(widths[i], width(r[i]))
		}
	}
	used, widest := 2*(len(widths)-1), 0
	for i, w := range widths {
		used += w
		if w > widths[widest] {
			widest = i
		}
	}
	if over := used - columns; over > 0 {
		for _, r := range rows {
			r[widest] = clip(r[widest], max(widths[widest]-over, leastWidth))
		}
	}
}

// word is a word from outside, fit to stand in a sentence.
func word(s string) string { return clip(oneLine(s), seenWord) }

// list is words from outside, some of them.
func (x *seen) list(words []string) string {
	var out []string
	for _, s := range words[:min(len(words), seenRows)] {
		out = append(out, word(s))
	}
	if len(words) > seenRows {
		out = append(out, "…")
	}
	return x.t.Lang.List(out)
}

// episode tells what was done and what was seen of it.
func (x *seen) episode(s *evidence.Scene) {
	switch {
	case s.Name == evidence.FaultEpisode:
		x.section("fault")
	case s.Action != nil:
		x.section("while", "what", check.Did(s.Action))
	default:
		x.section("while_none", "name", word(s.Name))
	}
	c := x.s.Case
	if s.Probing != nil && s.Window != nil && c.Before != nil {
		c.Episodes = []evidence.Scene{*s}
		c.Episodes[0].Episode = &evidence.Episode{Name: evidence.FaultEpisode, Probing: s.Probing}
		b := *c.Bundle
		b.Episodes = []evidence.Episode{*c.Episodes[0].Episode}
		c.Bundle = &b
		if drawn := result.NewTimeline(c); drawn != nil {
			x.t.timeline(x.b, drawn)
		}
		x.late(s)
	}
	var v *sight.View
	if x.view != nil {
		v = x.view.Within(s.Name)
	}
	if v != nil && len(s.Traces) > 0 {
		x.line(0, x.say("then"))
		x.deployment(v)
	}
	x.loads(v, s.Traces)
	x.gaps(s.Gaps)
}

// late tells for how long the grader's own machine was late in sending requests, and
// for how many others waited for the target.
func (x *seen) late(s *evidence.Scene) {
	p, w := s.Probing, s.Window
	if p.Late > 0 || len(p.LateIn) > 0 {
		sum, longest := int64(0), int64(0)
		for _, l := range p.LateIn {
			sum, longest = sum+l.To-l.From, max(longest, l.To-l.From)
		}
		figure := func(ms int64) string { return oneDecimal(float64(ms) / 1000) }
		x.line(0, x.say("late", "seconds", figure(sum), "of", figure(w.Ended-w.Began), "n", len(p.LateIn), "longest", figure(longest), "requests", p.Late))
	}
	if p.Skipped > 0 {
		x.line(0, x.say("skipped", "requests", p.Skipped))
	}
}

// gaps tell what was planned and not observed.
func (x *seen) gaps(gaps []evidence.Gap) {
	if len(gaps) == 0 {
		return
	}
	x.line(0, x.say("gaps"))
	for _, g := range gaps[:min(len(gaps), seenRows)] {
		what, why := x.what(g.What), x.word("code_", g.Code)
		if g.Detail != "" {
			x.line(1, x.say("gap_detail", "what", what, "code", why, "detail", clip(oneLine(g.Detail), 160)))
		} else {
			x.line(1, x.say("gap", "what", what, "code", why))
		}
	}
	if more := len(gaps) - seenRows; more > 0 {
		x.line(1, x.say("more", "n", more))
	}
}

// word is what a stable word means, or else the word itself.
func (x *seen) word(area, code string) string {
	if words, ok := x.t.Lang.Raw("seen." + area + strings.ReplaceAll(code, "-", "_")); ok {
		return words
	}
	return word(code)
}

// what is a piece of evidence in words.
func (x *seen) what(name string) string {
	kind, rest, _ := strings.Cut(name, "/")
	if node, mesh := strings.CutPrefix(rest, "mesh/"); kind == "load" && mesh {
		kind, rest = "load_mesh", node
	}
	if _, ok := x.t.Lang.Raw("seen.what_" + kind); !ok {
		return word(name)
	}
	return strings.TrimSpace(x.say("what_"+kind, "name", word(rest)))
}
