package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// answer is one final HTTP answer. Its slices point into the buffer and hold
// until the next read.
type answer struct {
	status int
	head   []byte // header lines, without the status line
	body   []byte
	keep   bool // the connection can carry another request
}

// buffer reads answers from a connection. It never holds more than the limits
// on head and body and one piece of what follows.
type buffer struct {
	src  io.Reader
	data []byte
	r, w int // data[r:w] is read and not yet used
	// spent is what chunk sizes and trailers took of maxOverhead.
	spent int
	steps int // bytes looked at or moved, for tests of how the work grows
}

const readSize = 4 << 10

func (b *buffer) reset(src io.Reader) {
	if b.data == nil {
		b.data = make([]byte, readSize)
	}
	b.src, b.r, b.w = src, 0, 0
}

// begin is where the first piece of the next answer may be read to, with
// nothing left of the one before; w then says how much that is.
func (b *buffer) begin() []byte {
	b.r, b.w = 0, 0
	return b.data
}

// fill reads some more, making room for it first.
func (b *buffer) fill() error {
	if b.w == len(b.data) {
		b.data = append(b.data, make([]byte, len(b.data))...)
	}
	for range 100 {
		n, err := b.src.Read(b.data[b.w:])
		b.w += n
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// read reads one answer, interim ones (1xx) skipped. The error is errMalformed,
// errTooLarge, io.ErrUnexpectedEOF (io.EOF if nothing came at all) or the
// connection's own.
func (b *buffer) read(a *answer) error {
	b.w = copy(b.data, b.data[b.r:b.w])
	b.r, b.spent = 0, 0
	var h head
	for start := 0; ; {
		end, err := b.headEnd(start)
		if err != nil {
			return err
		}
		h = head{}
		if err := h.parse(b.data[start:end]); err != nil {
			return err
		}
		b.r = end
		if h.status >= 200 {
			a.status = h.status
			break
		}
		if h.status == 101 {
			return fmt.Errorf("%w: it switches to a protocol that nobody asked for", errMalformed)
		}
		start = end
	}
	fields := b.r - len(h.fields)
	bodyStart := b.r
	err := b.body(&h)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	a.head = b.data[fields:bodyStart]
	a.body = b.data[bodyStart:h.bodyEnd]
	// Bytes that nobody asked for would be taken for the next answer.
	a.keep = h.keep && b.r == b.w
	return nil
}

// headEnd reads up to the empty line that ends a head which begins at start.
func (b *buffer) headEnd(start int) (int, error) {
	for seen, looked := start, start; ; {
		for {
			i := bytes.IndexByte(b.data[looked:b.w], '\n')
			b.steps += b.w - looked
			if i < 0 {
				looked = b.w
				break
			}
			b.steps -= b.w - looked - i
			line := b.data[seen : looked+i]
			blank := len(line) == 0 || len(line) == 1 && line[0] == '\r'
			seen = looked + i + 1
			looked = seen
			if seen > maxHead {
				return 0, errTooLarge
			}
			if blank {
				return seen, nil
			}
		}
		if n := min(b.w-start, len(httpPrefix)); string(b.data[start:start+n]) != httpPrefix[:n] {
			return 0, errMalformed
		}
		if b.w >= maxHead {
			return 0, errTooLarge
		}
		if err := b.fill(); err != nil {
			if errors.Is(err, io.EOF) && b.w > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
}

// body reads the body to data[bodyStart:h.bodyEnd] and leaves r behind it.
func (b *buffer) body(h *head) error {
	start := b.r
	switch {
	case h.status == 204 || h.status == 304:
		h.bodyEnd = start
		return nil
	case h.chunked:
		end, err := b.chunks(start)
		h.bodyEnd = end
		return err
	case h.length > maxBody:
		return errTooLarge
	case h.length >= 0:
		for b.w-start < h.length {
			if err := b.fill(); err != nil {
				return err
			}
		}
		b.r = start + h.length
		h.bodyEnd = b.r
		return nil
	}
	// Neither is given: the body ends with the connection.
	h.keep = false
	for {
		err := b.fill()
		if b.w-start > maxBody {
			return errTooLarge
		}
		if errors.Is(err, io.EOF) {
			b.r, h.bodyEnd = b.w, b.w
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// chunks decodes a chunked body in place, from start on, and reads the
// trailers. It gives the end of the decoded body.
func (b *buffer) chunks(start int) (end int, err error) {
	end = start
	for {
		line, err := b.line()
		if err != nil {
			return 0, err
		}
		size, ok := chunkSize(line)
		if !ok {
			return 0, fmt.Errorf("%w: a chunk has no size", errMalformed)
		}
		if size > maxBody || end-start+size > maxBody {
			return 0, errTooLarge
		}
		if size == 0 {
			break
		}
		for left := size; left > 0; {
			if b.r == b.w {
				// Everything behind the decoded part is used: read there.
				b.r, b.w = end, end
				if err := b.fill(); err != nil {
					return 0, err
				}
			}
			n := min(left, b.w-b.r)
			copy(b.data[end:], b.data[b.r:b.r+n])
			b.steps += n
			end, b.r, left = end+n, b.r+n, left-n
		}
		if line, err = b.line(); err != nil {
			return 0, err
		}
		if len(line) > 0 {
			return 0, fmt.Errorf("%w: a chunk is longer than it says", errMalformed)
		}
	}
	for {
		line, err := b.line()
		if err != nil || len(line) == 0 {
			return end, err
		}
	}
}

// line takes one line, without its end, out of the buffer; it counts towards
// the overhead that a body may have.
func (b *buffer) line() ([]byte, error) {
	for seen := b.r; ; {
		b.steps++
		if i := bytes.IndexByte(b.data[seen:b.w], '\n'); i >= 0 {
			line := b.data[b.r : seen+i]
			b.r = seen + i + 1
			b.steps += i
			if b.spent += len(line) + 1; b.spent > maxOverhead {
				return nil, errTooLarge
			}
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
		b.steps += b.w - seen
		seen = b.w
		if b.spent+b.w-b.r > maxOverhead {
			return nil, errTooLarge
		}
		if err := b.fill(); err != nil {
			return nil, err
		}
	}
}

// chunkSize reads the hexadecimal size at the start of a line; what follows a
// semicolon is ignored.
func chunkSize(line []byte) (int, bool) {
	size, digits := 0, 0
	for _, c := range line {
		d := 0
		switch {
		case c >= '0' && c <= '9':
			d = int(c - '0')
		case c >= 'a' && c <= 'f':
			d = int(c-'a') + 10
		case c >= 'A' && c <= 'F':
			d = int(c-'A') + 10
		case c == ';', c == ' ', c == '\t':
			return size, digits > 0
		default:
			return 0, false
		}
		digits++
		size = min(size<<4|d, 1<<30)
	}
	return size, digits > 0
}
