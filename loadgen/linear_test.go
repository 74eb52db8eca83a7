package loadgen

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/mention"
	"swarmgrade/grader/rubric"
)

// readers are all that look at bytes of an answer, each with the number of
// bytes it looked at. Time says nothing on a busy machine.
var readers = func() map[string]func(text []byte) int {
	a, err := Compile(rubric.Attribution{})
	if err != nil {
		panic(err)
	}
	known := mention.New(cluster())
	out := map[string]func([]byte) int{
		"everything, of a body": func(b []byte) int {
			f := found{known: known, asked: "10.0.1.5"}
			a.find(&f, nil, b)
			return f.steps
		},
		"numbers, of a body": func(b []byte) int {
			_, steps := numbersIn(nil, b, 0)
			return steps
		},
		"what exists, in a header": func(b []byte) int {
			var m mention.Found
			known.Scan(&m, b, nil)
			return m.Steps
		},
		"other requests' nonces": func(b []byte) int {
			_, steps := showsOther(b, 1)
			return steps
		},
		"a body until the end": func(b []byte) int { return readAll("HTTP/1.1 200 OK\r\n\r\n", b) },
		"chunks":               func(b []byte) int { return readAll("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b) },
		"a head":               func(b []byte) int { return readAll("HTTP/1.1 200 OK\r\n", b[:min(len(b), maxHead)]) },
	}
	for name, find := range builtins {
		out[name+", of a body"] = func(b []byte) int {
			f := found{known: known}
			find(&f, nil, b)
			return f.steps
		}
		out[name+", of a head"] = func(b []byte) int {
			f := found{known: known}
			find(&f, b, nil)
			return f.steps
		}
	}
	return out
}()

// dribble gives little at a time, as a slow peer does.
type dribble struct{ rest []byte }

func (d *dribble) Read(p []byte) (int, error) {
	n := copy(p[:min(len(p), 16)], d.rest)
	d.rest = d.rest[n:]
	if n == 0 {
		return 0, fmt.Errorf("the end")
	}
	return n, nil
}

func readAll(head string, body []byte) int {
	var b buffer
	b.reset(&dribble{append([]byte(head), body...)})
	var a answer
	_ = b.read(&a)
	return b.steps
}

// perByte is how often a byte may be looked at: by each of the rules, and by
// each of the labels where one could begin.
const perByte = 64

func mustBeLinear(t *testing.T, size int, before, unit, after string) {
	t.Helper()
	if unit == "" {
		return
	}
	make := func(n int) []byte {
		return append(append([]byte(before), bytes.Repeat([]byte(unit), n/len(unit)+1)...), after...)
	}
	for name, read := range readers {
		one, two := make(size), make(2*size)
		a, b := read(one), read(two)
		require.LessOrEqual(t, a, perByte*len(one)+1024, "%s: bytes looked at, of %q again and again", name, unit)
		require.LessOrEqual(t, float64(b), 2.5*float64(a)+4096, "%s: twice as much of %q", name, unit)
	}
}

var repeated = []string{
	" HTTP/1.", "GET / HTTP/1.1 ", "GET / HTTP/1.1\n", "A HTTP/1.", "<", "<!--", "<script", "<script>", "<style", "<b>", "</b>", ":", "::", "a:", "a:a",
	"\"", "{\"", "{\"a\":", "[", "{\"ip\":[", "{\"ip\":\"10.0.1.5\",", "\\", "\"\\\"", "hostname", "hostname:", "hostname ", "container ", "is ",
	"主机名", "主机名:", "容器 ", "学号：", "processed by ", "10.0.1.5", "10.0.1.5 ", "client 10.0.1.6 ", "1.", "7be04d19c2f6", "7be04d19c2f6 ", "0123456789abcdef0123456789abcde-", "0", "-7be04d19c2f67be04d19c2f67be04d19",
	"app-3.", "app-3 ", "-", ".", "x-served-by: \n", "x-a:b\n", "IP: 10.0.1.5\n", "Hostname: a\n", "\n", "\r\n", "1\r\na\r\n", "f", "0;a=b\r\n", " ", "\t", "\x01", "&quot;", "%20", "😀",
}

// TestReadingIsLinear includes the page that took a third of a second: eight
// thousand times " HTTP/1." without a line end.
func TestReadingIsLinear(t *testing.T) {
	for _, unit := range repeated {
		for _, before := range []string{"", "{\"", "Hostname: x", "<script>", "GET / HTTP/1.1\n"} {
			mustBeLinear(t, 8<<10, before, unit, "@")
		}
	}
}

func FuzzReadingIsLinear(f *testing.F) {
	for _, unit := range repeated {
		f.Add("", unit, "")
	}
	f.Fuzz(func(t *testing.T, before, unit, after string) {
		if len(before) < 256 && len(unit) < 512 && len(after) < 256 {
			mustBeLinear(t, 1<<10, before, unit, after)
		}
	})
}

// One answer of the largest size costs little, whatever is in it. The bound is
// a hundred times what it takes, and a hundredth of what it took.
func TestLargestAnswerIsCheap(t *testing.T) {
	a, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	body := []byte(strings.Repeat(" HTTP/1.", maxBody/8))
	f := found{known: mention.New(cluster())}
	for range 20 {
		a.find(&f, nil, body)
	}
	require.LessOrEqual(t, f.steps, 16*len(body))
}

// A target whose answers take too long to read is ended, by name.
func TestCostlyTargetEnds(t *testing.T) {
	slow := &Attributor{naming: []rule{{name: "slow", find: func(*found, []byte, []byte) bool {
		time.Sleep(20 * time.Millisecond)
		return false
	}}}}
	tgt := target(serve(t, echoing(func(int, *http.Request) string { return "hi" })), 1000)
	tgt.Workers = 1
	trace, err := Run(t.Context(), tgt, Options{Attribution: slow, readBudget: 100 * time.Millisecond})
	require.NoError(t, err)
	require.Equal(t, "costly", trace.Stopped)
	require.Less(t, trace.Sent, 1000)
	mustAddUp(t, trace)
}
