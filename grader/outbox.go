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

// place is where a file can go: a name that is free, or has what was exported there.
type place struct {
	n    int // see beside
	name string
	was  *gradebook.Export // what is there
}

func (b *outbox) place(ctx context.Context, p parcel, n int) (place, error) {
	for ; n <= maxBeside; n++ {
		at := place{n: n, name: beside(p.asked, n)}
		there, ours, was, err := b.known(ctx, at.name, &p.sum)
		if err != nil {
			return at, err
		}
		if !there || ours {
			at.was = was
			return at, nil
		}
	}
	return place{name: p.asked}, b.exhausted(p.asked)
}

// note has the gradebook know what is about to be put where. One that can't be written
// knows nothing, so that another result is written beside it the next time.
func (b *outbox) note(ctx context.Context, parcels []parcel, places []place) error {
	if b.passing || b.book.ReadOnly() {
		return nil
	}
	files := make(map[string]gradebook.Export, len(parcels))
	for i, p := range parcels {
		e := p.sum
		e.Was = places[i].was
		if places[i].n > 1 {
			e.Of = b.full(parcels[i].asked)
		}
		files[b.full(places[i].name)] = e
	}
	return b.book.SetExported(ctx, files)
}

// move puts a file under its name, or, where the system keeps that for a program that
// has it open, under the next.
func (b *outbox) move(ctx context.Context, p parcel, at place) error {
	for {
		err := b.root.Rename(p.part, at.name)
		if err == nil {
			break
		}
		if at.was == nil || ctx.Err() != nil {
			return err
		}
		next, none := b.place(ctx, p, at.n+1)
		if none != nil {
			return err
		}
		if at = next; b.note(ctx, []parcel{p}, []place{at}) != nil {
			return err
		}
	}
	if at.n > 1 {
		b.beside = append(b.beside, Beside{File: b.full(p.asked), New: b.full(at.name)})
	}
	if p.put != nil {
		p.put(b.full(at.name))
	}
	return nil
}

// tidy takes away what earlier exports have written beside a file since its name was
// taken: now that there is a newer one, theirs would be taken for what counts. Names
// behind the n-th are looked at, as far as there are any.
func (b *outbox) tidy(ctx context.Context, asked string, n int) error {
	for n++; n <= maxBeside; n++ {
		name := beside(asked, n)
		there, ours, _, err := b.known(ctx, name, nil)
		if err != nil || !there {
			return err
		}
		last, err := b.book.Exported(ctx, b.full(name))
		if err != nil {
			return err
		}
		if !ours || last.Of != b.full(asked) { // a form may be called so
			continue
		}
		if err := b.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		b.gone = append(b.gone, b.full(name))
	}
	return nil
}

// known reports whether there is something under a name, whether that is ours, and what
// it is then. A file that a spreadsheet program has open is not ours; one that is the
// same as the new one, which may be nil, is.
func (b *outbox) known(ctx context.Context, name string, now *gradebook.Export) (there, ours bool, was *gradebook.Export, err error) {
	info, err := b.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil, nil
	}
	if err != nil {
		return false, false, nil, err
	}
	dir, base := path.Split(name)
	for _, lock := range []string{".~lock." + base + "#", "~$" + base} {
		if _, err := b.root.Lstat(dir + lock); err == nil {
			return true, false, nil, nil
		}
	}
	last, err := b.book.Exported(ctx, b.full(name))
	if err != nil {
		return true, false, nil, err
	}
	may := make([]gradebook.Export, 0, 3)
	for _, e := range []*gradebook.Export{now, &last, last.Was} {
		if e != nil && e.SHA256 != "" && e.Size == info.Size() {
			may = append(may, *e)
		}
	}
	if len(may) == 0 || !info.Mode().IsRegular() {
		return true, false, nil, nil
	}
	sum := b.hash(name)
	for _, e := range may {
		if e.SHA256 == sum {
			return true, true, &gradebook.Export{SHA256: sum, Size: info.Size()}, nil
		}
	}
	return true, false, nil, nil
}

// hash is a file's; "" where nobody knows what it is.
func (b *outbox) hash(name string) string {
	f, err := b.root.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// drop takes away what an earlier export has written under a name, as it would be taken
// for what counts now. What is not ours is kept.
func (b *outbox) drop(ctx context.Context, asked string) error {
	for n := 1; n <= maxBeside; n++ {
		name := beside(asked, n)
		there, ours, _, err := b.known(ctx, name, nil)
		switch {
		case err != nil:
			return err
		case !there && n > 1:
			return nil
		case !there:
		case !ours:
			b.kept = append(b.kept, b.full(name))
		default:
			if err := b.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
