package gradebook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// Ask records a request with its first word, the student's, and gives its ID. It is
// refused, with a [diag.Failure], beyond [result.MaxOpenRequests] open ones,
// [result.MaxRequests] in all, or where one about the same is open already. That a
// student and a check exist is for the caller to know.
func (g *Gradebook) Ask(ctx context.Context, r result.Request) (id int64, err error) {
	if len(r.Words) != 1 || r.Words[0].Kind != result.RequestAsked {
		return 0, fmt.Errorf("student %s: a request begins with one word, which asks", r.Student)
	}
	w := r.Words[0]
	w.Student, w.Who = true, r.Student
	if err := tidy(&w); err != nil {
		return 0, err
	}
	err = g.writeSealed(ctx, func(tx *sql.Tx) error {
		all, err := statesOf(ctx, tx, r.Lab, r.Student)
		if err != nil {
			return err
		}
		if len(all) >= result.MaxRequests {
			return diag.Misuse(i18n.M("requests.many", "n", len(all)), i18n.M("requests.many_hint"))
		}
		if err := room(all, r.Task, r.Check); err != nil {
			return err
		}
		row, err := tx.ExecContext(ctx, "INSERT INTO requests (lab, student, task, check_id, run) VALUES (?,?,?,?,?)",
			r.Lab, r.Student, r.Task, r.Check, r.Run)
		if err != nil {
			return of(r.Student, err)
		}
		if id, err = row.LastInsertId(); err != nil {
			return err
		}
		return insertWord(ctx, tx, id, w)
	})
	return id, err
}

// Answer adds a word to a request, an instructor's or, where it says so, the student's.
// [ErrNotFound] if there is no such request; a [diag.Failure] if it takes no such word.
func (g *Gradebook) Answer(ctx context.Context, id int64, w result.Word) error {
	if !slices.Contains(result.RequestKinds, w.Kind) || w.Kind == result.RequestAsked {
		return fmt.Errorf("request %d: no answer is %q", id, w.Kind)
	}
	if own := w.Kind == result.RequestWithdrawn; w.Student != own && w.Kind != result.RequestSaid {
		return fmt.Errorf("request %d: %q is not this side's to say", id, w.Kind)
	}
	if err := tidy(&w); err != nil {
		return err
	}
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		r := result.Request{ID: id}
		err := tx.QueryRowContext(ctx, "SELECT lab, student FROM requests WHERE seq=?", id).Scan(&r.Lab, &r.Student)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("request %d: %w", id, ErrNotFound)
		}
		if err != nil {
			return err
		}
		all, err := statesOf(ctx, tx, r.Lab, r.Student)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(s state) bool { return s.id == id })
		s := all[i]
		switch {
		case s.last == result.RequestWithdrawn:
			return diag.Misuse(i18n.M("requests.withdrawn"), i18n.M("requests.withdrawn_hint"))
		case w.Kind == result.RequestWithdrawn: // always; there is room for it
		case s.words >= result.MaxWords, w.Student && s.own >= result.MaxOwnWords:
			return diag.Misuse(i18n.M("requests.many_words"), i18n.M("requests.many_words_hint"))
		case w.Student && !s.open: // it is open again
			if err := room(all, s.task, s.check); err != nil {
				return err
			}
		}
		if w.Student {
			w.Who = r.Student
		}
		return insertWord(ctx, tx, id, w)
	})
}

// state is what a student's request is at.
type state struct {
	id          int64
	task, check string
	words, own  int
	open        bool
	last        result.RequestKind
}

// statesOf are those of a student in a lab, whose bound keeps them few.
func statesOf(ctx context.Context, tx *sql.Tx, lab, student string) ([]state, error) {
	return collect(ctx, tx, func(row scanner) (s state, err error) {
		var mine bool
		err = row.Scan(&s.id, &s.task, &s.check, &s.words, &s.own, &mine, &s.last)
		s.open = mine && s.last != result.RequestWithdrawn
		return s, err
	}, `SELECT r.seq, r.task, r.check_id, count(w.seq), coalesce(sum(w.own),0),
		coalesce((SELECT own FROM words WHERE request=r.seq ORDER BY seq DESC LIMIT 1), 0),
		coalesce((SELECT kind FROM words WHERE request=r.seq ORDER BY seq DESC LIMIT 1), '')
		FROM requests r LEFT JOIN words w ON w.request=r.seq WHERE r.lab=? AND r.student=? GROUP BY r.seq ORDER BY r.seq`, lab, student)
}

// room refuses one more open request.
func room(all []state, task, check string) error {
	open := 0
	for _, s := range all {
		if !s.open {
			continue
		}
		if s.check == check && (check != "" || s.task == task) {
			return diag.Misuse(i18n.M("requests.same"), i18n.M("requests.same_hint"))
		}
		open++
	}
	if open >= result.MaxOpenRequests {
		return diag.Misuse(i18n.M("requests.many_open", "n", open), i18n.M("requests.many_open_hint"))
	}
	return nil
}

