package grader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"

	"swarmgrade/grader/gradebook"
)

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
