package grader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"swarmgrade/grader/gradebook"
)

// maxBeside is how many names beside a file are tried.
const maxBeside = 1000

// writeExport writes a file of scores and gives its name. A workbook is where
// people type, so one that is not as it was exported from this gradebook is left
// as it is, whatever it may be, and the new one gets a name beside it.
func (g *Grader) writeExport(ctx context.Context, book *gradebook.Gradebook, path string, typed bool, write func(io.Writer) error) (string, error) {
	if !typed {
		return path, writeFile(path, write)
	}
	for n := 1; n <= maxBeside; n++ {
		name := path
		if n > 1 {
			ext := filepath.Ext(path)
			name = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(path, ext), n, ext)
		}
		there, ours, err := untouched(ctx, book, name)
		if err != nil {
			return name, err
		}
		if there && !ours {
			continue
		}
		h, size := sha256.New(), new(counter)
		err = writeFile(name, func(w io.Writer) error { return write(io.MultiWriter(w, h, size)) })
		if err != nil && there && !errors.Is(err, context.Canceled) {
			continue // some program has it open, and the system keeps it for that one
		}
		if err != nil {
			return name, err
		}
		if n > 1 { // said with --quiet too
			g.tell(Beside{File: path, New: name})
		}
		if book.ReadOnly() { // the next one is written beside it, as nobody knows this one
			return name, nil
		}
		return name, book.SetExported(ctx, name, gradebook.Export{SHA256: hex.EncodeToString(h.Sum(nil)), Size: int64(*size)})
	}
	return path, fmt.Errorf("%s (2) to (%d): %w", path, maxBeside, fs.ErrExist)
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// untouched reports whether there is something under a name, and whether that is
// the very file that was exported there last. A file that a spreadsheet program
// has open is not.
func untouched(ctx context.Context, book *gradebook.Gradebook, name string) (there, ours bool, err error) {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	dir, base := filepath.Split(name)
	for _, lock := range []string{".~lock." + base + "#", "~$" + base} {
		if _, err := os.Lstat(filepath.Join(dir, lock)); err == nil {
			return true, false, nil
		}
	}
	last, err := book.Exported(ctx, name)
	if err != nil || last.SHA256 == "" || !info.Mode().IsRegular() || info.Size() != last.Size {
		return true, false, err
	}
	f, err := os.Open(name)
	if err != nil {
		return true, false, nil // nobody knows what it is
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return true, false, nil
	}
	return true, hex.EncodeToString(h.Sum(nil)) == last.SHA256, nil
}
