package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// TestProgressNamesWhatIsWaitedFor: while nothing comes in, the line goes on, names what has
// been under way longest, and stays within the screen.
func TestProgressNamesWhatIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		u := &ui{err: &out, lang: i18n.EN, progressOK: true, errWidth: 120}
		b := u.progress("cli.progress", 2, 100)
		b.step(observe.Progress{Student: "2024001", Target: "haproxy", Begins: true})
		time.Sleep(2 * time.Second)
		b.step(observe.Progress{Student: "2024002", Target: "mesh/manager-1", Begins: true})
		b.step(observe.Progress{Student: "2024002", Target: "mesh/manager-1", Requests: 50, Sent: 12})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		lines := strings.Split(out.String(), "\r\x1b[K")
		last := lines[len(lines)-1]
		require.Regexp(t, `^students 0/2, 12 requests sent \(at most 100\), about 7s left; waiting for haproxy of 2024001, 7 s by now$`, last)
		u.note("something else")
		require.True(t, strings.HasSuffix(out.String(), "\r\x1b[Ksomething else\n"), "the line gives way")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.stop()
		b.stop()
		require.True(t, strings.HasSuffix(out.String(), "\r\x1b[K"))

		var small lockedBuffer
		u = &ui{err: &small, lang: i18n.EN, progressOK: true, errWidth: 30}
		b = u.progress("cli.progress", 1000, 850596)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.stop()
		for _, line := range strings.Split(small.String(), "\r\x1b[K") {
			require.LessOrEqual(t, len([]rune(line)), 29)
		}
	})
}

// TestProgressInALog: a line now and then, none of what is over soon.
func TestProgressInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		u := &ui{err: &out, lang: i18n.ZH}
		soon := u.progress("cli.progress_judging", 3, 0)
		for range 3 {
			soon.step(observe.Progress{Student: "a"})
		}
		soon.stop()
		require.Empty(t, out.String())
		long := u.progress("cli.progress_judging", 40, 0)
		for range 30 {
			time.Sleep(time.Second)
			long.step(observe.Progress{Student: "a"})
		}
		synctest.Wait()
		long.stop()
		require.Equal(t, 3, strings.Count(out.String(), "\n"), out.String())
		require.NotContains(t, out.String(), "\x1b")
		require.Contains(t, out.String(), "大约还要 ")
	})
}
