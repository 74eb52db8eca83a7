package grader_test

import (
	"context"
	"testing"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
)

// lying is a cluster in which manager-2's engine says what it is made to.
type lying struct {
	grader.Cluster
	says func(v *evidence.NameView)
}

func (l lying) Names(ctx context.Context, service, network string, snap *evidence.Snapshot) []evidence.NameView {
	views := l.Cluster.Names(ctx, service, network, snap)
	for i := range views {
		if views[i].Hostname == "manager-2" {
			l.says(&views[i])
		}
	}
	return views
}

// TestEnginesThatDiffer: what one engine says of a name by itself costs nobody a point,
// and what a student did costs it all the same.
func TestEnginesThatDiffer(t *testing.T) {
	g := &grader.Grader{}
	j, _, _ := discovering(t, g, grader.Select{}, namesDid)
	dial := g.Dial
	for what, c := range map[string]struct {
		says       func(v *evidence.NameView)
		vip, tasks check.Outcome
	}{
		"as the managers": {func(*evidence.NameView) {}, check.Pass, check.Pass},
		"a stale address": {func(v *evidence.NameView) { v.Tasks = append(v.Tasks, "10.99.0.1") }, check.Pass, check.Ungraded},
		"one four times":  {func(v *evidence.NameView) { v.Tasks = append(v.Tasks, v.Tasks[0], v.Tasks[0], v.Tasks[0]) }, check.Pass, check.Ungraded},
		"one task fewer":  {func(v *evidence.NameView) { v.Tasks = v.Tasks[1:] }, check.Pass, check.Ungraded},
		"another VIP":     {func(v *evidence.NameView) { v.VIP = "10.99.0.1" }, check.Ungraded, check.Pass},
		"nothing":         {func(v *evidence.NameView) { v.VIP, v.Tasks = "", nil }, check.Ungraded, check.Ungraded},
		"not a word": {func(v *evidence.NameView) {
			*v = evidence.NameView{NodeID: v.NodeID, Hostname: v.Hostname, Error: "timeout"}
		}, check.Ungraded, check.Ungraded},
	} {
		g.Dial = func(ctx context.Context, conf roster.Cluster) (grader.Conn, error) {
			conn, err := dial(ctx, conf)
			if err == nil {
				conn.Cluster = lying{conn.Cluster, c.says}
			}
			return conn, err
		}
		requireNames(t, j, what, c.vip, c.tasks, func(check.Facts) {})
	}
}
