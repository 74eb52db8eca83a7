package grader_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/image"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/lookup"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
	"swarmgrade/rubrics"
)

// unable is a cluster that does not let the helper do a part of its work.
type unable struct {
	grader.Cluster
	load, start, stay bool
}

var errForbidden = errors.New("forbidden")

func (u unable) LoadImage(ctx context.Context, nodeID, name, arch string, write func(io.Writer) error) (string, error) {
	if u.load {
		return "", errForbidden
	}
	return u.Cluster.LoadImage(ctx, nodeID, name, arch, write)
}

func (u unable) RemoveImage(ctx context.Context, nodeID, name string) error {
	if u.stay {
		return errForbidden
	}
	return u.Cluster.RemoveImage(ctx, nodeID, name)
}

func (u unable) StartHelper(ctx context.Context, of helper.Service) (string, error) {
	if u.start {
		return "", errForbidden
	}
	return u.Cluster.StartHelper(ctx, of)
}

// TestNamesAreLookedUpFromInside: a helper on every node says what a name means there; what
// it says of one node alone costs nobody a point, and neither does a helper that can't run.
func TestNamesAreLookedUpFromInside(t *testing.T) {
	text, ok := rubrics.Find("discovery")
	require.True(t, ok)
	lab := filepath.Join(t.TempDir(), "inside.yaml")
	asks := strings.ReplaceAll(string(text), "{network: network}", "{network: network, inside: true}") // where it does not yet
	require.NoError(t, os.WriteFile(lab, []byte(asks), 0o600))
	var said []string
	g := &grader.Grader{Tell: func(e grader.Event) {
		switch e := e.(type) {
		case grader.Note:
			said = append(said, e.Msg.Key)
		case grader.Alarm:
			said = append(said, e.Msg.Key)
		}
	}}
	j, cluster, to := discovering(t, g, grader.Select{Rubric: lab}, namesDid)
	dial := g.Dial
	before := foundOn(t, cluster, to)
	ip := netip.MustParseAddr
	for what, c := range map[string]struct {
		names      map[string][]netip.Addr // what manager-2 tells its containers
		unable     unable
		own        bool // no stand-in for the helper
		vip, tasks check.Outcome
		inside     float64 // nodes on which a helper was told anything
		said       string
	}{
		"as the managers":        {vip: check.Pass, tasks: check.Pass, inside: 3, said: "observe.inside"},
		"another VIP":            {names: map[string][]netip.Addr{"s01": {ip("10.99.0.1")}}, vip: check.Ungraded, tasks: check.Pass, inside: 3},
		"a stale address":        {names: map[string][]netip.Addr{"tasks.s01": {ip("10.99.0.1"), ip("10.99.0.1")}}, vip: check.Pass, tasks: check.Ungraded, inside: 3},
		"nothing":                {names: map[string][]netip.Addr{"s01": nil, "tasks.s01": nil}, vip: check.Ungraded, tasks: check.Ungraded, inside: 3},
		"images can't be loaded": {unable: unable{load: true}, vip: check.Pass, tasks: check.Pass, said: "observe.inside_not"},
		"services can't be made": {unable: unable{start: true}, vip: check.Pass, tasks: check.Pass},
		"it can't be taken away": {unable: unable{stay: true}, vip: check.Pass, tasks: check.Pass, inside: 3, said: "action.stuck_lookup"},
		"is no static program":   {own: true, vip: check.Pass, tasks: check.Pass, said: "observe.inside_not"},
	} {
		g.Dial = func(ctx context.Context, conf roster.Cluster) (grader.Conn, error) {
			conn, err := dial(ctx, conf)
			if err == nil {
				conn.Cluster = unable{conn.Cluster, c.unable.load, c.unable.start, c.unable.stay}
			}
			if !c.own {
				conn.Helper = sim.Helper()
			}
			return conn, err
		}
		if _, closing, err := helper.Own(); c.own && err == nil {
			require.NoError(t, closing()) // tests that were built static
			continue
		}
		said = nil
		cluster.Misname("manager-2", c.names)
		requireNames(t, j, what, c.vip, c.tasks, func(seen check.Facts) { require.EqualValues(t, c.inside, seen["inside"], what) })
		if c.said != "" {
			require.Contains(t, said, c.said, what)
		}
		if c.unable.stay { // by hand, then
			for _, n := range to.Nodes {
				for _, name := range foundOn(t, cluster, to) {
					if ref, ok := strings.CutPrefix(name, "image "+lookup.Image); ok && strings.HasSuffix(ref, n.Name) {
						_, err := n.Client.ImageRemove(t.Context(), lookup.Image+strings.TrimSuffix(ref, " on "+n.Name), image.RemoveOptions{})
						require.NoError(t, err)
					}
				}
			}
		}
		require.Equal(t, before, foundOn(t, cluster, to), "%s: something is left", what)
	}

	// Whoever checks themselves brings no helper for it.
	own, err := g.Open(t.Context(), grader.Select{Class: "pair", Rubric: lab, Students: []string{"2024001"}})
	require.NoError(t, err)
	checked, err := own.Check(t.Context(), grader.CheckOptions{})
	require.NoError(t, err)
	for _, v := range checked.Verdicts {
		if v.Check == "names.vip" {
			require.Equal(t, "self-check", v.Observed["inside_why"])
		}
	}
}

// foundOn are the services, networks, containers, configs and images of a cluster.
func foundOn(t *testing.T, cluster *sim.Cluster, to deployments.Targets) (found []string) {
	t.Helper()
	c, err := swarm.Dial(t.Context(), roster.Cluster{Endpoints: cluster.Endpoints(), Nodes: cluster.NodeAddresses()})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	snap, err := c.Snapshot(t.Context(), func() int64 { return 0 })
	require.NoError(t, err)
	for _, s := range snap.Services {
		found = append(found, "service "+s.Name)
	}
	for _, n := range snap.Networks {
		found = append(found, "network "+n.Name)
	}
	for _, c := range snap.Containers {
		found = append(found, "container "+c.ID)
	}
	for _, c := range snap.Configs {
		found = append(found, "config "+c.Name)
	}
	for _, n := range to.Nodes {
		list, err := n.Client.ImageList(t.Context(), image.ListOptions{})
		require.NoError(t, err)
		for _, i := range list {
			found = append(found, "image "+strings.Join(i.RepoTags, " ")+" on "+n.Name)
		}
	}
	return found
}
