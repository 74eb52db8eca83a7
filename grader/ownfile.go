package grader

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
)

// An OwnFile is a file that no gradebook knows of, written whole or not at all. It is known
// again by its seal, which is part of its text: the file's hash, so that one that somebody
// has changed since is not taken for ours any more.
type OwnFile struct {
	path string
}

// sealMark stands before a seal's hash.
const sealMark = "grade-seal-sha256-"

// Seal is what a writer puts into the text of its file, in a comment of the format's, before
// anything that is not its own: the first one counts, whatever a server has in its answers.
var Seal = sealMark + string(bytes.Repeat([]byte{'0'}, 2*sha256.Size))

// maxOwnFile bounds what is read to know a file again.
const maxOwnFile = 64 << 20

// NewOwnFile says whether a file could be written at that path now: its directory is there
// and takes files, and under its name is nothing, or a sealed file that is as it was written. Anything else
// there is never written over or followed.
func NewOwnFile(ctx context.Context, path string) (OwnFile, error) {
	f := OwnFile{path}
	dir, err := os.Stat(filepath.Dir(path))
	if err == nil && !dir.IsDir() {
		err = fmt.Errorf("%s: %w", filepath.Dir(path), errors.ErrUnsupported)
	}
	if err != nil {
		return f, f.failed(err)
	}
	if err := f.free(ctx); err != nil {
		return f, err
	}
	part, err := f.part()
	if err != nil {
		return f, f.failed(err)
	}
	if err := errors.Join(part.Close(), os.Remove(part.Name())); err != nil {
		return f, f.failed(err)
	}
	return f, nil
}

// Place is where the file is, the same for all ways of writing its path that lead there.
func (f OwnFile) Place() string {
	dir, err := filepath.Abs(filepath.Dir(f.path))
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return filepath.Clean(f.path)
	}
	return filepath.Join(dir, filepath.Base(f.path))
}

// part begins a new file beside the own one.
func (f OwnFile) part() (*os.File, error) {
	// Whoever may read the directory may read it: a collector of figures runs as somebody else.
	return os.OpenFile(filepath.Join(filepath.Dir(f.path), newPart()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // see above
}

// free is nil if the name is: nobody else's file is under it.
func (f OwnFile) free(ctx context.Context) error {
	info, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return f.failed(err)
	}
	if info.Mode().IsRegular() {
		text, err := regular.Read(ctx, f.path, maxOwnFile)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && sealed(text) {
			return nil
		}
	}
	return diag.Misuse(i18n.M("loadpage.not_ours", "file", f.path), i18n.M("loadpage.not_ours_hint", "file", f.path))
}

func (f OwnFile) failed(err error) error {
	return &diag.Failure{Code: diag.Usage, Cause: err, Msg: i18n.M("cli.not_written", "file", f.path), Hint: i18n.M("loadpage.not_written_hint")}
}

// Write puts the text that write gives under the file's name, in the place of an own one.
// If it fails, what was there stays. The context's end does not: what a load found that was
// interrupted is written too.
func (f OwnFile) Write(ctx context.Context, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	text, err := seal(b.Bytes())
	if err == nil {
		err = f.put(context.WithoutCancel(ctx), text)
	}
	var said *diag.Failure
	if err == nil || errors.As(err, &said) {
		return err
	}
	return f.failed(err)
}

func (f OwnFile) put(ctx context.Context, text []byte) (err error) {
	out, err := f.part()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(out.Name())
		}
	}()
	err = fill(out, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := f.free(ctx); err != nil { // it may have come meanwhile
		return err
	}
	return os.Rename(out.Name(), f.path)
}

// seal fills in the hash of a text in its seal.
func seal(text []byte) ([]byte, error) {
	if i := bytes.Index(text, []byte(sealMark)); i < 0 || !bytes.HasPrefix(text[i:], []byte(Seal)) {
		return nil, errors.New("a file needs a seal")
	}
	sum := sha256.Sum256(text)
	return bytes.Replace(text, []byte(Seal), []byte(sealMark+hex.EncodeToString(sum[:])), 1), nil
}

// sealed reports whether a text is as it was sealed.
func sealed(text []byte) bool {
	before, behind, found := bytes.Cut(text, []byte(sealMark))
	if !found || len(behind) < 2*sha256.Size {
		return false
	}
	blank := append(append(bytes.Clone(before), Seal...), behind[2*sha256.Size:]...)
	again, err := seal(blank)
	return err == nil && bytes.Equal(again, text)
}
