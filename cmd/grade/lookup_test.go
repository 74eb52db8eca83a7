package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/lookup"
	"swarmgrade/grader/roster"
)

// dnsServer answers questions for IPv4 addresses by name, one that is not there with "no
// such name", one without addresses with a failure; the address is where.
func dnsServer(t *testing.T, names map[string][]string) string {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			ask := buf[:n]
			var labels []string
			at := 12
			for ask[at] != 0 {
				labels = append(labels, string(ask[at+1:at+1+int(ask[at])]))
				at += 1 + int(ask[at])
			}
			question := ask[12 : at+5]
			found, known := names[strings.Join(labels, ".")]
			rcode := byte(0)
			switch {
			case !known:
				rcode = 3
			case len(found) == 0:
				rcode = 2
			}
			out := slices.Concat(ask[:2], []byte{0x81, 0x80 | rcode, 0, 1}, binary.BigEndian.AppendUint16(nil, uint16(len(found))), []byte{0, 0, 0, 0}, question)
			for _, ip := range found {
				out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
				out = append(out, netip.MustParseAddr(ip).AsSlice()...)
			}
			_, _ = conn.WriteTo(out, from)
		}
	}()
	return conn.LocalAddr().String()
}

// TestTheHelperAsksTheContainersServer: by the wire, with no search domain, each address as
// often as it is given.
func TestTheHelperAsksTheContainersServer(t *testing.T) {
	server := dnsServer(t, map[string][]string{"s01": {"10.0.1.2"}, "tasks.s01": {"10.0.1.4", "10.0.1.3", "10.0.1.3"}, "broken": nil})
	report := func(args ...string) *lookup.Report {
		var out bytes.Buffer
		require.NoError(t, lookup.Run(t.Context(), args, resolver(server), func(d time.Duration) time.Duration { return d / 50 }, &out))
		require.Equal(t, 1, bytes.Count(out.Bytes(), []byte("\n")))
		r, err := lookup.Parse(out.Bytes())
		require.NoError(t, err)
		return r
	}
	r := report("s01=10.0.1.2", "tasks.s01=10.0.1.3,10.0.1.3,10.0.1.4")
	require.Equal(t, []lookup.Answer{{Name: "s01", Addresses: []string{"10.0.1.2"}}, {Name: "tasks.s01", Addresses: []string{"10.0.1.3", "10.0.1.3", "10.0.1.4"}}}, r.Answers)
	r = report("nobody", "broken", "s01=10.0.1.9")
	require.Equal(t, lookup.Unknown, r.Answers[0].Failure)
	require.Contains(t, []string{lookup.Failed, lookup.Timeout}, r.Answers[1].Failure)
	require.Equal(t, []string{"10.0.1.2"}, r.Answers[2].Addresses, "what it was told, whatever is expected")
}

const insideRubric = `schema: swarmgrade-rubric/1
id: inside
version: 1
title: {zh: 名字, en: names}
points: 4
vars:
  - {name: nn, kind: text, expr: 'last(digits(id), 2)', title: {zh: 学号后两位, en: last two digits}}
  - {name: service, kind: name, expr: '"s" + nn', title: {zh: 服务名, en: service}}
  - {name: published, kind: port, expr: 8000 + int(nn), title: {zh: 发布端口, en: published port}}
  - {name: network, kind: name, expr: '"dnsrr-" + nn', title: {zh: 覆盖网络名, en: overlay network}}
tasks:
  - id: "1"
    title: {zh: 名字, en: names}
    points: 4
    checks:
      - {id: there, kind: service-exists, points: 2, title: {zh: 服务在, en: the service exists}}
      - {id: seen, kind: name-tasks, with: {network: network, inside: true}, points: 2, title: {zh: 看到了, en: it is seen}, needs: [there]}
`

