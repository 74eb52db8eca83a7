package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
)

// maxVerdict bounds a stored verdict: what was observed is a summary, the
// evidence itself is elsewhere.
const maxVerdict = 1 << 20

// DecodeVerdict reads a stored verdict. One that no judge gives (an unknown
// outcome, points beyond its own most, a check without a name) is an error,
// never a score.
func DecodeVerdict(raw []byte) (judge.Verdict, error) { return newDecoder().verdict(raw) }

// decoder reads verdicts of one class. What several of them have in common word for
// word, as most facts and sentences are, is kept once: nobody may change it.
type decoder struct {
	facts recent[check.Facts]
	msgs  recent[i18n.Msg]
	words recent[string]
}

func newDecoder() *decoder { return &decoder{} }

// recent is what texts came to, of those that were met lately: a class's are told once, and those
// that name one student's port or service, which are met once, do not fill memory.
type recent[T any] struct{ now, before map[string]T }

// maxRecent is how many texts one half of a recent holds; a rubric's checks say some dozens that many
// students have in common.
const maxRecent = 2048

func (r *recent[T]) get(text string) (v T, ok bool) {
	if v, ok = r.now[text]; ok {
		return v, true
	}
	if v, ok = r.before[text]; ok {
		r.put(text, v)
	}
	return v, ok
}

func (r *recent[T]) put(text string, v T) {
	if r.now == nil || len(r.now) >= maxRecent {
		r.now, r.before = map[string]T{}, r.now
	}
	r.now[text] = v
}

// stored is a verdict with those parts left as they are stored that verdicts have in
// common.
type stored struct {
	judge.Verdict
	Observed json.RawMessage `json:"observed"`
	Expected json.RawMessage `json:"expected"`
	Message  json.RawMessage `json:"message"`
	Hint     json.RawMessage `json:"hint"`
}

// verdict is [DecodeVerdict].
func (d *decoder) verdict(raw []byte) (judge.Verdict, error) {
	if len(raw) > maxVerdict {
		return judge.Verdict{}, fmt.Errorf("a verdict of %d bytes is more than the %d that one may take", len(raw), maxVerdict)
	}
	var s stored
	err := json.Unmarshal(raw, &s)
	v := s.Verdict
	if err == nil {
		v.Check, v.Task, v.Evidence = common(&d.words, v.Check), common(&d.words, v.Task), common(&d.words, v.Evidence)
		v.Outcome = check.Outcome(common(&d.words, string(v.Outcome)))
		v.Observed, err = once(&d.facts, s.Observed)
	}
	if err == nil {
		v.Expected, err = once(&d.facts, s.Expected)
	}
	if err == nil {
		v.Message, err = once(&d.msgs, s.Message)
	}
	if err == nil {
		v.Hint, err = once(&d.msgs, s.Hint)
	}
	if err != nil {
		return judge.Verdict{}, fmt.Errorf("read verdict: %w", err)
	}
	switch {
	case v.Check == "" || v.Task == "":
		return judge.Verdict{}, fmt.Errorf("a verdict names no check or no task")
	case !slices.Contains(check.Outcomes, v.Outcome):
		return judge.Verdict{}, fmt.Errorf("verdict of %s: there is no outcome %q", v.Check, v.Outcome)
	case v.Max < 0 || v.Points < 0 || v.Points > v.Max:
		return judge.Verdict{}, fmt.Errorf("verdict of %s: %v of %v points", v.Check, v.Points, v.Max)
	case v.Outcome == check.Ungraded && v.Points != 0:
		return judge.Verdict{}, fmt.Errorf("verdict of %s: points for what was not graded", v.Check)
	}
	return v, nil
}

// once decodes a text that was met lately once.
func once[T any](known *recent[T], raw json.RawMessage) (v T, err error) {
	if len(raw) == 0 {
		return v, nil
	}
	text := string(raw)
	if v, ok := known.get(text); ok {
		return v, nil
	}
	if err = json.Unmarshal(raw, &v); err == nil {
		known.put(text, v)
	}
	return v, err
}

// common is a word that is kept once.
func common(known *recent[string], word string) string {
	if w, ok := known.get(word); ok {
		return w
	}
	known.put(word, word)
	return word
}

// SaveVerdicts stores all verdicts of a student of a run, in the order of the
// rubric; they replace those there were.
func (g *Gradebook) SaveVerdicts(ctx context.Context, run, student string, vs []judge.Verdict) error {
	return g.writeSealed(ctx, func(tx *sql.Tx) error { return insertVerdicts(ctx, tx, run, student, vs) })
}

func insertVerdicts(ctx context.Context, tx *sql.Tx, run, student string, vs []judge.Verdict) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM verdicts WHERE run=? AND student=?", run, student); err != nil {
		return err
	}
	for i, v := range vs {
		raw, err := json.Marshal(v)
		if err != nil {
			return of(student, err)
		}
		if _, err := DecodeVerdict(raw); err != nil {
			return of(student, err) // never store what could not be read again
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO verdicts (run, student, position, verdict) VALUES (?,?,?,?)",
			run, student, i, string(raw)); err != nil {
			return of(student, err)
		}
	}
	return of(student, affectOne(tx.ExecContext(ctx, "UPDATE students SET status='judged', sum=NULL WHERE run=? AND student=?", run, student)))
}

// Verdicts gives the verdicts of a run by student ID, each list in the order
// of the rubric. A student of whom one cannot be told has none.
func (g *Gradebook) Verdicts(ctx context.Context, run string) (map[string][]judge.Verdict, error) {
	return still(ctx, g, func(ctx context.Context) (map[string][]judge.Verdict, error) {
		students, err := g.Students(ctx, run)
		if err != nil {
			return nil, err
		}
		return g.verdicts(ctx, run, students)
	})
}

// VerdictsOf are one student's of a run, as [Gradebook.Verdicts] gives them.
func (g *Gradebook) VerdictsOf(ctx context.Context, run, student string) ([]judge.Verdict, error) {
	return still(ctx, g, func(ctx context.Context) ([]judge.Verdict, error) {
		found, err := g.students(ctx, run, "AND student=?", student)
		if err != nil {
			return nil, err
		}
		all, err := g.verdicts(ctx, run, found)
		return all[student], err
	})
}

// verdicts are those of some students of a run.
func (g *Gradebook) verdicts(ctx context.Context, run string, students []Student) (map[string][]judge.Verdict, error) {
	type row struct {
		sum string
		v   judge.Verdict
	}
	all := make(map[string][]judge.Verdict)
	d := newDecoder()
	for _, s := range students {
		found, err := sealedRows(ctx, g, "verdicts", "verdict, coalesce(sum,'')", "WHERE run=? AND student=? ORDER BY position",
			func(s scanner) (r row, err error) {
				var raw []byte
				if err = s.Scan(&raw, &r.sum); err == nil {
					r.v, err = d.verdict(raw)
				}
				return r, err
			}, nil, run, s.ID)
		if err != nil {
			return nil, err
		}
		vs, sums := make([]judge.Verdict, len(found)), make([]string, len(found))
		for i, r := range found {
			vs[i], sums[i] = r.v, r.sum
		}
		switch {
		case digest(sums) != s.judged:
			g.suspect(run, s.ID)
		case len(vs) > 0:
			all[s.ID] = vs
		}
	}
	return all, nil
}