// tidy makes a word what may be kept, or refuses it.
func tidy(w *result.Word) error {
	w.Text = result.OneParagraph(w.Text)
	w.Who = result.OneParagraph(w.Who)
	most := result.MaxText
	if w.Student {
		most = result.MaxWord
	}
	needed := w.Kind == result.RequestAsked || w.Kind == result.RequestSaid || w.Kind == result.RequestDeclined
	switch n := utf8.RuneCountInString(w.Text); {
	case n > most:
		return diag.Misuse(i18n.M("requests.long", "n", n, "max", most), i18n.M("requests.long_hint"))
	case n == 0 && needed:
		return diag.Misuse(i18n.M("requests.empty"), i18n.M("requests.empty_hint"))
	}
	if n := utf8.RuneCountInString(w.Who); n > result.MaxWord {
		return diag.Misuse(i18n.M("requests.long", "n", n, "max", result.MaxWord), i18n.M("requests.long_hint"))
	}
	return nil
}

func insertWord(ctx context.Context, tx *sql.Tx, request int64, w result.Word) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO words (request, kind, own, who, text, at) VALUES (?,?,?,?,?,?)",
		request, string(w.Kind), w.Student, w.Who, w.Text, stamp(w.When))
	return err
}

// Requests are all of a lab with what was said, the oldest first. A word that is not as it
// was written is left out, as is a request.
func (g *Gradebook) Requests(ctx context.Context, lab string) ([]result.Request, error) {
	return still(ctx, g, func(ctx context.Context) ([]result.Request, error) {
		return g.requests(ctx, func(r *result.Request) bool { return r.Lab == lab })
	})
}

// requestsOf are those of a lab by student.
func (g *Gradebook) requestsOf(ctx context.Context, lab string) (map[string][]result.Request, error) {
	all, err := g.Requests(ctx, lab)
	out := make(map[string][]result.Request)
	for _, r := range all {
		out[r.Student] = append(out[r.Student], r)
	}
	return out, err
}

// Request is one of them, whatever its lab; [ErrNotFound].
func (g *Gradebook) Request(ctx context.Context, id int64) (result.Request, error) {
	found, err := sealedRows(ctx, g, "requests", requestColumns, "WHERE seq=?", scanRequest, nil, id)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("request %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return result.Request{}, err
	}
	words, err := sealedRows(ctx, g, "words", wordColumns, "WHERE request=? ORDER BY seq", scanWord, nil, id)
	for _, w := range words {
		found[0].Words = append(found[0].Words, w.Word)
	}
	return found[0], err
}

// requests reads all rows, so that none is missed because just the column that would
// choose it is damaged.
func (g *Gradebook) requests(ctx context.Context, wanted func(*result.Request) bool) ([]result.Request, error) {
	all, err := listedRows(ctx, g, "requests", requestColumns, scanRequest, nil)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r result.Request) bool { return !wanted(&r) })
	at := make(map[int64]int, len(all))
	for i := range all {
		at[all[i].ID] = i
	}
	words, err := listedRows(ctx, g, "words", wordColumns, scanWord, nil)
	for _, w := range words {
		if i, ok := at[w.of]; ok {
			all[i].Words = append(all[i].Words, w.Word)
		}
	}
	return all, err
}

const (
	requestColumns = "seq, lab, student, task, check_id, run"
	wordColumns    = "request, kind, own, who, text, at"
)

func scanRequest(row scanner) (r result.Request, err error) {
	err = row.Scan(&r.ID, &r.Lab, &r.Student, &r.Task, &r.Check, &r.Run)
	return r, err
}

// word is one of a request's.
type word struct {
	of int64
	result.Word
}

func scanWord(row scanner) (w word, err error) {
	var when string
	if err = row.Scan(&w.of, &w.Kind, &w.Student, &w.Who, &w.Text, &when); err == nil {
		w.When, err = unstamp(when)
	}
	return w, err
}

// CarryRequests copies the requests of one lab to another, which the same work is judged
// as from now on, for those students of whom it has none; it tells how many.
func (g *Gradebook) CarryRequests(ctx context.Context, from, to string, students []string) (n int, err error) {
	all, err := g.Requests(ctx, from)
	if err != nil {
		return 0, err
	}
	there, err := g.Requests(ctx, to)
	if err != nil {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(r result.Request) bool {
		return !slices.Contains(students, r.Student) || slices.ContainsFunc(there, func(x result.Request) bool { return x.Student == r.Student })
	})
	if len(all) == 0 {
		return 0, nil
	}
	return len(all), g.writeSealed(ctx, func(tx *sql.Tx) error {
		for _, r := range all {
			row, err := tx.ExecContext(ctx, "INSERT INTO requests (lab, student, task, check_id, run) VALUES (?,?,?,?,?)", to, r.Student, r.Task, r.Check, r.Run)
			if err != nil {
				return of(r.Student, err)
			}
			id, err := row.LastInsertId()
			if err != nil {
				return err
			}
			for _, w := range r.Words {
				if err := insertWord(ctx, tx, id, w); err != nil {
					return of(r.Student, err)
				}
			}
		}
		return nil
	})
}
