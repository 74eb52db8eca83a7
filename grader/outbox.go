package grader

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"swarmgrade/grader/gradebook"
)

const (
	maxBeside = 1000 // names beside a file that are tried
	together  = 50   // files that are noted in the gradebook at once
)

// outbox is the directory that an export's files go to. Nothing of anybody else's there
// is ever written over, followed or taken away: what is there is ours if it is, byte by
// byte, what the gradebook knows to have been written under that name, or what is to be
// written now. Else the new file gets a name beside it. A file is there whole or not at
// all, and only the owner may read it where it has scores, which are private.
type outbox struct {
	g    *Grader
	book *gradebook.Gradebook
	dir  string   // as it was asked for; it may be a link, what is in it is not followed
	root *os.Root // out of which no name leads
	// passing says that the files are gone soon: nothing is noted of them.
	passing bool

	waiting []parcel
	beside  []Beside // names that were taken
	kept    []string // what was not taken away, as it is not ours
	gone    []string // what was, see tidy
}

// parcel is a file that was written whole, and waits to be put under its name.
type parcel struct {
	asked, part string // names in the directory
	sum         gradebook.Export
	put         func(name string) // told the path that it got
}

// openOutbox makes the directory where there is none.
func openOutbox(g *Grader, book *gradebook.Gradebook, dir string) (*outbox, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b := &outbox{g: g, book: book, dir: dir, root: root}
	b.sweep(".")
	return b, nil
}

// close leaves nothing half done.
func (b *outbox) close() {
	for _, p := range b.waiting {
		_ = b.root.Remove(p.part)
	}
	b.waiting = nil
	b.root.Close()
}

// sweep takes away what killed processes have left of files.
func (b *outbox) sweep(dir string) {
	f, err := b.root.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	entries, _ := f.ReadDir(-1)
	for _, e := range entries {
		if left(e) {
			_ = b.root.Remove(path.Join(dir, e.Name()))
		}
	}
}

// folder is a directory in it, which is made where there is none. What is there under the
// name and is none, be it a link to one, is left.
func (b *outbox) folder(asked string) (string, error) {
	for n := 1; n <= maxBeside; n++ {
		name := beside(asked, n)
		info, err := b.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			if err = b.root.Mkdir(name, 0o755); err == nil {
				info, err = b.root.Lstat(name)
			}
		}
		switch {
		case err != nil:
			return name, err
		case !info.IsDir():
			continue
		case n > 1:
			b.beside = append(b.beside, Beside{File: b.full(asked), New: b.full(name)})
		}
		b.sweep(name)
		return name, nil
	}
	return asked, b.exhausted(asked)
}

// full is a name in the directory as a path.
func (b *outbox) full(name string) string { return filepath.Join(b.dir, filepath.FromSlash(name)) }

func (b *outbox) exhausted(asked string) error {
	return fmt.Errorf("%s (2) to (%d): %w", b.full(asked), maxBeside, fs.ErrExist)
}

// beside is the n-th name for a file.
func beside(asked string, n int) string {
	if n == 1 {
		return asked
	}
	ext := path.Ext(asked)
	return fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(asked, ext), n, ext)
}

// private is the mode of a file that only its owner may read.
const private fs.FileMode = 0o600

// add writes a private file, see addAs.
func (b *outbox) add(ctx context.Context, asked string, about *gradebook.About, write func(io.Writer) error, put func(name string)) error {
	return b.addAs(ctx, asked, private, about, write, put)
}

// addAs writes a file; it has its name once flush has put it there. If write fails there is
// none, and what was there stays.
func (b *outbox) addAs(ctx context.Context, asked string, mode fs.FileMode, about *gradebook.About, write func(io.Writer) error, put func(name string)) error {
	p := parcel{asked: asked, part: path.Join(path.Dir(asked), newPart()), put: put}
	f, err := b.root.OpenFile(p.part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	h, size := sha256.New(), new(counter)
	err = fill(f, func(w io.Writer) error { return write(io.MultiWriter(w, h, size)) })
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		_ = b.root.Remove(p.part)
		return err
	}
	p.sum = gradebook.Export{SHA256: hex.EncodeToString(h.Sum(nil)), Size: int64(*size), About: about}
	if b.waiting = append(b.waiting, p); len(b.waiting) >= together {
		return b.flush(ctx)
	}
	return nil
}

func fill(f *os.File, write func(w io.Writer) error) error {
	buf := bufio.NewWriter(f)
	if err := write(buf); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// flush puts what was written under its names. The gradebook knows of it before: whenever
// the program is killed, what is there is known again.
func (b *outbox) flush(ctx context.Context) error {
	places := make([]place, len(b.waiting))
	for i, p := range b.waiting {
		var err error
		if places[i], err = b.place(ctx, p, 1); err != nil {
			return err
		}
	}
	if err := b.note(ctx, b.waiting, places); err != nil {
		return err
	}
	dirs := map[string]bool{}
	for i := range places {
		if err := b.move(ctx, b.waiting[0], places[i]); err != nil {
			return err
		}
		if err := b.tidy(ctx, b.waiting[0].asked, places[i].n); err != nil {
			return err
		}
		dirs[path.Dir(b.waiting[0].asked)] = true
		b.waiting = b.waiting[1:]
	}
	b.waiting = nil
	for dir := range dirs {
		// Makes the renames last; where directories cannot be synced there is nothing
		// more to do.
		if d, err := b.root.Open(dir); err == nil {
			_ = d.Sync()
			d.Close()
		}
	}
	return nil
}
