package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// JSONSchema names the layout that scripts may rely on. A field may be added
// to it, none changes its meaning.
const JSONSchema = "swarmgrade/1"

type jsonReport struct {
	Schema   string        `json:"schema"`
	Class    string        `json:"class"`
	Run      string        `json:"run"`
	Status   string        `json:"status"`
	Regrades string        `json:"regrades,omitempty"`
	Rubric   jsonRubric    `json:"rubric"`
	Started  string        `json:"started"`
	Finished string        `json:"finished"`
	Students []jsonStudent `json:"students"`
	Faults   []jsonFault   `json:"faults"`
	Findings []jsonFinding `json:"findings,omitempty"`
	Sets     []jsonSet     `json:"verdict_sets,omitempty"`
	// Unseen are the roster's students whom nothing is known of yet.
	Unseen []string `json:"not_graded,omitempty"`
	// Requests to look again: how many there are; the students' have the words.
	Requests *result.RequestCount `json:"requests,omitempty"`
}

type jsonRubric struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"`
}

// jsonSet is where verdicts come from: of students and tasks so many.
type jsonSet struct {
	Run      string     `json:"run"`
	Regrade  string     `json:"regrade,omitempty"`
	Rubric   jsonRubric `json:"rubric"`
	Roster   string     `json:"roster_sha256"`
	Tool     string     `json:"tool"`
	Observed string     `json:"observed"`
	Judged   string     `json:"judged"`
	Attempts int        `json:"attempts"`
}

type jsonAttempt struct {
	Task   string `json:"task"`
	Run    string `json:"run"`
	Judged string `json:"judged"`
	Tries  int    `json:"tries"`
	// Rubric is there for verdicts by another rubric than the report's, with other checks
	// or points: points and maxima are that one's.
	Rubric *jsonRubric `json:"rubric,omitempty"`
	// Late is there for an attempt that was not in time.
	Late *jsonLate `json:"late,omitempty"`
	// Forgiven is lateness that an instructor counts as none.
	Forgiven *jsonForgiven `json:"counted_on_time,omitempty"`
}

// jsonForgiven is how late an attempt was by the clock, and why it counts as on time.
type jsonForgiven struct {
	Due    string `json:"due"`
	At     string `json:"at"`
	Days   int    `json:"days"`
	Reason string `json:"reason"`
	Who    string `json:"who"`
	When   string `json:"when"`
}

// jsonLate is how late an attempt was, and what that took off the task's points.
type jsonLate struct {
	Due    string        `json:"due"`
	At     string        `json:"at"`
	Days   int           `json:"days"`
	Points rubric.Points `json:"points"`
}

type jsonStudent struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Left says that the roster does not have the student any more.
	Left bool `json:"left_roster,omitempty"`
	// Columns are further ones of the roster, by heading.
	Columns map[string]string `json:"columns,omitempty"`
	// Points are automatic; Ungraded is how many of Max are not decided, be it that a
	// check could not be graded or that nobody has graded the task yet: above 0 Points
	// are no score to publish.
	Points   rubric.Points `json:"points"`
	Max      rubric.Points `json:"max"` // of the whole lab
	Ungraded rubric.Points `json:"ungraded"`
	// Missing are tasks of Max without an attempt.
	Missing []jsonMissing `json:"missing,omitempty"`
	// Final is there if an instructor set points or lateness took some off, and all
	// is decided; FinalMax is what it is of, less what is excused.
	Final    *rubric.Points `json:"final,omitempty"`
	FinalMax *rubric.Points `json:"final_max,omitempty"`
	// Late is what lateness took off.
	Late rubric.Points `json:"late,omitempty"`
	// Excused says that nothing of the student's counts.
	Excused   bool           `json:"excused,omitempty"`
	Overrides []jsonOverride `json:"overrides,omitempty"`
	Remark    string         `json:"remark,omitempty"`
	History   []JSONChange   `json:"history,omitempty"`
	// Requests are what the student asked to have looked at again.
	Requests []JSONRequest `json:"requests,omitempty"`
	Attempts []jsonAttempt `json:"attempts,omitempty"`
	Damaged  bool          `json:"damaged,omitempty"`
	Checks   []jsonCheck   `json:"checks"`
}

