package gradebook

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Link is the right to open the page: a student's to their own, or an instructor's. Of
// its token only the SHA-256 is kept.
type Link struct {
	ID      int64
	Student string // "" for an instructor's
	Name    string // the instructor's, "" if none was said; a student's is in the roster
	Hash    [32]byte
	Made    time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: it was not
}

// InForce reports whether a link opens the page at a time.
func (l *Link) InForce(at time.Time) bool {
	return l.Revoked.IsZero() && (l.Expires.IsZero() || at.Before(l.Expires))
}

const (
	// MaxTeacherLinks is how many links of instructors may be in force.
	MaxTeacherLinks = 20
	// keptLinks of a student are remembered, those of before included.
	keptLinks = 5
)

// AddLinks records links, all or none. A student's new link revokes the former ones, and so
// does an instructor's those of the same name; without a name they stand side by side.
func (g *Gradebook) AddLinks(ctx context.Context, links ...Link) error {
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		for _, l := range links {
			if l.Student != "" {
				if _, err := revoke(ctx, tx, l.Made, l.Student); err != nil {
					return err
				}
			} else if err := roomForTeacher(ctx, tx, l.Made, l.Name); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO links (student, name, hash, made, expires, revoked) VALUES (?,?,?,?,?,?)",
				l.Student, l.Name, hex.EncodeToString(l.Hash[:]), utc(l.Made), utc(l.Expires), utc(l.Revoked)); err != nil {
				return of(l.Student, err)
			}
			most := keptLinks
			if l.Student == "" {
				most = 2 * MaxTeacherLinks
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE student=?1 AND (revoked<>'' OR expires<>'' AND expires<=?2) AND
				seq NOT IN (SELECT seq FROM links WHERE student=?1 ORDER BY seq DESC LIMIT ?3)`, l.Student, utc(l.Made), most); err != nil {
				return err
			}
		}
		return nil
	})
}

// roomForTeacher revokes what an instructor has already, if they have a name, and sees to it that there
// are not too many.
func roomForTeacher(ctx context.Context, tx *sql.Tx, at time.Time, name string) error {
	if name != "" {
		if _, err := revokeNamed(ctx, tx, at, name); err != nil {
			return err
		}
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM links WHERE student='' AND revoked='' AND (expires='' OR expires>?)", utc(at)).Scan(&n); err != nil {
		return err
	}
	if n >= MaxTeacherLinks {
		return diag.Misuse(i18n.M("links.many_teachers", "n", n), i18n.M("links.many_teachers_hint"))
	}
	return nil
}

// Links are those in force and those that are remembered, the oldest first.
func (g *Gradebook) Links(ctx context.Context) ([]Link, error) {
	return listedRows(ctx, g, "links", linkColumns, scanLink, nil)
}

// LinkOf is the link of a token's hash, if it is in force now; else [ErrNotFound],
// whatever the reason. A link that is not as it was written opens nothing.
func (g *Gradebook) LinkOf(ctx context.Context, hash [32]byte) (Link, error) {
	found, err := sealedRows(ctx, g, "links", linkColumns, "WHERE hash=?", scanLink, nil, hex.EncodeToString(hash[:]))
	if err != nil {
		return Link{}, err
	}
	if len(found) != 1 || subtle.ConstantTimeCompare(found[0].Hash[:], hash[:]) != 1 || !found[0].InForce(time.Now()) {
		return Link{}, ErrNotFound
	}
	return found[0], nil
}

// RevokeLinks ends the links in force of some students ("" is every instructor), of
// nobody if none is named, and tells how many they were.
func (g *Gradebook) RevokeLinks(ctx context.Context, at time.Time, students ...string) (n int, err error) {
	return g.revokeEach(ctx, at, students, revoke)
}

// RevokeNamed is [Gradebook.RevokeLinks] for instructors by their names; "" are those without one.
func (g *Gradebook) RevokeNamed(ctx context.Context, at time.Time, names ...string) (n int, err error) {
	return g.revokeEach(ctx, at, names, revokeNamed)
}

func (g *Gradebook) revokeEach(ctx context.Context, at time.Time, all []string, end func(context.Context, *sql.Tx, time.Time, string) (int, error)) (n int, err error) {
	err = g.writeSealed(ctx, func(tx *sql.Tx) error {
		n = 0
		for _, who := range all {
			k, err := end(ctx, tx, at, who)
			if err != nil {
				return of(who, err)
			}
			n += k
		}
		return nil
	})
	return n, err
}

const revoking = "UPDATE links SET revoked=?2, sum=NULL WHERE revoked='' AND (expires='' OR expires>?2) AND "

func revoke(ctx context.Context, tx *sql.Tx, at time.Time, student string) (int, error) {
	return affected(tx.ExecContext(ctx, revoking+"student=?1", student, utc(at)))
}

func revokeNamed(ctx context.Context, tx *sql.Tx, at time.Time, name string) (int, error) {
	return affected(tx.ExecContext(ctx, revoking+"student='' AND name=?1", name, utc(at)))
}

func affected(r sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

const linkColumns = "student, name, hash, made, expires, revoked, seq"

func scanLink(row scanner) (l Link, err error) {
	var hash, made, expires, revoked string
	if err := row.Scan(&l.Student, &l.Name, &hash, &made, &expires, &revoked, &l.ID); err != nil {
		return l, err
	}
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) != len(l.Hash) {
		return l, fmt.Errorf("the hash of link %d: %w", l.ID, errors.Join(err, ErrDamaged))
	}
	copy(l.Hash[:], raw)
	for _, t := range []struct {
		text string
		into *time.Time
	}{{made, &l.Made}, {expires, &l.Expires}, {revoked, &l.Revoked}} {
		if *t.into, err = unstamp(t.text); err != nil {
			return l, err
		}
	}
	return l, nil
}

// utc is a time as it can be compared as text; "" is never.
func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t.UTC())
}
