package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/swarm"
	"swarmgrade/grader/trouble"
	"swarmgrade/loadgen"
)

func newDoctorCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	c := &cobra.Command{Use: "doctor --class CLASS", Short: lang.T("cli.doctor_short"), Args: cobra.NoArgs}
	f.register(a, c)
	a.haproxyFlag(c, proxyEmbedded)
	c.RunE = func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), &f) }
	return c
}

// doctor says what of a class can be reached, and how to mend the rest.
func (a *app) doctor(ctx context.Context, f *classFlags) error {
	j, err := a.load(ctx, f)
	if err != nil {
		return err
	}
	found := []swarm.Finding{{Level: "ok", Msg: i18n.M("cli.doctor_class", "file", j.class.File, "students", len(j.students),
		"rubric", j.rub.Title)}}
	for _, n := range j.class.Notes {
		found = append(found, swarm.Finding{Level: "warn", Msg: i18n.M("cli.roster_note", "file", n.Pos.File, "note", n.Msg), Hint: n.Hint})
	}
	seen, err := a.diagnose(ctx, j)
	if err != nil {
		return err
	}
	found = append(found, seen...)
	bad := 0
	for _, x := range found {
		if x.Level == "error" {
			bad++
		}
	}
	if err := a.sayFindings(found); err != nil {
		return err
	}
	if bad > 0 {
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("cli.doctor_bad", "n", bad)}
	}
	return nil
}

// diagnose looks at the class's cluster, also at one that cannot be opened. An
// embedded one is started for it, with its students on it.
func (a *app) diagnose(ctx context.Context, j *job) ([]swarm.Finding, error) {
	var d swarm.Diagnosis
	var cl cluster
	if scenario := j.class.Cluster.Sim; scenario != "" {
		c, err := a.connectSim(ctx, scenario)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		_, haproxy, err := a.simProxy(ctx, sim.HAProxy{})
		if err != nil {
			return nil, err
		}
		cl, d = c, c.Diagnose(ctx)
		d.Findings = append(d.Findings, swarm.Finding{Level: "ok", Msg: haproxy})
	} else {
		d = swarm.Diagnose(ctx, j.class.Cluster)
		c, err := a.connect(ctx, j)
		if err != nil {
			return d.Findings, ctx.Err() // the diagnosis says why
		}
		defer c.Close()
		cl = c
	}
	found := d.Findings
	snap, err := cl.Snapshot(ctx, func() int64 { return 0 })
	if err != nil {
		return found, ctx.Err()
	}
	found = append(found, nodesReached(ctx, snap)...)
	found = append(found, cuts(j, snap)...)
	found = append(found, faultsPossible(ctx, j, cl, snap)...)
	for _, n := range trouble.Nodes(snap) {
		found = append(found, swarm.Finding{
			Level: "error", Msg: i18n.M("cli.doctor_trouble", "node", n.Hostname, "error", n.Error),
			Hint: i18n.M("cli.doctor_trouble_hint", "node", n.Hostname),
		})
	}
	if f, ok := ingressRoom(snap, len(j.students)); ok {
		found = append(found, f)
	}
	return found, ctx.Err()
}

// faultsPossible tries, changing nothing, what the class's faults need on every
// node that may be made to fail.
func faultsPossible(ctx context.Context, j *job, cl cluster, snap *evidence.Snapshot) []swarm.Finding {
	if !needsFault(j) {
		return nil
	}
	nodes, err := tryNodes(ctx, j, cl, snap, faultRules(j, cl, snap))
	if err != nil {
		nodes = append(nodes, tried{err: err})
	}
	var out []swarm.Finding
	for _, t := range nodes {
		if t.err == nil {
			out = append(out, swarm.Finding{Level: "ok", Msg: i18n.M("cli.doctor_fault", "node", t.fault.Hostname,
				"kind", i18n.M("observe.kind_"+underscored(t.fault.Kind)))})
			continue
		}
		for _, p := range diag.Failures(t.err) {
			out = append(out, swarm.Finding{Level: "error", Msg: p.Msg, Hint: p.Hint})
		}
	}
	return out
}

