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

// TestSelfCheckScreens: what students see who made a usual mistake, or none, or
// nothing at all; who forgot the endpoint mode is told of task 3.
func TestSelfCheckScreens(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	all, err := deployments.All()
	require.NoError(t, err)
	var seats []deployments.Seat
	list := "class: mine\nrubric: ha-lb\nstudents:\n"
	later := "5 not graded: "
	cases := []struct {
		task, name string
		status     int
		has        []string // in this order
		lacks      []string
	}{
		{"2", "handout", exitOK, []string{
			"by what is deployed, this checks tasks 1, 2; for another add --task, such as\n--task 3\n",
			"\nTask 1: high availability\n", later, "a self-check stops no node", "\nTask 2: VIP", "✓   12/12  6 more checks, the same as in task 1, pass\n",
			"\n56 of 56 points; 5 more checks (14 points) not graded yet\n", "so hand it in; the 5 left are for your teacher's",
		}, []string{"✗", "–", "all passed", "1000000"}},
		{"2", "balance-source", exitMend, []string{
			"\nTask 1", "✗     0/1  the balance algorithm spreads requests\n", "           → use balance roundrobin:\n", "\n                balance roundrobin\n",
			"             on manager-1, restart haproxy-02:\n", "\n                docker restart haproxy-02\n", "\n1 thing to mend, then check again\n",
		}, []string{"all passed", "hand it in"}},
		{"2", "haproxy-missing", exitMend, []string{
			"\nTask 2", "✗     0/2  HAProxy exists under its name\n", "\n                    bind *:9003\n", "\n                docker run -d --name haproxy-03 -v ",
			"–    0/20  8 more checks wait until this is mended: HAProxy exists under its", "1 thing to mend before 8 more checks can be made",
		}, []string{"the premise"}},
		{"3", "handout", exitOK, []string{
			"this checks task 3;", "\nTask 3: DNSRR", "\n30 of 30 points\n", "all passed: ready to submit\n",
		}, []string{"✗", "Task 1", "not graded"}},
		{"3", "vip-mode", exitMend, []string{
			"by the network dnsrr-05, this checks task 3; for another add --task, such as\n--task 1\n", "\nTask 3: DNSRR", "✗     0/3  the endpoint mode is dnsrr\n",
			"\n                docker service update --endpoint-mode dnsrr s05\n",
		}, []string{"Task 1", "Task 2"}},
		{"3", "network-not-attachable", exitMend, []string{
			"\n                docker service rm s06\n", "\n                docker network rm dnsrr-06\n", "\n                docker network create -d overlay --attachable dnsrr-06\n", "\n                docker service create --name s06 ",
		}, nil},
		{"1", "nothing-done", exitMend, []string{
			"your service s07 is not there yet", "✗     0/2  the service exists under its name\n",
			"–    0/28  12 more checks wait until this is mended: the service exists under",
			"1 thing to mend before 12 more checks can be made",
		}, []string{"the image is the lab's"}},
	}
	for i, c := range cases {
		id := fmt.Sprintf("20240101%02d", i+1)
		d, err := deployments.Find(all, c.task, c.name)
		require.NoError(t, err)
		vars, err := deployments.HandoutVars(id)
		require.NoError(t, err)
		seats = append(seats, deployments.Seat{ID: id, Name: "学生", Vars: vars, Deployment: d})
		list += fmt.Sprintf("  - {id: %q, name: 学生}\n", id)
	}
	a := &app{command: command{Stdout: t.Output(), Stderr: t.Output(), Getenv: func(string) string { return "" }}, haproxy: proxyEmbedded}
	a.ui = newUI(a.command, a.lang())
	s, err := a.bringUpSim(t.Context(), seats, sim.Options{Seed: simSeed, Speed: simSpeed})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	list += fmt.Sprintf("cluster:\n  endpoints: [%s]\n  nodes:\n", strings.Join(s.Endpoints(), ", "))
	for name, addr := range s.NodeAddresses() {
		list += fmt.Sprintf("    %s: %s\n", name, addr)
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "classes"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "classes", "mine.yaml"), []byte(list), 0o600))

	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := graded(t, dir, "check", seats[i].ID)
			require.Equal(t, c.status, status, errs)
			at := 0
			for _, want := range c.has {
				n := strings.Index(out[at:], want)
				require.GreaterOrEqual(t, n, 0, "%q in its place of\n%s", want, out)
				at += n
			}
			for _, other := range c.lacks {
				require.NotContains(t, out, other)
			}
			_, zh, _ := graded(t, dir, "check", seats[i].ID, "--lang", "zh")
			require.Equal(t, strings.Count(out, "✗"), strings.Count(zh, "✗"), "%s\n%s", out, zh)
		})
	}
}
