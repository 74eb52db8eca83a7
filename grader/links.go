package grader

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/roster"
)

// LinkOptions say for whom links are made.
type LinkOptions struct {
	// Students are IDs, ends of IDs or names; none are those that the job was opened
	// for, unless it is an instructor's link alone that is asked for.
	Students []string
	Teacher  bool      // an instructor's
	Names    []string  // of instructors, a link for each; none is one without a name, or for revoking all
	Missing  bool      // only for students who have none in force
	Expires  time.Time // zero: never
}

// NewLink is a link as it was made: the token is shown once, since only its hash is kept.
type NewLink struct {
	Student roster.Student // of an instructor there is the name at most
	Token   string
	Expires time.Time // zero: never
}

// LinkInfo is a link as a list of them shows it.
type LinkInfo struct {
	gradebook.Link
	Name    string // the student's in the roster, "" for who is in it no more; or the instructor's
	InForce bool
}

// Who is whose page a token opens.
type Who struct {
	Student string // ID; "" if Teacher
	Teacher bool
	Name    string // the instructor's, "" if the link has none
}

// ErrNoLink is all that is said of a token that opens nothing, be it unknown, revoked,
// expired, of a student who left, or no token at all.
var ErrNoLink = errors.New("this link opens nothing")

// tokenBytes are how many bytes of chance a token has.
const tokenBytes = 16 // 128 bits

// tokenAlphabet is Crockford's (base 32 without i, l, o, u), in lower case.
const tokenAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var tokenCode = base32.NewEncoding(tokenAlphabet).WithPadding(base32.NoPadding)

// newToken is 26 characters of chance.
func newToken() string {
	var raw [tokenBytes]byte
	_, _ = rand.Read(raw[:]) // never fails: it ends the program where there is no chance
	return tokenCode.EncodeToString(raw[:])
}

// likeLetters are letters that a person may take for a token's digits.
var likeLetters = strings.NewReplacer("o", "0", "i", "1", "l", "1")

// PlainToken is the one way to write a token that a person may type in several.
func PlainToken(token string) string { return likeLetters.Replace(strings.ToLower(token)) }

// tokenHash is what is kept of a token, however a person typed it; false if it is none.
func tokenHash(token string) (hash [32]byte, ok bool) {
	token = strings.TrimSpace(token)
	if len(token) != tokenCode.EncodedLen(tokenBytes) {
		return hash, false
	}
	token = PlainToken(token)
	if strings.Trim(token, tokenAlphabet) != "" {
		return hash, false
	}
	return sha256.Sum256([]byte(token)), true
}

// linked are the students that links are asked for.
func (j *Job) linked(o LinkOptions) ([]roster.Student, error) {
	switch {
	case len(o.Students) > 0:
		return pick(j.Class, o.Students, "--students")
	case o.Teacher:
		return nil, nil
	}
	return j.Students, nil
}

