package action

import (
	"bytes"
	"context"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/lookup"
	"swarmgrade/grader/roster"
	grader "swarmgrade/grader/swarm"
)

// lookInto is a network with a service of two tasks on it, on a cluster of three nodes.
func lookInto(t *testing.T) (s *sim.Cluster, c *grader.Cluster, snap *evidence.Snapshot, of lookup.Service) {
	s, c, _ = startSim(t)
	cli, err := client.NewClientWithOpts(client.WithHost(s.Endpoints()[0]), client.WithAPIVersionNegotiation())
	require.NoError(t, err)
	t.Cleanup(func() { _ = cli.Close() })
	made, err := cli.NetworkCreate(t.Context(), "n02", network.CreateOptions{Driver: "overlay"})
	require.NoError(t, err)
	two := uint64(2)
	_, err = cli.ServiceCreate(t.Context(), swarm.ServiceSpec{
		Annotations: swarm.Annotations{Name: "s02"},
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: &swarm.ContainerSpec{Image: "whoami-for-swarm"}, Networks: []swarm.NetworkAttachmentConfig{{Target: made.ID}},
		},
		Mode: swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &two}},
	}, swarm.ServiceCreateOptions{})
	require.NoError(t, err)
	settled(t, c, 4)
	snap, err = c.Snapshot(t.Context(), noClock)
	require.NoError(t, err)
	svc := snap.Services[slices.IndexFunc(snap.Services, func(s evidence.Service) bool { return s.Name == "s02" })]
	vip, _, _ := strings.Cut(svc.VIPs[0].Address, "/")
	of = lookup.Service{Student: "02", NetworkID: made.ID, Names: []lookup.Name{{Name: "s02", Want: []string{vip}}, {Name: "tasks.s02"}}}
	for _, task := range snap.Tasks {
		for _, a := range task.Addresses {
			if a.NetworkID == made.ID && task.ServiceID == svc.ID {
				ip, _, _ := strings.Cut(a.Address, "/")
				of.Names[1].Want = append(of.Names[1].Want, ip)
			}
		}
	}
	slices.Sort(of.Names[1].Want)
	require.Len(t, of.Names[1].Want, 2)
	return s, c, snap, of
}

// asFound checks that nothing is on the cluster that was not there before.
func asFound(t *testing.T, c *grader.Cluster, s *sim.Cluster, was *evidence.Snapshot) {
	t.Helper()
	now, err := c.Snapshot(t.Context(), noClock)
	require.NoError(t, err)
	require.Equal(t, was.Services, now.Services)
	require.Equal(t, was.Networks, now.Networks)
	require.Equal(t, was.Configs, now.Configs)
	require.Len(t, now.Containers, len(was.Containers))
	for _, task := range now.Tasks {
		require.True(t, slices.ContainsFunc(was.Tasks, func(o evidence.Task) bool { return o.ID == task.ID }), task)
	}
	for _, tag := range images(t, s) {
		require.NotContains(t, tag, lookup.Image)
	}
}