// jsonMissing is a task that was not handed in ("not-handed-in", which is worth
// nothing), or that is not graded yet ("not-graded").
type jsonMissing struct {
	Task  string        `json:"task"`
	Max   rubric.Points `json:"max"`
	State string        `json:"state"`
}

// jsonOverride is what an instructor set for a check, a task, or the whole lab.
type jsonOverride struct {
	Task    string        `json:"task,omitempty"`
	Check   string        `json:"check,omitempty"`
	Points  rubric.Points `json:"points"`
	Excused bool          `json:"excused,omitempty"`
	// Gone says that the rubric has no such check or task any more, so that
	// nothing comes of it.
	Gone   bool   `json:"gone,omitempty"`
	Reason string `json:"reason"`
	Who    string `json:"who"`
	When   string `json:"when"`
}

type jsonCheck struct {
	ID       string        `json:"id"`
	Task     string        `json:"task"`
	Outcome  check.Outcome `json:"outcome"`
	Points   rubric.Points `json:"points"`
	Max      rubric.Points `json:"max"`
	Observed check.Facts   `json:"observed"`
	Expected check.Facts   `json:"expected"`
	Message  string        `json:"message"`
	Hint     string        `json:"hint"`
	Evidence string        `json:"evidence"`
	// ByHand is what an instructor put in the place of points.
	ByHand *jsonOverride `json:"by_hand,omitempty"`
}

type jsonFault struct {
	Kind     string `json:"kind"`
	Target   string `json:"target"`
	Injected string `json:"injected"`
	Restored string `json:"restored"`
	Message  string `json:"message,omitempty"` // why it could not be injected
	Hint     string `json:"hint,omitempty"`
}

// JSON writes the results for scripts. Messages and hints are in lang; times
// are RFC 3339, "" where there is none. Control characters and direction
// marks are escaped, so that the output can be shown on a terminal too.
func JSON(w io.Writer, d *result.Data, lang i18n.Lang) error {
	out := jsonReport{
		Schema: JSONSchema, Class: d.Class, Run: d.Run.ID, Status: d.Run.Status, Regrades: d.Run.Regrades,
		Rubric:   jsonRubric{d.Rubric.ID, d.Rubric.Version, d.Rubric.SHA256},
		Started:  rfc3339(d.Run.Started),
		Finished: rfc3339(d.Run.Finished),
		Students: []jsonStudent{},
		Faults:   make([]jsonFault, 0, len(d.Faults)),
		Findings: jsonFindings(d, lang),
		Unseen:   d.Unseen,
	}
	if n := d.Requests(); n.All > 0 {
		out.Requests = &n
	}
	for _, s := range d.Sets {
		out.Sets = append(out.Sets, jsonSet{
			s.Run, s.Regrade, jsonRubric{s.RubricID, s.RubricVersion, s.RubricSHA256}, s.RosterSHA256, s.Tool,
			rfc3339(s.Observed), rfc3339(s.Judged), s.Attempts,
		})
	}
	for _, f := range d.Faults {
		out.Faults = append(out.Faults, jsonFault{f.Kind, f.Target, rfc3339(f.Injected), rfc3339(f.Restored), lang.Text(f.Why), lang.Text(f.Mend)})
	}
	// A class of a thousand is large: its students are written one by one.
	whole, err := indented(out, "")
	if err != nil {
		return err
	}
	const none = "\n  \"students\": []" // not within a string, as it has a line end
	head, tail, _ := bytes.Cut(whole, []byte(none))
	if len(d.Students) == 0 {
		head, tail = whole, nil
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for i, s := range d.Students {
		before, after := ",\n    ", ""
		if i == 0 {
			before = "\n  \"students\": [\n    "
		}
		if i == len(d.Students)-1 {
			after = "\n  ]"
		}
		one, err := indented(jsonOf(d, s, lang), "    ")
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, before+string(bytes.TrimSuffix(one, []byte("\n")))+after); err != nil {
			return err
		}
	}
	_, err = w.Write(tail)
	return err
}

