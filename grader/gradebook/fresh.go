package gradebook

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// fresh begins a gradebook where there is none. Its layout is written to a file beside
// it that then gets the name, so that whoever is killed on the way leaves none: a
// gradebook without content is one that lost it. Of two processes that begin one at
// once the first gives it its name, and both use that.
func fresh(ctx context.Context, abs string) error {
	if _, err := os.Lstat(abs); !errors.Is(err, fs.ErrNotExist) {
		return nil // what is wrong with it is found out by opening it
	}
	tmp, err := os.CreateTemp(filepath.Dir(abs), "."+filepath.Base(abs)+".*")
	if err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	defer func() {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			_ = os.Remove(tmp.Name() + suffix)
		}
	}()
	if err := layOut(ctx, tmp.Name(), abs); err != nil {
		return err
	}
	err = os.Link(tmp.Name(), abs)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil: // a file system without links: it is laid out in its place
		f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		return layOut(ctx, abs, abs)
	}
	if dir, err := os.Open(filepath.Dir(abs)); err == nil { // that the name is kept, where it can be seen to
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// layOut writes the layout to an empty file, which becomes the gradebook at abs.
func layOut(ctx context.Context, file, abs string) error {
	db, err := open(file, "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(10000)")
	if err != nil {
		return err
	}
	err = newGradebook(db, abs).migrate(ctx)
	return errors.Join(err, db.Close())
}

// Lost tells, as a [diag.Failure], of a gradebook whose content is gone: the file is empty,
// or only its log is there. Nothing may be begun over that: somebody may have the scores
// yet. It is nil where there is no gradebook, or one with anything in it.
func Lost(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(abs)
	gone := errors.Is(err, fs.ErrNotExist)
	switch {
	case err == nil && (info.Size() > 0 || !info.Mode().IsRegular()), err != nil && !gone:
		return nil
	case gone && !hasContent(abs+"-wal"):
		return nil
	case gone:
		if _, err := os.Lstat(abs); err == nil {
			return nil // another process has begun it just now, or it is a link to nowhere
		}
	}
	key := "empty"
	pairs := []any{"file", abs, "log", abs + "-wal", "word", diag.ShellWord(abs), "logword", diag.ShellWord(abs + "-wal")}
	if gone {
		key = "only_log"
	} else if hasContent(abs + "-wal") {
		key = "empty_log"
	}
	hint := key + "_hint"
	if copies := copiesOf(abs); len(copies) > 0 {
		hint = key + "_copies_hint"
		pairs = append(pairs, "copies", copies)
	}
	return failure(i18n.M("gradebook."+key, pairs...), i18n.M("gradebook."+hint, pairs...), nil)
}

func hasContent(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// maxCopies are named.
const maxCopies = 5

// copiesOf are the files beside a gradebook that are named after it and may be copies: one
// that was set aside, or a backup.
func copiesOf(abs string) []string {
	entries, err := os.ReadDir(filepath.Dir(abs))
	if err != nil {
		return nil
	}
	base := filepath.Base(abs)
	var out []string
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), base)
		if !ok || slices.Contains([]string{"", "-wal", "-shm", "-journal", ".lock"}, rest) || !e.Type().IsRegular() {
			continue
		}
		if hasContent(filepath.Join(filepath.Dir(abs), e.Name())) {
			out = append(out, e.Name())
		}
	}
	if len(out) > maxCopies {
		out = append(out[:maxCopies:maxCopies], "…")
	}
	return out
}
