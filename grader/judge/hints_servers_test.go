package judge_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

// editsOf are the edits that a hint asks for: "12: text" is a line that becomes
// another, "-12" one that goes, "12+ text" one that comes below it.
func editsOf(hint i18n.Msg) []string {
	var out []string
	for rest := hint; !rest.Empty(); {
		m := rest
		rest, _ = m.Args["then"].(i18n.Msg)
		if first, ok := m.Args["first"].(i18n.Msg); ok {
			m = first
		}
		switch m.Key {
		case "check.edit_line":
			out = append(out, fmt.Sprint(m.Args["line"], ": ", m.Args["text"]))
		case "check.edit_delete":
			out = append(out, fmt.Sprint("-", m.Args["line"]))
		case "check.edit_add":
			out = append(out, fmt.Sprint(m.Args["line"], "+ ", m.Args["text"]))
		}
	}
	return out
}

// over takes the servers of task 2's handout away for others.
func over(lines ...string) func(*world) {
	text := "defaults\n    mode http\nfrontend http-in\n    bind *:9001\n    default_backend servers\nbackend servers\n    balance roundrobin\n"
	for _, l := range lines {
		text += "    " + l + "\n"
	}
	return configured(handout, text)
}

// Lines from the eighth on are servers. Where a line leads where another does,
// it becomes the missing one's, and what is then still there twice goes.
func TestServersListedTwice(t *testing.T) {
	const a, b, c = "10.0.7.2", "10.0.7.3", "10.0.7.4"
	line := func(name, ip string) string { return "server " + name + " " + ip + ":80 check" }
	for name, tt := range map[string]struct {
		lines, edits []string
		message      string
	}{
		"the third is the second": {
			[]string{line("a", a), line("b", b), line("c", b)}, []string{"10: " + line("c", c)}, "check.backends_again",
		},
		"one thrice": {
			[]string{line("a", a), line("b", a), line("c", a)}, []string{"9: " + line("b", b), "10: " + line("c", c)}, "check.backends_again",
		},
		"one four times": {
			[]string{line("a", a), line("b", a), line("c", a), line("d", a)},
			[]string{"9: " + line("b", b), "10: " + line("c", c), "-11"}, "check.backends_again",
		},
		"one twice, one not used": {
			[]string{line("a", a), line("b", b), line("b2", b), line("c", c) + " disabled"},
			[]string{"-10", "11: " + line("container3", c)}, "check.backends_again",
		},
		"one twice, one wrong": {
			[]string{line("a", a), line("b", b), line("b2", b), line("c", nobodyIP)},
			[]string{"-10", "11: " + line("container3", c)}, "check.servers_wrong",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := dnsrr(t, 3)
			w.configure(static(tt.lines...))
			v := w.task3()["backends"]
			require.Equal(t, tt.message, v.Message.Key)
			require.Equal(t, tt.edits, editsOf(v.Hint), i18n.EN.Text(v.Hint))
		})
	}

	t.Run("a template of one task", func(t *testing.T) {
		w := dnsrr(t, 3)
		w.configure(static(line("b", b), "server-template c 3 "+a+":80 check"))
		v := w.task3()["backends"]
		require.Equal(t, "check.backends_several", v.Message.Key)
		require.Equal(t, "2.66", v.Points.String())
		require.Equal(t, []string{"9: " + line("container1", a), "9+ " + line("container3", c)}, editsOf(v.Hint))
	})
	t.Run("a template of one node", func(t *testing.T) {
		w := newWorld(loadRubric(t), 3, 5)
		over("server-template node 3 172.30.0.11:8001 check")(w)
		v := w.verdicts()["task2.haproxy-servers"]
		require.Equal(t, partial("check.servers_several", "1"), want{v.Outcome, v.Message.Key, v.Points.String()})
		require.Contains(t, i18n.EN.Text(v.Message), "line 8 (node 172.30.0.11:8001)")
		require.Equal(t, []string{
			"8: server manager-1 172.30.0.11:8001 check", "8+ server manager-2 172.30.0.12:8001 check", "8+ server manager-3 172.30.0.13:8001 check",
		}, editsOf(v.Hint))
	})
	t.Run("templates of all nodes", func(t *testing.T) {
		w := newWorld(loadRubric(t), 3, 5)
		over("server-template a 2 172.30.0.11:8001 check", "server-template b 2 172.30.0.12:8001 check", "server-template c 2 172.30.0.13:8001 check")(w)
		require.Equal(t, check.Pass, w.verdicts()["task2.haproxy-servers"].Outcome)
	})
	t.Run("a template of the service", func(t *testing.T) {
		w := newWorld(loadRubric(t), 3, 5)
		over("server-template a 3 tasks.s01:80 check resolvers docker init-addr none")(w)
		v := w.verdicts()["task2.haproxy-servers"]
		require.Equal(t, "check.servers_wrong", v.Message.Key)
		require.Len(t, editsOf(v.Hint), 3)
	})

	t.Run("nodes, whose names are kept to", func(t *testing.T) {
		w := newWorld(loadRubric(t), 3, 5)
		over("server manager-2 172.30.0.11:8001 check", "server manager-1 172.30.0.11:8001 check", "server x 172.30.0.11:8001 check")(w)
		v := w.verdicts()["task2.haproxy-servers"]
		require.Equal(t, "check.servers_again", v.Message.Key)
		require.Contains(t, i18n.EN.Text(v.Message), "line 9 leads to the same node as line 8; only 1 node is listed (manager-1)")
		require.Equal(t, []string{"9: server manager-2-2 172.30.0.12:8001 check", "10: server x 172.30.0.13:8001 check"}, editsOf(v.Hint))
	})
}

// Nothing is missing, so the lines that are there twice cost evenness alone, and
// its hint alone names them.
func TestSpreadNamesWhatIsThereTwice(t *testing.T) {
	w := dnsrr(t, 3)
	w.configure(static(server(1), server(2), server(3), "server d 10.0.7.4:80 check weight 2", "server e 10.0.7.3:80 check"))
	w.deal(cyclic, weighted(2, 3, 5))
	got := w.task3()
	require.Equal(t, "pass", string(got["backends"].Outcome))
	hint := got["spread"].Hint
	require.Equal(t, []string{"-11", "-12"}, editsOf(hint))
	require.Contains(t, i18n.EN.Text(hint), "where line 11, 12 does")
	require.Contains(t, i18n.ZH.Text(hint), "第 11、12 行")

	w = newWorld(loadRubric(t), 3, 5)
	over("server a 172.30.0.11:8001 check", "server b 172.30.0.12:8001 check", "server c 172.30.0.13:8001 check", "server d 172.30.0.13:8001 check")(w)
	w.deal(cyclic, weighted(1, 1, 4))
	v := w.verdicts()
	require.Equal(t, "pass", string(v["task2.haproxy-servers"].Outcome))
	require.Equal(t, []string{"-11"}, editsOf(v["task2.spread"].Hint))
}

// A line that is there twice explains no failing requests.
func TestTwiceIsNoCauseOfErrors(t *testing.T) {
	w := dnsrr(t, 3)
	w.configure(static(server(1), server(2), server(3), "server d 10.0.7.4:80 check"))
	w.haproxy = func(*world) source { return source{[]answer{failure("http-503")}, only(nil, 1)} }
	require.Empty(t, editsOf(w.task3()["answers"].Hint))
}
