package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// brokenStudent has every kind of line: the same trouble in two tasks, checks
// that wait for others, several open for one reason, numbered steps.
func brokenStudent() (*rubric.Rubric, []judge.Verdict) {
	rub := testRubric()
	same := *rub.Tasks[0].Checks[0]
	same.ID, same.Task = "task2.service", "2"
	port := *rub.Tasks[0].Checks[1]
	port.ID, port.Task, port.Title = "task2.image", "2", rub.Tasks[0].Checks[1].Title
	rub.Tasks[1].Checks = append([]*rubric.Check{&same, &port}, rub.Tasks[1].Checks...)
	v := func(id string, o check.Outcome, points float64, m, hint i18n.Msg) judge.Verdict {
		v := verdict(rub, id, o, points, "")
		v.Message, v.Hint, v.Evidence = m, hint, ""
		return v
	}
	found := i18n.M("check.service_found", "service", "s01")
	image := i18n.M("check.image_other", "image", "nginx:latest", "want", "whoami-for-swarm")
	imageHint := i18n.M("check.image_hint", "want", "whoami-for-swarm", "service", "s01")
	later := i18n.M("check.window_self_check")
	restart := i18n.M("check.do_on_node", "node", "manager-1", "command", i18n.M("check.do_restart", "name", "haproxy-01"))
	stats := []any{
		"via", i18n.M("check.via_mesh"), "n", 300, "counts", []string{"aaaaaaaaaaaa 150", "bbbbbbbbbbbb 75", "cccccccccccc 75"},
		"low", 60, "high", 140, "bound", "1/1000000",
	}
	return rub, []judge.Verdict{
		v("task1.service", check.Pass, 10, found, i18n.Msg{}),
		v("task1.image", check.Fail, 0, image, imageHint),
		v("task1.replicas", check.Ungraded, 0, later, i18n.Msg{}),
		v("task1.answers", check.Ungraded, 0, later, i18n.Msg{}),
		v("task2.service", check.Pass, 10, found, i18n.Msg{}),
		v("task2.image", check.Fail, 0, image, imageHint),
		v("task2.haproxy", check.Fail, 0, i18n.M("check.spread_uneven", stats...), i18n.M("check.backends_hint",
			"lookup", "docker inspect $(docker service ps -q -f desired-state=running s01) | grep -A1 Addresses",
			"line", "server container1 10.0.1.9:80 check", "reload", restart)),
		v("task2.spread", check.Blocked, 0, i18n.M("judge.blocked", "check", "x"), i18n.Msg{}),
	}
}

func list(t *testing.T, text Text) string {
	rub, vs := brokenStudent()
	return string(render(t, func(b *bytes.Buffer) error {
		l := NewListing(b, rub, text)
		for _, v := range vs {
			if err := l.Add(v); err != nil {
				return err
			}
		}
		return l.Close()
	}))
}

func TestListing(t *testing.T) {
	commands := []string{
		"docker inspect $(docker service ps -q -f desired-state=running s01) | grep -A1 Addresses",
		"server container1 10.0.1.9:80 check", "docker restart haproxy-01",
	}
	for _, lang := range i18n.Langs {
		for _, columns := range []int{0, 40, 80, 120, 200} {
			name := fmt.Sprintf("listing.%s.%d.txt", lang, columns)
			t.Run(name, func(t *testing.T) {
				got := list(t, Text{Lang: lang, Width: columns})
				golden(t, name, []byte(got))
				require.NotContains(t, got, "1000000", "statistics are for who asks")
				left := append([]string{"docker service update --image"}, commands...)
				for line := range strings.Lines(got) {
					line = strings.TrimRight(line, "\n")
					if i := indexPrefix(left, strings.TrimSpace(line)); i >= 0 {
						left = append(left[:i], left[i+1:]...)
						continue
					}
					if columns >= 80 {
						require.LessOrEqual(t, width(line), columns, line)
					}
				}
				require.Empty(t, left, "a command stands on one line")
			})
		}
	}
	verbose := list(t, Text{Lang: i18n.EN, Verbose: true})
	require.Contains(t, strings.Join(strings.Fields(verbose), " "), "1/1000000")
	require.Equal(t, 2, strings.Count(verbose, "whoami-for-swarm s01"), "each check in full")
}

func indexPrefix(list []string, line string) int {
	for i, s := range list {
		if strings.HasPrefix(line, s) {
			return i
		}
	}
	return -1
}

func TestTodo(t *testing.T) {
	_, vs := brokenStudent()
	mend, waiting := Todo(vs)
	require.Equal(t, [2]int{2, 1}, [2]int{mend, waiting}, "one trouble in two tasks is mended once")
	vs = []judge.Verdict{
		{Outcome: check.Fail, Message: i18n.M("check.balance_default"), Hint: i18n.M("check.mend_servers")},
		{Outcome: check.Partial, Message: i18n.M("check.servers_none"), Hint: i18n.M("check.mend_servers")},
		{Outcome: check.Fail, Message: i18n.M("check.balance_ok", "algorithm", "x")},
	}
	mend, waiting = Todo(vs)
	require.Equal(t, [2]int{2, 0}, [2]int{mend, waiting}, "what the same hint mends is mended once")
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in      string
		columns int
		want    []string
	}{
		{"", 20, []string{""}},
		{"short", 20, []string{"short"}},
		{"words are kept whole here", 20, []string{"words are kept whole", "here"}},
		{"两个汉字占四列，所以这里要换行", 20, []string{"两个汉字占四列，所以", "这里要换行"}},
		{"标点不在行首的时候才，对", 20, []string{"标点不在行首的时候", "才，对"}},
		{"左括号不在行末尾的（对）", 20, []string{"左括号不在行末尾的", "（对）"}},
		{"节点 manager-1 和 manager-2", 20, []string{"节点 manager-1 和", "manager-2"}},
		{"a-very-long-word-that-has-no-end at all", 20, []string{"a-very-long-word-that-has-no-end", "at all"}},
		{"two  spaces stay  so", 20, []string{"two  spaces stay  so"}},
	} {
		require.Equal(t, c.want, wrap(c.in, c.columns), c.in)
	}
}
