package judge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// pageOf is the statistics page of a HAProxy that runs with the handout's file.
func pageOf() *evidence.Page {
	return &evidence.Page{Address: "172.30.0.11:11001", URI: "/stats", Backends: []evidence.PageBackend{
		{Name: "servers", Status: "UP", Algorithm: "roundrobin", Servers: []evidence.PageServer{
			{Name: "node1", Status: "UP", Weight: 1, Address: "172.30.0.11:8001"},
			{Name: "node2", Status: "UP", Weight: 1, Address: "172.30.0.12:8001"},
			{Name: "node3", Status: "UP", Weight: 1, Address: "172.30.0.13:8001"},
		}},
		{Name: "stats", Status: "UP"},
	}}
}

// TestPageAgainstFile: where the statistics page shows something else than the
// file, the page's word makes the engines' counts decide, and both are shown.
func TestPageAgainstFile(t *testing.T) {
	second := func(p *evidence.Page, f func(*evidence.PageServer)) { f(&p.Backends[0].Servers[1]) }
	for _, c := range []struct {
		name       string
		change     func(p *evidence.Page)
		file, page string // "" for no contrast
	}{
		{"alike", func(*evidence.Page) {}, "", ""},
		{"addresses and algorithm are not shown", func(p *evidence.Page) {
			p.Backends[0].Algorithm = ""
			for i := range p.Backends[0].Servers {
				p.Backends[0].Servers[i].Address = ""
			}
		}, "", ""},
		{"a server is down", func(p *evidence.Page) { second(p, func(s *evidence.PageServer) { s.Status = "DOWN" }) }, "", ""},
		{"one server less", func(p *evidence.Page) { p.Backends[0].Servers = p.Backends[0].Servers[:2] }, "node1, node2, node3", "node1, node2"},
		{"another name", func(p *evidence.Page) { second(p, func(s *evidence.PageServer) { s.Name = "poser" }) }, "node1, node2, node3", "node1, poser, node3"},
		{"another address", func(p *evidence.Page) { second(p, func(s *evidence.PageServer) { s.Address = "172.30.0.11:14001" }) },
			"node2 172.30.0.12:8001", "node2 172.30.0.11:14001"},
		{"another weight", func(p *evidence.Page) { second(p, func(s *evidence.PageServer) { s.Weight = 9 }) }, "node2 weight 1", "node2 weight 9"},
		{"a backup", func(p *evidence.Page) { second(p, func(s *evidence.PageServer) { s.Backup = true }) }, "node2 no-backup", "node2 backup"},
		{"another algorithm", func(p *evidence.Page) { p.Backends[0].Algorithm = "source" }, "balance roundrobin", "balance source"},
		{"an algorithm that nobody knows", func(p *evidence.Page) { p.Backends[0].Algorithm = "unknown" }, "", ""},
		{"another backend", func(p *evidence.Page) { p.Backends[0].Name = "others" }, "backend servers", "others, stats"},
		{"no backend at all", func(p *evidence.Page) { p.Backends = nil }, "backend servers", "-"},
		{"a page that was cut", func(p *evidence.Page) { p.Backends, p.Truncated = nil, true }, "", ""},
		{"a page that was refused", func(p *evidence.Page) { p.Backends, p.Error = nil, "denied" }, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			graded := func(packets int64) map[string]check.Outcome {
				w := newWorld(loadRubric(t), 3, 42)
				w.proxies[0].Page = pageOf()
				c.change(w.proxies[0].Page)
				w.finish = counted(packets)
				got := w.verdicts()
				v := got["task2.answers"]
				if v.Outcome != check.Pass {
					require.Equal(t, "check.config_loaded_hint", v.Hint.Key)
					for _, lang := range []i18n.Lang{i18n.ZH, i18n.EN} {
						require.Contains(t, lang.Text(v.Hint), c.file)
						require.Contains(t, lang.Text(v.Hint), c.page)
					}
				}
				require.Equal(t, c.file, strings.TrimSpace(text(got["task2.haproxy-config"].Observed["file_says"])))
				out := map[string]check.Outcome{}
				for id, v := range got {
					if strings.HasPrefix(id, "task2.haproxy") || id == "task2.answers" {
						out[id] = v.Outcome
					}
				}
				return out
			}
			for id, o := range graded(100_000) {
				require.Equal(t, check.Pass, o, "%s: what answers as it should loses nothing by a page", id)
			}
			few := graded(3)
			want := check.Pass
			if c.file != "" {
				want = check.Fail
			}
			require.Equal(t, want, few["task2.answers"])
		})
	}
}

// TestPageRedeemsNothing: a page that agrees with a file does not do away with
// a doubt about it.
func TestPageRedeemsNothing(t *testing.T) {
	w := newWorld(loadRubric(t), 3, 42)
	w.proxies[0].Files[0].Modified = "2024-11-20T08:30:00Z"
	w.proxies[0].Page = pageOf()
	w.finish = counted(3)
	require.Equal(t, check.Fail, w.verdicts()["task2.answers"].Outcome)
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
