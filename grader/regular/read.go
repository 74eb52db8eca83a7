// Package regular reads the files that people name: only regular ones, whole
// and bounded, and no longer than the context lets it.
package regular

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

var (
	// ErrTooBig is the error of a file of more bytes than were allowed.
	ErrTooBig = errors.New("too big")
	// ErrNotRegular is the error of a directory, pipe, device or socket: what
	// is behind it may never end, or never begin.
	ErrNotRegular = errors.New("not a regular file")
)

// Read gives the content of a regular file of at most limit bytes. It returns
// at the end of ctx, whatever the file system is busy with.
func Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := read(ctx, path, limit)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func read(ctx context.Context, path string, limit int64) ([]byte, error) {
	// Opening a device can have effects of its own, opening a pipe waits for
	// who writes: look first, and again at what was opened.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return From(ctx, f, limit)
}

// From is Read of a file that is open already.
func From(ctx context.Context, f fs.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	case info.Size() > limit:
		return nil, ErrTooBig
	}
	data, err := io.ReadAll(io.LimitReader(reader{ctx, f}, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = ErrTooBig
	}
	return data, err
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
