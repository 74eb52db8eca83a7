package grader

import (
	"cmp"
	"context"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/trouble"
)

// Doctor says what of a class can be reached, and how to mend the rest. It changes
// nothing.
func (j *Job) Doctor(ctx context.Context) ([]diag.Notice, error) {
	found, err := j.doctor(ctx)
	if err != nil {
		return found, err
	}
	found = append(found, j.workersPossible(ctx)...)
	return found, ctx.Err()
}

// doctor looks at the class and its own cluster.
func (j *Job) doctor(ctx context.Context) ([]diag.Notice, error) {
	found := []diag.Notice{{Level: diag.Good, Msg: i18n.M("cli.doctor_class", "file", j.Class.File, "students", len(j.Students),
		"rubric", j.Rubric.Title)}}
	for _, n := range j.Class.Notes {
		found = append(found, diag.Notice{Level: diag.Warn, Msg: i18n.M("cli.roster_note", "file", n.Pos.File, "note", n.Msg), Hint: n.Hint})
	}
	sim := j.Class.Cluster.Sim != ""
	if !sim {
		found = append(found, j.g.Diagnose(ctx, j.Class.Cluster)...)
	}
	conn, err := j.g.Dial(ctx, j.Class.Cluster)
	switch {
	case err != nil && !sim && ctx.Err() == nil:
		return found, nil // the diagnosis says why
	case err != nil:
		return nil, err
	}
	defer conn.Close()
	if conn.Diagnose != nil {
		found = append(found, conn.Diagnose(ctx)...)
	}
	x := &flow{j: j, conn: conn, start: time.Now()}
	if x.snap, err = conn.Snapshot(ctx, x.at); err != nil {
		return found, ctx.Err()
	}
	loader, err := j.g.Load(LoadOptions{Attribution: j.Rubric.Attribution, Known: x.snap, Rate: j.Class.Settings.Rate, Start: x.start})
	if err != nil {
		return nil, err
	}
	found = append(found, nodesReached(ctx, loader, x.snap)...)
	found = append(found, j.cuts(x.snap)...)
	found = append(found, x.faultsPossible(ctx)...)
	for _, n := range trouble.Nodes(x.snap) {
		found = append(found, diag.Notice{
			Level: diag.Bad, Msg: i18n.M("cli.doctor_trouble", "node", n.Hostname, "error", n.Error),
			Hint: i18n.M("cli.doctor_trouble_hint", "node", n.Hostname),
		})
	}
	if f, ok := ingressRoom(x.snap, len(j.Students)); ok {
		found = append(found, f)
	}
	return found, ctx.Err()
}

// faultsPossible tries, changing nothing, what the class's faults need on every
// node that may be made to fail.
func (x *flow) faultsPossible(ctx context.Context) []diag.Notice {
	if !x.j.needsFault() {
		return nil
	}
	nodes, err := x.tryNodes(ctx)
	if err != nil {
		nodes = append(nodes, tried{err: err})
	}
	var out []diag.Notice
	for _, t := range nodes {
		if t.err == nil {
			out = append(out, diag.Notice{Level: diag.Good, Msg: i18n.M("cli.doctor_fault", "node", t.fault.Hostname,
				"kind", i18n.M("observe.kind_"+underscored(t.fault.Kind)))})
			continue
		}
		for _, p := range diag.Failures(t.err) {
			// What is wrong with the class file is wrong on every node.
			n := diag.Notice{Level: diag.Bad, Msg: p.Msg, Hint: p.Hint}
			if !slices.ContainsFunc(out, func(o diag.Notice) bool { return reflect.DeepEqual(o, n) }) {
				out = append(out, n)
			}
		}
	}
	return out
}

// needsFault reports whether a check of the class's tasks asks for a fault.
func (j *Job) needsFault() bool {
	return slices.ContainsFunc(j.Rubric.Tasks, func(t rubric.Task) bool { return j.Concerns(t.ID) && check.TakesFault(&t) })
}

// nodesReached tries the address of every node, as load will.
func nodesReached(ctx context.Context, loader Loader, snap *evidence.Snapshot) []diag.Notice {
	var out []diag.Notice
	nodes := slices.SortedFunc(slices.Values(snap.Nodes), func(a, b evidence.Node) int { return cmp.Compare(a.Hostname, b.Hostname) })
	for _, n := range nodes {
		if n.State != "ready" {
			continue
		}
		if err := loader.Reach(ctx, n.Address); err != nil {
			out = append(out, diag.Notice{
				Level: diag.Bad,
				Msg:   i18n.M("cli.doctor_node_unreached", "node", n.Hostname, "address", n.Address),
				Hint:  i18n.M("cli.doctor_node_unreached_hint", "node", n.Hostname),
			})
			continue
		}
		out = append(out, diag.Notice{Level: diag.Good, Msg: i18n.M("cli.doctor_node", "node", n.Hostname, "address", n.Address)})
	}
	return out
}

// ingressEach is what a student's service takes of the ingress network: an
// address for each of three replicas, and its virtual one.
const ingressEach = 4

// ingressRoom warns when the ingress network has too few addresses left for
// the class. A task that gets none stays in state new, and nothing says so:
// a /24 holds some 62 students.
func ingressRoom(snap *evidence.Snapshot, students int) (diag.Notice, bool) {
	i := slices.IndexFunc(snap.Networks, func(n evidence.Network) bool { return n.Ingress })
	if i < 0 || len(snap.Networks[i].Subnets) == 0 {
		return diag.Notice{}, false
	}
	net := snap.Networks[i]
	subnet, err := netip.ParsePrefix(net.Subnets[0])
	if err != nil || !subnet.Addr().Is4() || subnet.Bits() > 30 {
		return diag.Notice{}, false
	}
	// Not for anybody: the first and the last address, the gateway, and one
	// that each node's own balancer takes.
	room := 1<<(32-subnet.Bits()) - 3 - len(snap.Nodes)
	used, waiting := 0, 0
	for _, s := range snap.Services {
		if slices.ContainsFunc(s.VIPs, func(v evidence.VIP) bool { return v.NetworkID == net.ID }) {
			used++
		}
	}
	for _, t := range snap.Tasks {
		switch {
		case slices.Contains([]string{"complete", "shutdown", "failed", "rejected", "remove", "orphaned"}, t.State):
			continue // its addresses are free again
		case t.State == "new":
			waiting++
		}
		if slices.ContainsFunc(t.Addresses, func(a evidence.TaskAddress) bool { return a.NetworkID == net.ID }) {
			used++
		}
	}
	pairs := []any{"subnet", subnet.String(), "room", room, "used", used, "free", max(room-used, 0), "students", students,
		"hold", room / ingressEach, "waiting", waiting}
	f := diag.Notice{Level: diag.Good, Msg: i18n.M("cli.doctor_ingress", pairs...)}
	switch {
	case waiting > 0 && room-used < ingressEach:
		f = diag.Notice{Level: diag.Bad, Msg: i18n.M("cli.doctor_ingress_full", pairs...), Hint: i18n.M("cli.doctor_ingress_hint")}
	case students*ingressEach > room, room-used < room/10:
		f = diag.Notice{Level: diag.Warn, Msg: i18n.M("cli.doctor_ingress_tight", pairs...), Hint: i18n.M("cli.doctor_ingress_hint")}
	}
	return f, true
}