// indented is a value as JSON with a line end, safe to show on a terminal.
func indented(v any, prefix string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write results as JSON: %w", err)
	}
	return EscapeControls(buf.Bytes()), nil
}

func jsonOf(d *result.Data, s result.Student, lang i18n.Lang) jsonStudent {
	out := jsonStudent{ID: s.ID, Name: s.Name, Left: s.Left, Columns: s.Columns, Remark: s.Remark, Damaged: s.Damaged, Checks: make([]jsonCheck, 0, len(s.Verdicts))}
	out.Points, out.Max, out.Ungraded = judge.Total(s.Verdicts)
	for _, m := range s.Missing {
		j := jsonMissing{m.Task, m.Max, "not-handed-in"}
		if m.NotYet {
			j.State, out.Ungraded = "not-graded", out.Ungraded+m.Max
		}
		out.Max, out.Missing = out.Max+m.Max, append(out.Missing, j)
	}
	if len(s.Verdicts)+len(s.Missing) == 0 { // nothing is known, or to be told
		out.Max, out.Ungraded = d.Rubric.Points, d.Rubric.Points
	}
	t := s.Tally()
	if out.Late, out.Excused = t.Late, t.Excused; !t.Open && (t.ByHand || t.Late > 0) {
		out.Final, out.FinalMax = &t.Points, &t.Max
	}
	out.History, out.Requests = JSONHistory(s.History), JSONRequests(s.Requests)
	for _, o := range s.Overrides {
		out.Overrides = append(out.Overrides, jsonOverrideOf(o))
	}
	apart := d.Apart(&s)
	for _, a := range s.Attempts {
		j := jsonAttempt{Task: a.Task, Run: a.Run, Judged: a.Judged, Tries: a.Tries}
		if slices.ContainsFunc(apart, func(x result.Apart) bool { return x.Task == a.Task }) {
			j.Rubric = &jsonRubric{a.RubricID, a.RubricVersion, a.RubricSHA256}
		}
		if a.Late != nil {
			j.Late = &jsonLate{rfc3339(a.Late.Due), rfc3339(a.Late.At), a.Late.Days, s.Task(a.Task).Late}
		}
		if f := a.Forgiven; f != nil {
			j.Forgiven = &jsonForgiven{rfc3339(f.Due), rfc3339(f.At), f.Days, f.Reason, f.Who, rfc3339(f.When)}
		}
		out.Attempts = append(out.Attempts, j)
	}
	for _, v := range s.Verdicts {
		out.Checks = append(out.Checks, jsonCheck{
			ID: v.Check, Task: v.Task, Outcome: v.Outcome, Points: v.Points, Max: v.Max,
			Observed: object(v.Observed), Expected: object(v.Expected),
			Message: lang.Text(v.Message), Hint: lang.Text(v.Hint), Evidence: v.Evidence,
		})
		if o, set := s.Override(v.Check); set {
			j := jsonOverrideOf(o)
			out.Checks[len(out.Checks)-1].ByHand = &j
		}
	}
	return out
}

func jsonOverrideOf(o result.Override) jsonOverride {
	return jsonOverride{o.Task, o.Check, o.Points, o.Excused, o.Gone, o.Reason, o.Who, rfc3339(o.When)}
}

// object is {} rather than null where there are no facts.
func object(f check.Facts) check.Facts {
	if f == nil {
		return check.Facts{}
	}
	return f
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// EscapeControls writes what [diag.Plain] would take out as \uXXXX. In encoded
// JSON such characters stand only inside strings.
func EscapeControls(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r >= 0x7f && r <= 0xffff && diag.Plain(string(r)) != string(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}