// TestKilledWhileNamesAreLookedUp kills graders with SIGKILL while helpers run in students'
// networks, on an embedded cluster that goes on. After "grade restore" no image, service or
// container is there that was not there before, and a run that goes on from there grades
// everybody with a helper on every node.
func TestKilledWhileNamesAreLookedUp(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts an embedded cluster and kills graders")
	}
	w := newWorld(t)
	// The helper is the executable itself, which must be static.
	bin := filepath.Join(w.dir, "bin")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", filepath.Join(bin, "grade"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	class := w.simClass(t, "lab-task3")
	lab := filepath.Join(w.dir, "inside.yaml")
	require.NoError(t, os.WriteFile(lab, []byte(insideRubric), 0o600))
	s := soak{t: t, w: w, args: []string{"--class", class, "--rubric", lab, "--students", "2024001,2024002,2024003,2024005"}, rng: rand.New(rand.NewPCG(7, 8))}
	conf, err := roster.LoadClass(t.Context(), roster.Options{Name: class, Dir: w.dir})
	require.NoError(t, err)
	before := everything(t, conf.Cluster.Endpoints)
	require.NotEmpty(t, before)

	missed, restored := 0, 0
	var said []string
	for _, step := range []string{action.StepPlanned, action.StepInjecting, action.StepInjecting, action.StepInjected, action.StepInjected, action.StepRestoring} {
		r := s.grade()
		journal, over := s.journalAt(r, step)
		if !over && step != action.StepPlanned {
			time.Sleep(time.Duration(s.rng.Int64N(int64(400 * time.Millisecond))))
		}
		status := r.end(t, syscall.SIGKILL)
		if s.killed = status == -int(syscall.SIGKILL); !s.killed {
			missed++
		}
		steps, _ := os.ReadFile(journal) // of a run that was over there is none
		left := s.killed && len(steps) > 0 && !strings.Contains(string(steps), `"step":"done"`)
		said = append(said, step+" "+r.out.String())
		if restored++; restored%2 == 0 {
			back := w.start(t, "restore", "--class", class)
			require.Equal(t, exitOK, s.wait(back), "restore:\n%s\nkilled at %s:\n%s\njournal %s", back.out, step, r.out, journal)
			require.Equal(t, before, everything(t, conf.Cluster.Endpoints), "killed at %s, restored:\n%s", step, back.out)
			if left {
				require.Contains(t, back.out.String(), "the helper that looks names up")
			}
		} // else the next start does it
	}
	require.Less(t, missed, 3, "hardly any grader was killed in time: %q", said)
	s.killed = false // one that was killed at its very end has nothing to go on with
	r := s.grade("--format", "json", "--out", filepath.Join(w.dir, "out"))
	require.Equal(t, exitOK, s.wait(r), "%s", r.out)
	require.Equal(t, before, everything(t, conf.Cluster.Endpoints))
	found, err := filepath.Glob(filepath.Join(w.dir, "out", "*.json"))
	require.NoError(t, err)
	require.Len(t, found, 1, "%s", r.out)
	data, err := os.ReadFile(found[0])
	require.NoError(t, err)
	var got classJSON
	require.NoError(t, json.Unmarshal(data, &got))
	for _, st := range got.Students {
		for _, c := range st.Checks {
			require.NotEqual(t, "ungraded", c.Outcome, "%s: %v", st.ID, c)
		}
	}
	require.Contains(t, string(data), `"inside": 3`)
}

// everything is what engines have: images, services and containers by name.
func everything(t *testing.T, endpoints []string) (all []string) {
	t.Helper()
	for i, at := range endpoints {
		cli, err := client.NewClientWithOpts(client.WithHost(at), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		images, err := cli.ImageList(t.Context(), image.ListOptions{})
		require.NoError(t, err)
		for _, x := range images {
			all = append(all, fmt.Sprint(i, " image ", x.RepoTags))
		}
		containers, err := cli.ContainerList(t.Context(), container.ListOptions{All: true})
		require.NoError(t, err)
		for _, x := range containers {
			all = append(all, fmt.Sprint(i, " container ", x.ID))
		}
		services, err := cli.ServiceList(t.Context(), swarm.ServiceListOptions{})
		require.NoError(t, err)
		for _, x := range services {
			all = append(all, fmt.Sprint(i, " service ", x.Spec.Name))
		}
		require.NoError(t, cli.Close())
	}
	slices.Sort(all)
	return all
}
