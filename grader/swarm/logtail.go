package swarm

import (
	"encoding/binary"
	"io"
	"strings"
)

const (
	maxLog = 4 << 10 // bytes kept of a container's output
	// maxLogRead bounds what is read to find its end.
	maxLogRead = 256 << 10
	logLines   = "40"
)

// logTail keeps the last bytes of a container's output, from a whole line on.
// Without a terminal the engine interleaves stdout and stderr in frames: a
// byte for the stream, three of nothing, four for the length.
func logTail(body io.Reader, tty bool) string {
	body = io.LimitReader(body, maxLogRead)
	var tail []byte
	keep := func(r io.Reader) error {
		buf := make([]byte, maxLog)
		for {
			n, err := r.Read(buf)
			tail = append(tail, buf[:n]...)
			if len(tail) > maxLog {
				tail = append(tail[:0], tail[len(tail)-maxLog:]...)
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	cut := false
	if tty {
		_ = keep(body)
	} else {
		var head [8]byte
		for {
			if _, err := io.ReadFull(body, head[:]); err != nil {
				break
			}
			if keep(io.LimitReader(body, int64(binary.BigEndian.Uint32(head[4:])))) != nil {
				break
			}
		}
	}
	cut = len(tail) == maxLog
	out := strings.ToValidUTF8(string(tail), "�")
	if i := strings.IndexByte(out, '\n'); cut && i >= 0 {
		out = out[i+1:]
	}
	return clip(out, maxLog)
}
