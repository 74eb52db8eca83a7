package grader

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// triesAtOnce is how many engines are tried side by side.
const triesAtOnce = 4

// workersPossible looks, changing nothing, whether the class's workers could be brought where they are to run;
// nothing is said of a class that has none.
func (j *Job) workersPossible(ctx context.Context) []diag.Notice {
	w := j.Class.Settings.Workers
	if w == nil {
		return nil
	}
	of := w.Cluster(j.Class.Cluster)
	conn, err := j.g.Dial(ctx, of)
	switch {
	case err != nil && w.Context == "" && len(w.Endpoints) == 0:
		return nil // it is the class's own, of which that is said
	case err != nil:
		return append(j.g.diagnosed(ctx, of), refused(err)...)
	}
	defer conn.Close()
	program := conn.Helper
	if program == nil {
		own, closing, err := helper.Own()
		if err != nil {
			return []diag.Notice{{Level: diag.Bad, Msg: i18n.M("workers.not_static"), Hint: i18n.M("workers.not_static_hint")}}
		}
		defer func() { _ = closing() }()
		program = own
	}
	snap, err := conn.Snapshot(ctx, func() int64 { return 0 })
	if err != nil {
		return refused(err)
	}
	found, fit := nodesFit(ctx, conn, snap, program)
	found = append(found, enoughNodes(w, fit)...)
	if old := earlier(snap); len(old) > 0 {
		found = append(found, diag.Notice{
			Level: diag.Warn, Msg: i18n.M("workers.doctor_earlier", "n", len(old), "services", strings.Join(old, ", ")),
			Hint: i18n.M("workers.doctor_earlier_hint", "class", j.Class.Name),
		})
	}
	return found
}

// diagnosed is what can be seen of a swarm that is not opened, where anything is wrong.
func (g *Grader) diagnosed(ctx context.Context, of roster.Cluster) []diag.Notice {
	if g.Diagnose == nil {
		return nil
	}
	return slices.DeleteFunc(g.Diagnose(ctx, of), func(n diag.Notice) bool { return n.Level == diag.Good })
}

// refused is why no workers can be brought at all.
func refused(err error) []diag.Notice {
	n := diag.Notice{Level: diag.Bad, Msg: i18n.M("workers.doctor_no_swarm", "why", sentence(err)), Hint: i18n.M("workers.doctor_no_swarm_hint")}
	if all := diag.Failures(err); len(all) > 0 && !all[0].Hint.Empty() {
		n.Hint = all[0].Hint
	}
	return []diag.Notice{n}
}

// nodesFit looks at each node of a swarm; fit is how many can run workers.
func nodesFit(ctx context.Context, conn Conn, snap *evidence.Snapshot, p *helper.Program) (found []diag.Notice, fit int) {
	aim, left, _ := action.AimWorkers(snap, p, "doctor")
	called := map[string]string{}
	for _, n := range snap.Nodes {
		called[n.ID] = n.Hostname
	}
	byName := func(a, b string) int { return cmp.Compare(called[a], called[b]) }
	slices.SortFunc(aim.Nodes, byName)
	slices.SortFunc(left, byName)
	errs := make([]error, len(aim.Nodes))
	var g errgroup.Group
	g.SetLimit(triesAtOnce)
	for i, id := range aim.Nodes {
		g.Go(func() error { errs[i] = conn.CanLoad(ctx, id, p.Arch); return nil })
	}
	_ = g.Wait()
	for i, id := range aim.Nodes {
		n := diag.Notice{Level: diag.Good, Msg: i18n.M("workers.doctor_node", "node", called[id])}
		if err := errs[i]; err != nil {
			n = diag.Notice{Level: diag.Warn, Msg: i18n.M("workers.doctor_unfit", "node", called[id], "why", sentence(err)), Hint: i18n.M("workers.doctor_unfit_hint")}
			if f := (*diag.Failure)(nil); errors.As(err, &f) && !f.Hint.Empty() {
				n.Hint = f.Hint
			}
		} else {
			fit++
		}
		found = append(found, n)
	}
	for _, id := range left {
		found = append(found, diag.Notice{Level: diag.Warn, Msg: i18n.M("workers.doctor_left", "node", called[id]), Hint: i18n.M("workers.doctor_left_hint", "node", called[id])})
	}
	return found, fit
}

// enoughNodes compares how many workers are asked for with the nodes that can run them.
func enoughNodes(w *roster.Workers, fit int) []diag.Notice {
	pairs := []any{"n", w.Count, "nodes", fit}
	switch {
	case fit == 0:
		return []diag.Notice{{Level: diag.Bad, Msg: i18n.M("workers.no_node"), Hint: i18n.M("workers.no_node_hint")}}
	case w.Count > fit:
		return []diag.Notice{{Level: diag.Warn, Msg: i18n.M("workers.doctor_crowded", pairs...), Hint: i18n.M("workers.doctor_crowded_hint", pairs...)}}
	}
	return []diag.Notice{{Level: diag.Good, Msg: i18n.M("workers.doctor_enough", pairs...)}}
}

// earlier are the services of workers that are there already: of a run that goes on, or that is gone.
func earlier(snap *evidence.Snapshot) (names []string) {
	for _, s := range snap.Services {
		if s.Labels[helper.LabelToken] != "" && strings.HasPrefix(s.Name, action.WorkerService) {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}
