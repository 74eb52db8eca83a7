package loadgen

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/stats"
)

// early is a load that may end once three containers are settled to answer evenly.
func early(addr string) evidence.Target {
	t := target(addr, 480)
	t.Kind = "haproxy"
	t.Enough = evidence.Enough{Among: "c0ffee000000 c0ffee000001 c0ffee000002", Spread: true, MaxErrors: 0.01}
	return t
}

// secretOf is a secret from which a least size is drawn that is not the whole size, or is.
func secretOf(t *testing.T, whole bool) string {
	t.Helper()
	w := stats.Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480}
	for i := range 1000 {
		if s := fmt.Sprint(i); (stats.Looks(s, w) == w.Most) == whole {
			return s
		}
	}
	require.Fail(t, "no such secret")
	return ""
}

// saying serves one answer a connection, as page writes it; "" is none. It shows the
// request's nonce where page has NONCE.
func saying(t *testing.T, page func(n int) string) string {
	return serve(t, func(n int, conn net.Conn) {
		r := bufio.NewReader(conn)
		nonce := ""
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if v, ok := strings.CutPrefix(line, nonceField+": "); ok {
				nonce = strings.TrimSpace(v)
			}
			if line == "\r\n" {
				break
			}
		}
		if text := page(n); text != "" {
			_, _ = conn.Write([]byte(plain(strings.ReplaceAll(text, "NONCE", nonce))))
		}
	})
}

func TestALoadEndsOnceItIsSettled(t *testing.T) {
	addr := answers(t, 3)
	trace, err := Run(t.Context(), early(addr), Options{secret: secretOf(t, false)})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, "enough", trace.Stopped)
	require.Equal(t, string(stats.Turns), trace.By)
	require.LessOrEqual(t, trace.Sent, 480/4)
	require.GreaterOrEqual(t, trace.Sent, trace.Least)
	require.Equal(t, trace.Sent, trace.Connections, "nothing was sent after it")
	require.Equal(t, early(addr).Enough, trace.Target.Enough)
	// What is stored bears it out: the last answer is the one that settled it.
	s := stats.NewSettling(stats.Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480, Least: trace.Least})
	for i, who := range trace.Sequence {
		require.Equal(t, i == trace.Sent-1, s.Next(int(who)), i)
	}
}

// Containers with host names of their own are known by these, and by nothing longer.
func TestContainersWithHostNamesSettleALoad(t *testing.T) {
	for _, tt := range []struct {
		name, page string
		early      bool
	}{
		{"their names", "Hostname: Web-%d\n", true},
		{"as long as an ID", "Hostname: web-backend-%d\n", true},
		{"longer names", "Hostname: web-%d.example\n", false},
		{"one name of all", "Hostname: web-1\n", false},
	} {
		addr := saying(t, func(n int) string {
			if strings.Contains(tt.page, "%d") {
				return fmt.Sprintf(tt.page, n%3)
			}
			return tt.page
		})
		tgt := early(addr)
		tgt.Enough.Among = "web-0 web-1 web-2"
		if strings.Contains(tt.page, "backend") {
			tgt.Enough.Among = "web-backend-0 web-backend-1 web-backend-2"
		}
		trace, err := Run(t.Context(), tgt, Options{secret: secretOf(t, false)})
		require.NoError(t, err)
		require.Equal(t, tt.early, trace.Stopped == "enough", "%s: %d sent", tt.name, trace.Sent)
	}
}

func TestSomeLoadsAreNotEndedEarly(t *testing.T) {
	trace, err := Run(t.Context(), early(answers(t, 3)), Options{secret: secretOf(t, true)})
	require.NoError(t, err)
	require.Empty(t, trace.Stopped)
	require.Empty(t, trace.By)
	require.Equal(t, 480, trace.Sent)
	require.Equal(t, 480, trace.Least)
}

// Whatever is not as it should be has all requests sent.
func TestWhatIsNotSettledHasAllRequests(t *testing.T) {
	own := func(n int) string { return whoami(n % 3) }
	one := func(at int, text string) func(n int) string {
		return func(n int) string {
			if n == at {
				return text
			}
			return own(n)
		}
	}
	for name, page := range map[string]func(n int) string{
		"one of three never answers":    func(n int) string { return whoami(n % 2) },
		"a failure":                     one(5, ""),
		"one that nobody knows":         one(5, whoami(7)),
		"one that names nobody":         one(5, "hello"),
		"a container with two accounts": one(5, strings.Replace(whoami(2), "STUDENT_ID: 0020240101", "STUDENT_ID: 0020240102", 1)),
		"one makes two claims":          one(5, `{"hostname": "c0ffee000002", "container": {"hostname": "c0ffee000001"}}`),
		"one shows its request":         one(5, whoami(2)+"NONCE\n"),
		"one shows none": func(n int) string {
			if n == 20 {
				return whoami(n % 3)
			}
			return whoami(n%3) + "NONCE\n"
		},
		"two to one": func(n int) string { return whoami([]int{0, 0, 1, 2}[n%4]) },
	} {
		t.Run(name, func(t *testing.T) {
			trace, err := Run(t.Context(), early(saying(t, page)), Options{secret: secretOf(t, false)})
			require.NoError(t, err)
			mustAddUp(t, trace)
			require.Empty(t, trace.Stopped)
			require.Equal(t, 480, trace.Sent)
		})
	}
	t.Run("an answer from a cache", func(t *testing.T) {
		first := ""
		addr := serve(t, func(n int, conn net.Conn) {
			r := bufio.NewReader(conn)
			text := ""
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if v, ok := strings.CutPrefix(line, nonceField+": "); ok {
					text = whoami(n%3) + v
				}
				if line == "\r\n" {
					break
				}
			}
			switch n {
			case 0:
				first = text
			case 30:
				text = first
			}
			_, _ = conn.Write([]byte(plain(text)))
		})
		trace, err := Run(t.Context(), early(addr), Options{secret: secretOf(t, false)})
		require.NoError(t, err)
		require.Equal(t, 480, trace.Sent)
		require.Equal(t, 1, trace.Responders[0].Replayed)
	})
}

// Nobody who reads the requests can tell how many will come.
func TestTheLeastSizeIsNoSecretOfTheRequests(t *testing.T) {
	var least []int
	for range 200 {
		f := newFollower(&evidence.Target{Requests: 480, Enough: early("").Enough}, "")
		least = append(least, f.least)
	}
	require.Contains(t, least, 480, "one load in sixteen is whole: none of 200 is so with a probability of 1 in 400,000")
	require.Less(t, min(least[0], least[1], least[2], least[3], least[4], least[5]), 480)
}

func TestTargetsThatCannotEndEarlyAreRefused(t *testing.T) {
	for name, change := range map[string]func(t *evidence.Target){
		"two workers":       func(t *evidence.Target) { t.Workers = 2 },
		"kept connections":  func(t *evidence.Target) { t.PerConnection = 0 },
		"too many requests": func(t *evidence.Target) { t.Requests = maxSequence + 1 },
		"of another kind":   func(t *evidence.Target) { t.Kind = "test" },
		"nobody":            func(t *evidence.Target) { t.Enough.Among = " " },
		"in capitals":       func(t *evidence.Target) { t.Enough.Among = "web-1 WEB-2" },
	} {
		tgt := early("127.0.0.1:1")
		change(&tgt)
		_, err := Run(t.Context(), tgt, Options{})
		require.Error(t, err, name)
	}
}