// needsFault reports whether a check of the class's tasks asks for a fault.
func needsFault(j *job) bool {
	for _, task := range j.rub.Tasks {
		for _, c := range task.Checks {
			kind, ok := check.Find(c.Kind)
			if ok && j.concerns(task.ID) && slices.ContainsFunc(kind.Needs(c.Params), func(n check.Need) bool { return n.What == "window" }) {
				return true
			}
		}
	}
	return false
}

// nodesReached tries the address of every node, as load will.
func nodesReached(ctx context.Context, snap *evidence.Snapshot) []swarm.Finding {
	var out []swarm.Finding
	nodes := slices.SortedFunc(slices.Values(snap.Nodes), func(a, b evidence.Node) int { return cmp.Compare(a.Hostname, b.Hostname) })
	for _, n := range nodes {
		if n.State != "ready" {
			continue
		}
		if err := (loadgen.Loader{}).Reach(ctx, n.Address); err != nil {
			out = append(out, swarm.Finding{
				Level: "error",
				Msg:   i18n.M("cli.doctor_node_unreached", "node", n.Hostname, "address", n.Address),
				Hint:  i18n.M("cli.doctor_node_unreached_hint", "node", n.Hostname),
			})
			continue
		}
		out = append(out, swarm.Finding{Level: "ok", Msg: i18n.M("cli.doctor_node", "node", n.Hostname, "address", n.Address)})
	}
	return out
}

// ingressEach is what a student's service takes of the ingress network: an
// address for each of three replicas, and its virtual one.
const ingressEach = 4

// ingressRoom warns when the ingress network has too few addresses left for
// the class. A task that gets none stays in state new, and nothing says so:
// a /24 holds some 62 students.
func ingressRoom(snap *evidence.Snapshot, students int) (swarm.Finding, bool) {
	i := slices.IndexFunc(snap.Networks, func(n evidence.Network) bool { return n.Ingress })
	if i < 0 || len(snap.Networks[i].Subnets) == 0 {
		return swarm.Finding{}, false
	}
	net := snap.Networks[i]
	subnet, err := netip.ParsePrefix(net.Subnets[0])
	if err != nil || !subnet.Addr().Is4() || subnet.Bits() > 30 {
		return swarm.Finding{}, false
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
	f := swarm.Finding{Level: "ok", Msg: i18n.M("cli.doctor_ingress", pairs...)}
	switch {
	case waiting > 0 && room-used < ingressEach:
		f = swarm.Finding{Level: "error", Msg: i18n.M("cli.doctor_ingress_full", pairs...), Hint: i18n.M("cli.doctor_ingress_hint")}
	case students*ingressEach > room, room-used < room/10:
		f = swarm.Finding{Level: "warn", Msg: i18n.M("cli.doctor_ingress_tight", pairs...), Hint: i18n.M("cli.doctor_ingress_hint")}
	}
	return f, true
}

func (a *app) sayFindings(found []swarm.Finding) error {
	lang := a.lang()
	if a.json {
		type row struct {
			Level   string `json:"level"`
			Message string `json:"message"`
			Hint    string `json:"hint,omitempty"`
		}
		rows := make([]row, 0, len(found))
		for _, f := range found {
			rows = append(rows, row{f.Level, lang.Text(f.Msg), lang.Text(f.Hint)})
		}
		return a.printJSON(rows)
	}
	marks := map[string]string{"ok": "✓", "warn": "!", "error": "✗"}
	for _, f := range found {
		fmt.Fprintf(a.Stdout, "%s %s\n", marks[f.Level], diag.Plain(lang.Text(f.Msg)))
		if !f.Hint.Empty() {
			fmt.Fprintf(a.Stdout, "    → %s\n", diag.Plain(lang.Text(f.Hint)))
		}
	}
	return nil
}
