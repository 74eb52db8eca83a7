package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery/scene"
	"swarmgrade/grader/result"
)

// struck is the case of a student in whose window a scene played.
func struck(s *scene.Scene) evidence.Case {
	w, p, _ := s.Window()
	e := evidence.Episode{Name: evidence.FaultEpisode, Probing: p}
	return evidence.Case{
		Bundle: &evidence.Bundle{Episodes: []evidence.Episode{e}}, Episodes: []evidence.Scene{{Episode: &e, Window: w}},
		Before: &evidence.Snapshot{Swarm: s.Swarm(), Services: []evidence.Service{s.Service}},
	}
}

func TestTimeline(t *testing.T) {
	lone := scene.New(1, 4)
	stuck := scene.New(2, 4)
	stuck.Become = scene.Never
	fast := scene.New(3, 4)
	fast.Speed, fast.Detect, fast.Drop, fast.Start, fast.Hold, fast.Limit, fast.Poll, fast.Period = 20, 600, 40, 80, 600, 6000, 50, 20
	fast.Injecting, fast.Injected = 1000, 1020
	for name, s := range map[string]*scene.Scene{"two": scene.New(2, 4), "lone": lone, "stuck": stuck, "fast": fast} {
		x := result.NewTimeline(struck(s))
		require.NotNil(t, x)
		for _, lang := range i18n.Langs {
			for _, columns := range []int{0, 60, 100} {
				file := fmt.Sprintf("timeline.%s.%s.%d.txt", name, lang, columns)
				t.Run(file, func(t *testing.T) {
					draw := func(color bool) string {
						var b strings.Builder
						Text{Lang: lang, Width: columns, Color: color}.timeline(&b, x)
						return b.String()
					}
					plain := draw(false)
					golden(t, file, []byte(plain))
					harmless(t, plain)
					require.Equal(t, plain, unpainted(draw(true)), "colours take no room")
					lines := strings.Split(plain, "\n")
					require.Regexp(t, "I", lines[2])
					if columns > 0 {
						for _, line := range lines[2:5] {
							require.LessOrEqual(t, width(line), columns, line)
						}
					}
				})
			}
		}
	}
}

// TestTimelineMarks: each mark stands over the time of its moment, none is lost
// where two fall together.
func TestTimelineMarks(t *testing.T) {
	x := &result.Timeline{Kind: "node-stop", Target: "m", From: -10, To: 90, Moments: []result.Moment{
		{What: "struck", At: 0}, {What: "down", At: 0.2}, {What: "replaced", At: 50}, {What: "restored", At: 90},
	}, Probes: []result.TimedProbe{{At: -5, OK: true}, {At: 0, OK: false}, {At: 50, OK: true}, {At: 50.2, OK: false}, {At: 90, OK: true}}}
	var b strings.Builder
	Text{Lang: i18n.EN, Width: 104}.timeline(&b, x)
	lines := strings.Split(b.String(), "\n")
	row := func(s string) []rune { return []rune(strings.TrimPrefix(s, "  ")) }
	require.Equal(t, "ID", string(row(lines[2])[10:12]))
	require.Equal(t, 'R', row(lines[2])[60])
	require.Equal(t, 'B', row(lines[2])[99])
	require.Equal(t, []rune("█×▒█"), []rune{row(lines[3])[5], row(lines[3])[10], row(lines[3])[60], row(lines[3])[99]})
	require.Equal(t, "0", string(row(lines[4])[10]))
}

func TestNoTimeline(t *testing.T) {
	c := struck(scene.New(2, 4))
	for name, change := range map[string]func(c *evidence.Case){
		"no window":   func(c *evidence.Case) { c.Episodes = nil },
		"no probing":  func(c *evidence.Case) { c.Bundle = &evidence.Bundle{} },
		"no snapshot": func(c *evidence.Case) { c.Before = nil },
		"no service":  func(c *evidence.Case) { c.Before = &evidence.Snapshot{} },
		"not injected": func(c *evidence.Case) {
			w := *c.Window()
			w.Injected = -1
			c.Episodes = []evidence.Scene{{Episode: c.Episodes[0].Episode, Window: &w}}
		},
	} {
		other := c
		change(&other)
		require.Nil(t, result.NewTimeline(other), name)
	}
}

func TestDetailHasTheTimeline(t *testing.T) {
	d := testData()
	d.Students[0].Timeline = result.NewTimeline(struck(scene.New(2, 4)))
	got := render(t, func(b *bytes.Buffer) error { return Detail(b, d, &d.Students[0], Text{Lang: i18n.ZH, Width: 80}) })
	require.Contains(t, string(got), "故障时间线：manager-2（node-stop）")
}

// TestTimelineOfAFaultThatEndedEarly says that it was ended and that nothing is lost by that, and
// not that the service did not recover: nobody knows.
func TestTimelineOfAFaultThatEndedEarly(t *testing.T) {
	never := scene.New(2, 4)
	never.Become = scene.Never
	for reason, want := range map[string]map[i18n.Lang]string{
		"by-hand": {i18n.ZH: "故障提前结束（老师要求立刻恢复）", i18n.EN: "undone early (an instructor wanted it undone at once)"},
		"quorum":  {i18n.ZH: "故障提前结束（管理节点即将失去多数）", i18n.EN: "undone early (the managers were about to lose their majority)"},
		"later":   {i18n.ZH: "故障提前结束（批改提前结束）", i18n.EN: "undone early (the run ended it)"},
	} {
		c := struck(never)
		w := *c.Window()
		w.End, w.Reason = "aborted", reason
		w.Restoring = w.Injected + 5_000
		w.Restored, w.Ended = w.Restoring+1000, w.Restoring+2000
		w.Polls = slices.DeleteFunc(slices.Clone(w.Polls), func(p evidence.Poll) bool { return p.At > w.Ended })
		c.Episodes = []evidence.Scene{{Episode: c.Episodes[0].Episode, Window: &w}}
		x := result.NewTimeline(c)
		require.True(t, x.Open)
		require.Equal(t, reason, x.Ended)
		for _, requests := range []int{x.Requests.Sent, 0} {
			x.Requests.Sent = requests
			for lang, text := range want {
				var b strings.Builder
				Text{Lang: lang}.timeline(&b, x)
				require.Contains(t, b.String(), text)
				require.NotContains(t, b.String(), "没有恢复")
				require.NotContains(t, b.String(), "no recovery")
				d := testData()
				d.Students[0].Timeline = x
				drawn := newViewer(d, Options{Lang: lang}).timeline(x, "k")
				require.Contains(t, drawn.Summary, text)
				require.Contains(t, drawn.Summary, map[i18n.Lang]string{i18n.ZH: "未评，不扣分", i18n.EN: "ungraded and costs nothing"}[lang])
			}
		}
	}
	x := result.NewTimeline(struck(never))
	require.False(t, x.Open)
	require.Empty(t, x.Ended)
	require.Contains(t, windowRequests(i18n.ZH, x), "没有恢复：到时限为止")
	require.Contains(t, windowRequests(i18n.EN, &result.Timeline{Open: true, Requests: x.Requests}), "too little was seen")
}
