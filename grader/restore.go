package grader

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// Mark is what a grader that is gone had left on a swarm.
type Mark struct {
	Found, Cleared bool
	action.Mark
}

// Restore undoes what the journals at hand tell of. For a class that is named it also
// takes a mark off the swarm that nobody alive holds, or with force anybody. What was
// done is given also when something failed.
func (g *Grader) Restore(ctx context.Context, class string, force bool) (done []action.Healed, mark Mark, err error) {
	paths, of, err := g.journals(ctx, class)
	if err != nil {
		return nil, mark, err
	}
	var failed []error
	for _, path := range paths {
		healed, err := action.Heal(ctx, path, action.HealOptions{Dial: g.dialFault, Note: g.said})
		done = append(done, healed...)
		failed = append(failed, err)
	}
	if of != nil && of.Cluster.Sim == "" && errors.Join(failed...) == nil {
		mark, err = g.clearMark(ctx, of, force)
		failed = append(failed, err)
	}
	return done, mark, errors.Join(failed...)
}

// journals are those of the class that is named, or of all classes.
func (g *Grader) journals(ctx context.Context, name string) ([]string, *roster.Class, error) {
	if name != "" {
		class, err := roster.LoadClass(ctx, g.classOptions(name))
		if err != nil {
			return nil, nil, err
		}
		dir := filepath.Join(g.home(class), "gradebook")
		return []string{action.JournalPath(dir, class.Name), action.JournalPath(dir, class.Name+asideWorkers)}, class, nil
	}
	var all []string
	for _, home := range []string{g.Dir, g.Home, "."} {
		if home == "" {
			continue
		}
		found, err := action.Journals(filepath.Join(home, "gradebook"))
		if err != nil {
			return nil, nil, err
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil, nil
}

// clearMark takes the class's swarm's mark off if its grader is gone.
func (g *Grader) clearMark(ctx context.Context, class *roster.Class, force bool) (Mark, error) {
	c, closing, err := g.dialFault(ctx, class.Cluster)
	if err != nil {
		return Mark{}, err
	}
	defer func() { _ = closing() }()
	host, err := os.Hostname()
	if err != nil {
		return Mark{}, err
	}
	m, found, held, err := action.ClearMark(ctx, c, host, force)
	mark := Mark{Found: found, Mark: m}
	if err != nil || !found {
		return mark, err
	}
	if held {
		pairs := mark.Pairs()
		return mark, &diag.Failure{Code: "locked", Msg: i18n.M("fault.mark_held", pairs...), Hint: i18n.M("fault.mark_held_hint", pairs...)}
	}
	mark.Cleared = true
	return mark, nil
}

// Pairs are what sentences say of a mark.
func (m Mark) Pairs() []any {
	return []any{"host", m.Host, "pid", m.PID, "class", m.Class, "node", m.Node, "time", m.Time.Format(time.RFC3339)}
}