// images are the names of those that the nodes have, all in one.
func images(t *testing.T, s *sim.Cluster) (tags []string) {
	t.Helper()
	for _, at := range s.Endpoints() {
		cli, err := client.NewClientWithOpts(client.WithHost(at), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		list, err := cli.ImageList(t.Context(), image.ListOptions{})
		require.NoError(t, err)
		require.NoError(t, cli.Close())
		for _, i := range list {
			tags = append(tags, i.RepoTags...)
		}
	}
	return tags
}

func helperOptions(t *testing.T, c Cluster, p *helper.Program) (Options, *Helper) {
	h := NewHelper(c, p)
	return Options{
		Cluster: c, Injector: h, Journal: openJournal(t, filepath.Join(t.TempDir(), "fault-T.journal")), Class: "T", Run: "r", At: noClock,
	}, h
}

// TestNamesFromInside: on each node the helper says what a name means there, and nothing
// of it is left.
func TestNamesFromInside(t *testing.T) {
	s, c, snap, of := lookInto(t)
	opt, h := helperOptions(t, c, sim.Helper())
	a, left, code := AimLookup(snap, h.program, "r")
	require.Empty(t, code)
	require.Empty(t, left)
	require.Len(t, a.Nodes, 3)
	session, err := Begin(t.Context(), opt, a)
	require.NoError(t, err)
	require.Len(t, slices.DeleteFunc(images(t, s), func(tag string) bool { return tag != a.Name }), 3)
	seen := h.Look(t.Context(), of)
	require.Len(t, seen, 3)
	for _, got := range seen {
		require.NoError(t, got.Err)
		for _, n := range of.Names {
			require.Equal(t, &lookup.Answer{Name: n.Name, Addresses: n.Want}, got.Report.Answer(n.Name))
		}
	}
	s.Misname(s.Nodes()[1], map[string][]netip.Addr{"s02": nil, "tasks.s02": {netip.MustParseAddr("10.9.9.9"), netip.MustParseAddr("10.9.9.9")}})
	for i, got := range h.Look(t.Context(), of) {
		require.NoError(t, got.Err)
		if snap.Nodes[slices.IndexFunc(snap.Nodes, func(n evidence.Node) bool { return n.ID == got.NodeID })].Hostname != s.Nodes()[1] {
			require.Equal(t, seen[i].Report, got.Report)
			continue
		}
		require.Equal(t, lookup.Unknown, got.Report.Answer("s02").Failure)
		require.Equal(t, []string{"10.9.9.9", "10.9.9.9"}, got.Report.Answer("tasks.s02").Addresses)
	}
	require.NoError(t, session.Restore(t.Context()))
	require.NoError(t, h.Restore(t.Context(), a), "twice is once")
	asFound(t, c, s, snap)
	pending, err := opt.Journal.Pending()
	require.NoError(t, err)
	require.Empty(t, pending)
}

// TestWhatAHelperLeftIsHealed: whatever a killed grader had made goes, at each step.
func TestWhatAHelperLeftIsHealed(t *testing.T) {
	s, c, snap, of := lookInto(t)
	p := sim.Helper()
	for _, step := range []string{"planned", "loaded", "running"} {
		path := filepath.Join(t.TempDir(), "fault-T.journal")
		j, err := OpenJournal(path)
		require.NoError(t, err)
		a, _, _ := AimLookup(snap, p, "r")
		rec := &Record{Class: "T", Run: "r", Fault: a, Time: time.Now()}
		_, err = j.begin(rec)
		require.NoError(t, err)
		h := NewHelper(c, p)
		if step != "planned" {
			require.NoError(t, j.step(rec, StepInjecting))
			require.NoError(t, h.Inject(t.Context(), a))
		}
		if step == "running" {
			require.NoError(t, j.step(rec, StepInjected))
			_, err := c.StartHelper(t.Context(), h.service(of.Helper()))
			require.NoError(t, err)
			again, err := c.StartHelper(t.Context(), h.service(of.Helper()))
			require.NoError(t, err, "the answer may have been lost")
			require.NotEmpty(t, again)
		}
		require.NoError(t, j.Close())
		done, err := Heal(t.Context(), path, HealOptions{Dial: func(context.Context, roster.Cluster) (Cluster, func() error, error) {
			return c, func() error { return nil }, nil
		}})
		require.NoError(t, err, step)
		require.Len(t, done, 1)
		require.NotContains(t, done[0].Msg().Key, "observe")
		asFound(t, c, s, snap)
	}
}

// TestTheHelperIsInNobodysWay: beside it others may act, and a second one may not.
func TestTheHelperIsInNobodysWay(t *testing.T) {
	own := &Record{Fault: evidence.Action{Kind: Lookup}}
	class := &Record{Fault: targetM2}
	student := &Record{Fault: evidence.Action{Kind: Scale, Student: "a"}}
	require.Nil(t, own.inTheWay([]*Record{class, student}))
	require.Nil(t, class.inTheWay([]*Record{own}))
	require.Nil(t, student.inTheWay([]*Record{own}))
	require.Equal(t, own, own.inTheWay([]*Record{own}))
	require.Empty(t, own.markName())
}

func TestAHelpersImageIsWhatTheEngineTakesIn(t *testing.T) {
	var one, two bytes.Buffer
	p := sim.Helper()
	require.NoError(t, p.Archive(&one, p.Ref("x", "a"), lookup.Verb, nil))
	require.NoError(t, p.Archive(&two, p.Ref("x", "a"), lookup.Verb, nil))
	require.Equal(t, one.Bytes(), two.Bytes(), "the same image each time")
}
