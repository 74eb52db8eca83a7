package observe_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/rubric"
)

const namesRubric = `schema: swarmgrade-rubric/1
id: r
version: 1
title: {zh: 服务名, en: names}
points: 3
vars:
  - {name: service, kind: name, expr: '"s" + last(digits(id), 2)', title: {zh: 服务, en: service}}
  - {name: published, kind: port, expr: '8000 + int(last(digits(id), 2))', title: {zh: 端口, en: port}}
  - {name: network, kind: name, expr: '"overlay-" + last(digits(id), 2)', title: {zh: 网络, en: network}}
tasks:
  - id: "1"
    title: {zh: 服务名, en: names}
    points: 2
    checks:
      - {id: a.vip, kind: name-vip, points: 1, title: {zh: 甲, en: a}}
      - {id: a.tasks, kind: name-tasks, points: 1, title: {zh: 乙, en: b}}
  - id: "2"
    title: {zh: 别的, en: others}
    points: 1
    checks:
      - {id: b.service, kind: service-exists, points: 1, title: {zh: 丙, en: c}}
`

// namedCluster has the service s01 on so many overlays, the last of which has the
// name that the rubric gives.
func namedCluster(overlays int) *evidence.Snapshot {
	s := cluster(1)
	s.Networks = []evidence.Network{{ID: "net-ingress", Name: "ingress", Driver: "overlay", Ingress: true}, {ID: "net-other", Name: "other", Driver: "overlay"}}
	svc := &s.Services[0]
	svc.EndpointMode, svc.Networks = "vip", []string{"net-ingress"}
	for i := range overlays {
		n := evidence.Network{ID: fmt.Sprintf("net-%d", i), Name: fmt.Sprintf("net-%d", i), Driver: "overlay"}
		if i == overlays-1 {
			n.Name = "overlay-01"
		}
		s.Networks = append(s.Networks, n)
		svc.Networks = append(svc.Networks, n.ID)
		svc.VIPs = append(svc.VIPs, evidence.VIP{NetworkID: n.ID, Address: fmt.Sprintf("10.%d.0.2/24", i)})
		for k := range s.Tasks {
			s.Tasks[k].Addresses = append(s.Tasks[k].Addresses, evidence.TaskAddress{NetworkID: n.ID, Address: fmt.Sprintf("10.%d.0.%d/24", i, 11+k)})
		}
	}
	return s
}

func namesPlan(t *testing.T, task string, snap *evidence.Snapshot) *observe.Plan {
	t.Helper()
	rub, err := rubric.Load([]byte(namesRubric), "r.yaml", check.Set{}, nil)
	require.NoError(t, err)
	students, vars := class(1)
	vars[students[0].ID]["network"] = "overlay-01"
	return observe.NewPlan(rub, []string{task}, students, vars, snap)
}

// TestNamesArePlannedWhereACheckAsks: each name once, on the student's networks alone.
func TestNamesArePlannedWhereACheckAsks(t *testing.T) {
	networks := func(p *observe.Plan) (out []string) {
		for _, n := range p.Students[0].Names {
			require.Equal(t, "s01", n.Service.Name)
			out = append(out, n.Network)
		}
		return out
	}
	require.Equal(t, []string{"overlay-01"}, networks(namesPlan(t, "1", namedCluster(1))))
	require.Equal(t, []string{"overlay-01", "net-0", "net-1", "net-2"}, networks(namesPlan(t, "1", namedCluster(7))), "a bounded number")
	require.Empty(t, networks(namesPlan(t, "1", namedCluster(0))), "on no overlay there is nothing to ask")
	require.Empty(t, networks(namesPlan(t, "2", namedCluster(1))), "no check asks")
	none := namedCluster(1)
	none.Services = nil
	require.Empty(t, networks(namesPlan(t, "1", none)))
}

// TestNamesAreAskedAgain: gossip takes a moment, a fault lasts.
func TestNamesAreAskedAgain(t *testing.T) {
	right := evidence.NameView{NodeID: "node-1", Hostname: "manager-1", Known: true, VIP: "10.0.0.2", Tasks: []string{"10.0.0.11", "10.0.0.12", "10.0.0.13"}}
	short, gone := right, right
	short.Tasks = right.Tasks[:2]
	gone.Known, gone.VIP, gone.Tasks = false, "", nil
	away := gone
	away.NodeID = "node-9"
	deaf := evidence.NameView{NodeID: "node-1", Error: "timeout"}
	for name, c := range map[string]struct {
		says  []evidence.NameView // one after the other, the last for good
		asked int
	}{
		"all is known":                 {[]evidence.NameView{right}, 1},
		"a task is not known yet":      {[]evidence.NameView{short, right}, 2},
		"a task never gets known":      {[]evidence.NameView{short}, 4},
		"the network isn't known":      {[]evidence.NameView{gone, gone, right}, 3},
		"nothing of it is there":       {[]evidence.NameView{away}, 1},
		"who can't be asked once":      {[]evidence.NameView{deaf}, 1},
		"another address for a moment": {[]evidence.NameView{{NodeID: "node-1", Known: true, VIP: "10.0.0.9", Tasks: right.Tasks}, right}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				snap := namedCluster(1)
				plan := namesPlan(t, "1", snap)
				l := newLab()
				asked := 0
				l.names = func(service, network string) []evidence.NameView {
					require.Equal(t, "s01 net-0", service+" "+network)
					asked++
					return []evidence.NameView{c.says[min(asked, len(c.says))-1]}
				}
				r := l.runner(1)
				begun := time.Now()
				b, err := r.Static(t.Context(), &plan.Students[0], snap)
				require.NoError(t, err)
				require.Equal(t, c.asked, asked)
				require.LessOrEqual(t, time.Since(begun), 10*time.Second)
				want := c.says[min(asked, len(c.says))-1]
				want.Service, want.Network, want.NetworkID = "s01", "overlay-01", "net-0"
				want.At = b.Names[0].At
				require.Equal(t, []evidence.NameView{want}, b.Names)
				require.Empty(t, b.Gaps)
			})
		})
	}
}

func TestNamesEndWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		snap := namedCluster(1)
		plan := namesPlan(t, "1", snap)
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stopped")
		l := newLab()
		l.names = func(string, string) []evidence.NameView {
			time.AfterFunc(time.Second, func() { cancel(stop) })
			return []evidence.NameView{{NodeID: "node-1"}}
		}
		_, err := l.runner(1).Static(ctx, &plan.Students[0], snap)
		require.Error(t, err)
		require.ErrorIs(t, context.Cause(ctx), stop)
	})
}

// TestNamesOfAnEpisode: what is seen while an action is in force is kept beside it.
func TestNamesOfAnEpisode(t *testing.T) {
	var e evidence.Episode
	e.Observed(&evidence.Bundle{Names: []evidence.NameView{{Service: "s01"}}})
	require.True(t, slices.ContainsFunc(e.Names, func(v evidence.NameView) bool { return v.Service == "s01" }))
}
