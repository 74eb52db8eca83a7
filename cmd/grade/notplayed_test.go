package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
)

// TestWhatIsNotPlayedCostsNothing: HAProxy's own words that the embedded balancer does
// not play leave open what they are needed for, in a container and in a service, which
// has another task every few seconds.
func TestWhatIsNotPlayedCostsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	all, err := deployments.All()
	require.NoError(t, err)
	cases := []struct{ lab, id, lines, what string }{
		{"sticky/sticky", "2024010101", "stick-table type ip size 100k expire 30m\n    stick match src", "stick match src"},
		{"sticky/sticky", "2024010102", "stick-table type ip size 100k expire 30m\n    http-request track-sc0 src", "http-request track-sc0"},
		{"sticky/sticky", "2024010103", "stick on src table stat", "stick on src table stat"},
		{"2", "2024010104", "stick-table type ip size 1m\n    stick store-request src", "stick store-request src"},
		{"2", "2024010105", "stick-table type string len 32 size 1m\n    stick on req.cook(JSESSIONID) if { path /app }", "stick on req.cook(JSESSIONID) if { path /app }"},
	}
	var seats []deployments.Seat
	lists := map[string]string{}
	for _, c := range cases {
		d, err := deployments.Find(all, c.lab, "handout")
		require.NoError(t, err)
		vars, err := deployments.HandoutVars(c.id)
		require.NoError(t, err)
		mine := *d
		switch c.lab {
		case "2":
			mine.Containers = []deployments.Container{d.Containers[0]}
			mine.Containers[0].Restart, mine.Containers[0].Becomes = "always", "restarting"
			f := d.Containers[0].Files[0]
			f.Text = strings.Replace(f.Text, "balance roundrobin", "balance roundrobin\n    "+c.lines, 1)
			require.Contains(t, f.Text, c.lines)
			mine.Containers[0].Files = []deployments.File{f}
		default:
			text, n := "", 0
			for line := range strings.Lines(d.Configs[0].Data) {
				switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
				case "cookie", "dynamic-cookie-key":
					if n++; n == 1 {
						line = "    dynamic-cookie-key abc\n    " + c.lines + "\n"
					} else {
						line = ""
					}
				}
				text += line
			}
			if strings.Contains(c.lines, "table stat") { // the last backend's
				text += "    stick-table type ip size 100k\n"
			}
			require.Contains(t, text, c.lines)
			mine.Configs = []deployments.Config{{Name: d.Configs[0].Name, Data: text}}
			mine.Services = append([]deployments.Service(nil), d.Services...)
			for i, s := range mine.Services {
				if s.Image == "haproxy" {
					mine.Services[i].Becomes = "failing"
				}
			}
		}
		seats = append(seats, deployments.Seat{ID: c.id, Name: "学生", Vars: vars, Deployment: &mine})
		lists[c.lab] += fmt.Sprintf("  - {id: %q, name: 学生}\n", c.id)
	}
	a := &app{command: command{Stdout: t.Output(), Stderr: t.Output(), Getenv: func(string) string { return "" }}, haproxy: proxyEmbedded}
	a.ui = newUI(a.command, a.lang())
	s, err := a.bringUpSim(t.Context(), seats, sim.Options{Seed: simSeed, Speed: simSpeed})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	cluster := fmt.Sprintf("cluster:\n  endpoints: [%s]\n  nodes:\n", strings.Join(s.Endpoints(), ", "))
	for name, addr := range s.NodeAddresses() {
		cluster += fmt.Sprintf("    %s: %s\n", name, addr)
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "classes"), 0o700))
	for lab, class := range map[string]string{"sticky/sticky": "sticky", "2": "ha-lb"} {
		text := "class: " + class + "\nrubric: " + class + "\nstudents:\n" + lists[lab] + cluster
		require.NoError(t, os.WriteFile(filepath.Join(dir, "classes", class+".yaml"), []byte(text), 0o600))
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			class, none := "sticky", []string{"✗", "◐", "–"}
			if c.lab == "2" {
				class, none = "ha-lb", []string{"◐", "–"}
			}
			status, out, errs := graded(t, dir, "check", c.id, "--class", class, "-v")
			out = strings.Join(strings.Fields(out), " ")
			for _, mark := range none {
				require.NotContains(t, out, mark, out)
			}
			require.Contains(t, out, "HAProxy runs haproxy-"+c.id[8:]+" can't be judged here: the embedded cluster does not simulate "+c.what)
			if c.lab == "2" { // which wants clients not to be kept, and that is read from the file
				require.Equal(t, 1, strings.Count(out, "✗"), out)
				require.Equal(t, exitMend, status, errs)
				return
			}
			require.Equal(t, exitCluster, status, errs)
		})
	}
}
