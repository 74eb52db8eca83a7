package loadgen

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestAnswersOfEarlierRuns: the same service is driven three times, as a class is that
// is graded again, or a student who checks before.
func TestAnswersOfEarlierRuns(t *testing.T) {
	const requests = 40
	head := func(r *http.Request) string {
		return "Hostname: a\n\nGET / HTTP/1.1\nUser-Agent: " + r.UserAgent() + "\nX-Request-Id: " + r.Header.Get(nonceField) + "\n"
	}
	random := rand.NewChaCha8([32]byte{1})
	digits := func(n int) string {
		b := make([]byte, n/2)
		_, _ = random.Read(b)
		return hex.EncodeToString(b)
	}
	instead := func(id func() string) func() func(int, *http.Request) string {
		return func() func(int, *http.Request) string {
			return func(int, *http.Request) string { return "Hostname: a\n\nGET / HTTP/1.1\nX-Request-Id: " + id() + "\n" }
		}
	}
	type counts struct{ echoed, replayed int }
	honest, silent := [3]counts{{requests, 0}, {requests, 0}, {requests, 0}}, [3]counts{}
	recorded := [3]counts{{1, requests - 1}, {0, requests}, {0, requests}}
	first := func(page func(*http.Request) string) func() func(int, *http.Request) string {
		return func() func(int, *http.Request) string {
			kept := ""
			return func(_ int, r *http.Request) string {
				if kept == "" {
					kept = page(r)
				}
				return kept
			}
		}
	}
	for _, c := range []struct {
		name string
		page func() func(n int, r *http.Request) string
		want [3]counts
	}{
		{"the honest service", func() func(int, *http.Request) string {
			return func(_ int, r *http.Request) string { return head(r) }
		}, honest},
		{"a proxy copies the ID into a field of its own, and adds one", func() func(int, *http.Request) string {
			return func(_ int, r *http.Request) string {
				return head(r) + "X-Correlation-Id: " + r.Header.Get(nonceField) + "\nX-Unique-Id: " + digits(32) + "\n"
			}
		}, honest},
		{"a page lists the last ten requests, this one among them", func() func(int, *http.Request) string {
			var last []string
			return func(_ int, r *http.Request) string {
				last = append(last, r.Header.Get(nonceField))
				last = last[max(0, len(last)-10):]
				return "Hostname: a\n" + strings.Join(last, "\n")
			}
		}, honest},
		{"a page shows the request's ID with its first words only", func() func(int, *http.Request) string {
			return func(_ int, r *http.Request) string {
				return "Hostname: a\nrequest " + r.Header.Get(nonceField)[:16] + "…\n" + r.Header.Get(nonceField)[:31]
			}
		}, silent},
		{"a page without the request", func() func(int, *http.Request) string {
			return func(int, *http.Request) string { return "Hostname: a\n" }
		}, silent},
		{"nginx sets an ID of its own", instead(func() string { return digits(32) }), silent},
		{"a trace's ID and parent", instead(func() string { return "00-" + digits(32) + "-" + digits(16) + "-01" }), silent},
		{"HAProxy's unique ID", instead(func() string {
			return fmt.Sprintf("%s:%s_%s:1F40_%s_%s:%s", digits(8), digits(4), digits(8), digits(8), digits(4), digits(4))
		}), silent},
		{"a page with a checksum", instead(func() string { return digits(64) }), silent},

		{"a cache keeps the first page", first(head), recorded},
		{"a cache keeps the first page, as JSON", first(func(r *http.Request) string {
			return `{"hostname":"a","headers":{"X-Request-Id":["` + r.Header.Get(nonceField) + `"]}}`
		}), recorded},
		{"a recording with a word of its own behind it", first(func(r *http.Request) string { return head(r) + digits(32) }), recorded},
		{"a page shows the request before this one", func() func(int, *http.Request) string {
			kept := "none"
			return func(_ int, r *http.Request) string {
				was := kept
				kept = r.Header.Get(nonceField)
				return "Hostname: a\nbefore: " + was + "\n"
			}
		}, [3]counts{{0, requests - 1}, {0, requests}, {0, requests}}},
		{"recorded in the first run, and the truth is told from the third on", func() func(int, *http.Request) string {
			var mu sync.Mutex
			n, kept := 0, ""
			return func(_ int, r *http.Request) string {
				mu.Lock()
				defer mu.Unlock()
				if n++; n <= requests || n > 2*requests {
					kept = head(r)
				}
				return kept
			}
		}, [3]counts{{requests, 0}, {0, requests}, {requests, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tgt := target(serve(t, echoing(c.page())), requests)
			tgt.Workers = 1
			for run, want := range c.want {
				o := Options{Nonce: NewNonce()}
				if run == 1 {
					o.Nonce = "" // as a load by itself draws it
				}
				trace, err := Run(t.Context(), tgt, o)
				require.NoError(t, err)
				mustAddUp(t, trace)
				require.Len(t, trace.Responders, 1)
				r := trace.Responders[0]
				require.Equal(t, want, counts{r.Echoed, r.Replayed}, "run %d", run+1)
			}
		})
	}
}

// TestContainersThatEachKeepTheirFirstAnswer, as those behind a virtual address or a name
// with several addresses do: the counts stay with each.
func TestContainersThatEachKeepTheirFirstAnswer(t *testing.T) {
	kept := map[string]string{}
	turn := 0
	tgt := target(serve(t, echoing(func(_ int, r *http.Request) string {
		turn++
		name := fmt.Sprintf("c%d", turn%3)
		if kept[name] == "" {
			kept[name] = "Hostname: " + name + "\nX-Request-Id: " + r.Header.Get(nonceField) + "\n"
		}
		return kept[name]
	})), 30)
	tgt.Workers = 1
	for run := range 3 {
		trace, err := Run(t.Context(), tgt, Options{Nonce: NewNonce()})
		require.NoError(t, err)
		require.Len(t, trace.Responders, 3)
		for _, r := range trace.Responders {
			require.Equal(t, 10, r.Count)
			require.Equal(t, min(run, 1), r.Replayed-9, "all but what was recorded just now")
			require.Equal(t, 10, r.Echoed+r.Replayed)
		}
	}
}

// TestALoadOfRecordedAnswersIsDrivenWhole: what has other runs' answers doesn't end early.
func TestALoadOfRecordedAnswersIsDrivenWhole(t *testing.T) {
	const a = "7be04d19c2f6"
	kept := ""
	tgt := target(serve(t, echoing(func(_ int, r *http.Request) string {
		if kept == "" {
			kept = "Hostname: " + a + "\nX-Request-Id: " + r.Header.Get(nonceField) + "\n"
		}
		return kept
	})), 300)
	tgt.Workers, tgt.PerConnection = 1, 1
	tgt.Kind, tgt.Enough = "mesh", evidence.Enough{Among: a, MaxErrors: 0.01, Loads: 1}
	for range 2 {
		trace, err := Run(t.Context(), tgt, Options{Nonce: NewNonce()})
		require.NoError(t, err)
		require.Equal(t, 300, trace.Sent)
		require.Empty(t, trace.Stopped)
	}
}

// TestRunsKnowEachOther: a run's part comes back out of the function that gave it, and
// what is like a nonce and was never one is told from it.
func TestRunsKnowEachOther(t *testing.T) {
	for n := range uint64(runs) {
		if base := mix(n + domain); !ofRuns(base) || unmix(base) != n+domain {
			t.Fatalf("%d is %016x, and that %d", n, base, unmix(base)-domain)
		}
	}
	require.False(t, ofRuns(mix(domain+runs)))
	require.False(t, ofRuns(mix(domain-1)))
	for range 100 {
		n, err := hex.DecodeString(NewNonce())
		require.NoError(t, err)
		require.Len(t, n, baseLen/2)
	}
	old := NewNonce() + "89abcdef000fffff"
	shows := func(text string) bool {
		yes, _ := showsOther([]byte(text), 0x0123456789abcdef)
		return yes
	}
	for _, text := range []string{old, "-" + old + "-", "0" + old, old + "0", strings.Repeat("a", 31) + old, strings.Repeat("x", 31) + old, "=%3D" + old} {
		require.True(t, shows(text), text)
		require.Equal(t, echoOld, echoed([]byte(text), []byte(NewNonce()+"89abcdef000fffff")), text)
		require.Equal(t, echoOwn, echoed([]byte(text), []byte(old)), text)
	}
	for _, text := range []string{
		"", old[:31], old[1:], old[:16] + "-" + old[16:], strings.ToUpper(old), old[:24] + "00100000", strings.Repeat("0", 64), strings.Repeat("f", 64),
		old[16:] + old[:16], old[:16], old[:24],
	} {
		require.False(t, shows(text), text)
	}
	require.True(t, shows("0123456789abcdef"+"0123456789abcdef"), "of the run itself, whatever follows")
}

// TestNothingIsPassedOver: what skips most of a body finds what looking at every place does.
func TestNothingIsPassedOver(t *testing.T) {
	whole := regexp.MustCompile("^[0-9a-f]{32}$")
	everywhere := func(body []byte, own uint64) bool {
		for at := range max(0, len(body)-nonceLen+1) {
			if !whole.Match(body[at : at+nonceLen]) {
				continue
			}
			base, _ := strconv.ParseUint(string(body[at:at+16]), 16, 64)
			hit, _ := strconv.ParseUint(string(body[at+24:at+32]), 16, 64)
			if base == own || hit < hits && ofRuns(base) {
				return true
			}
		}
		return false
	}
	random := rand.New(rand.NewPCG(3, 4))
	own := uint64(0x0123456789abcdef)
	found := 0
	for range 20_000 {
		var b []byte
		for range random.IntN(5) {
			switch random.IntN(5) {
			case 0:
				b = append(b, strings.Repeat("-", random.IntN(40))...)
			case 1:
				b = append(b, strings.Repeat("0", random.IntN(40))...)
			case 2:
				b = append(b, "0123456789abcdef0123456789abcdef"[:random.IntN(33)]...)
			default:
				nonce := fmt.Sprintf("%s%08x%08x", NewNonce(), random.Uint32(), random.IntN(2*hits))
				b = append(b, nonce[random.IntN(2)*random.IntN(3):]...)
			}
		}
		want := everywhere(b, own)
		got, _ := showsOther(b, own)
		require.Equal(t, want, got, "%q", b)
		if want {
			found++
		}
	}
	require.Greater(t, found, 2_000)
	require.Less(t, found, 18_000)
}

// TestWhatOthersNumberTheirRequestsWith: by chance, in order, by the time.
func TestWhatOthersNumberTheirRequestsWith(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range uint64(1_000_000) {
		a, b := random.Uint64(), random.Uint64()
		for _, id := range []number{
			{a, b & 0xffffffff_000fffff}, {n, 0}, {0, n}, {n << 32, n}, {n << 44, 0}, {a, n}, {0, a}, {1_770_000_000_000_000_000 + n, n}, {n, n},
		} {
			if ofRuns(id.base) {
				t.Fatalf("%016x%016x is taken for a nonce", id.base, id.rest)
			}
		}
	}
}

// TestARealHAProxyNumbersAndKeeps: it puts an ID of its own in the place of the request's, or keeps answers.
func TestARealHAProxyNumbersAndKeeps(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("no haproxy: ", err)
	}
	for _, c := range []struct {
		name, lines string
		silent      bool
		replayed    [3]int
	}{
		{name: "nothing of its own"},
		{name: "an ID beside", lines: "unique-id-format %[uuid,regsub(-,,g)]\n    unique-id-header X-Correlation-Id"},
		{name: "an ID instead", lines: "http-request set-header X-Request-Id %[uuid,regsub(-,,g)]", silent: true},
		{name: "its usual ID instead", lines: `http-request set-header X-Request-Id %{+X}o\%ci:%cp_%fi:%fp_%Ts_%rt:%pid`, silent: true},
		{name: "a cache", lines: "http-request cache-use pages\n    http-response cache-store pages", replayed: [3]int{39, 40, 40}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tgt := target(keepingHAProxy(t, bin, c.lines), 40)
			tgt.Workers, tgt.Path = 1, "/page" // nobody asked for it before
			for run, replayed := range c.replayed {
				trace, err := Run(t.Context(), tgt, Options{Nonce: NewNonce()})
				require.NoError(t, err)
				require.Empty(t, trace.Errors)
				require.Len(t, trace.Responders, 1)
				r := trace.Responders[0]
				require.Equal(t, replayed, r.Replayed, "run %d", run+1)
				if c.silent {
					require.Zero(t, r.Echoed)
				} else {
					require.Equal(t, 40, r.Echoed+r.Replayed)
				}
			}
		})
	}
}

// keepingHAProxy runs one with those lines, and a cache to name in them, before a server
// that echoes and lets its pages be kept.
func keepingHAProxy(t *testing.T, bin, lines string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		fmt.Fprint(w, whoami(1)+"\nGET / HTTP/1.1\n")
		_ = r.Header.Write(w)
	}))
	t.Cleanup(s.Close)
	runHAProxy(t, bin, fmt.Sprintf(`cache pages
    total-max-size 4
    max-age 600
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
listen in
    bind %s
    %s
    server s1 %s
`, addr, lines, s.Listener.Addr()), addr)
	return addr
}