// NewLinks makes links, which end the former ones of these students. They come in the
// order of the roster, an instructor's first.
func (j *Job) NewLinks(ctx context.Context, o LinkOptions) (out []NewLink, err error) {
	students, err := j.linked(o)
	if err != nil {
		return nil, err
	}
	names, err := o.named()
	if err != nil {
		return nil, err
	}
	book, err := j.openPage(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = j.closeBook(book, err) }()
	now := time.Now()
	if o.Missing {
		known, err := book.Links(ctx)
		if err != nil {
			return nil, err
		}
		students = slices.DeleteFunc(slices.Clone(students), func(s roster.Student) bool {
			return slices.ContainsFunc(known, func(l gradebook.Link) bool { return l.Student == s.ID && l.InForce(now) })
		})
	}
	if o.Teacher {
		teachers := make([]roster.Student, max(len(names), 1))
		for i, name := range names {
			teachers[i].Name = name
		}
		students = append(teachers, students...)
	}
	var all []gradebook.Link
	for _, s := range students {
		token := newToken()
		hash, _ := tokenHash(token)
		out = append(out, NewLink{Student: s, Token: token, Expires: o.Expires})
		l := gradebook.Link{Student: s.ID, Hash: hash, Made: now, Expires: o.Expires}
		if s.ID == "" {
			l.Name = s.Name
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		return nil, nil
	}
	if err := book.AddLinks(ctx, all...); err != nil {
		return nil, err
	}
	return out, nil
}

// RevokeLinks ends links at once, and tells how many. An instructor's name that has none in
// force is refused, and nothing is revoked.
func (j *Job) RevokeLinks(ctx context.Context, o LinkOptions) (n int, err error) {
	students, err := j.linked(o)
	if err != nil {
		return 0, err
	}
	names, err := o.named()
	if err != nil {
		return 0, err
	}
	book, err := j.openPage(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = j.closeBook(book, err) }()
	var ids []string
	for _, s := range students {
		ids = append(ids, s.ID)
	}
	now := time.Now()
	switch {
	case len(names) > 0:
		if err := hasNamed(ctx, book, now, names); err != nil {
			return 0, err
		}
		if n, err = book.RevokeNamed(ctx, now, names...); err != nil {
			return n, err
		}
	case o.Teacher:
		ids = append(ids, "")
	}
	k, err := book.RevokeLinks(ctx, now, ids...)
	return n + k, err
}

// Links are those that are known, the oldest first.
func (j *Job) Links(ctx context.Context) (out []LinkInfo, err error) {
	err = j.readingPage(ctx, func(book *gradebook.Gradebook) error {
		all, err := book.Links(ctx)
		now := time.Now()
		for _, l := range all {
			s, in := j.student(l.Student)
			if l.Student == "" {
				s.Name = l.Name
			}
			out = append(out, LinkInfo{Link: l, Name: s.Name, InForce: l.InForce(now) && (in || l.Student == "")})
		}
		return err
	})
	return out, noneYet(err)
}

// WhoHas tells whose page a token opens; [ErrNoLink] if nobody's, whatever the reason.
func (j *Job) WhoHas(ctx context.Context, token string) (who Who, err error) {
	hash, ok := tokenHash(token)
	err = j.readingPage(ctx, func(book *gradebook.Gradebook) error {
		l, err := book.LinkOf(ctx, hash) // also of what can be none: it takes as long
		if err != nil {
			return err
		}
		who = Who{Student: l.Student, Teacher: l.Student == "", Name: l.Name}
		return nil
	})
	if errors.Is(err, gradebook.ErrNotFound) {
		return Who{}, ErrNoLink
	}
	if err != nil {
		return Who{}, err
	}
	if _, in := j.student(who.Student); !ok || !in && !who.Teacher {
		return Who{}, ErrNoLink
	}
	return who, nil
}

// student is one of the class's by ID.
func (j *Job) student(id string) (roster.Student, bool) {
	i := slices.IndexFunc(j.Class.Students, func(s roster.Student) bool { return s.ID == id })
	if i < 0 {
		return roster.Student{}, false
	}
	return j.Class.Students[i], true
}

// openPage opens the class's gradebook to add what no score is made of, also before the
// first run. It is not read through first, as it is for scores: of those nothing is
// written here.
func (j *Job) openPage(ctx context.Context) (*gradebook.Gradebook, error) {
	return j.g.openBook(ctx, j.bookPath())
}

// HasBook reports whether the class has a gradebook, and which file that is.
func (j *Job) HasBook() (file string, has bool) {
	_, err := os.Stat(j.bookPath())
	return j.bookPath(), !errors.Is(err, fs.ErrNotExist)
}

// readingPage has do read what the page adds; without a gradebook there is nothing.
func (j *Job) readingPage(ctx context.Context, do func(*gradebook.Gradebook) error) error {
	if _, has := j.HasBook(); !has {
		return gradebook.ErrNotFound
	}
	book, err := j.g.readBook(ctx, j.bookPath())
	if err != nil {
		return err
	}
	return j.closeBook(book, do(book))
}
