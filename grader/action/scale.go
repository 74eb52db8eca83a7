package action

import (
	"context"
	"strconv"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// maxReplicas is how far a student's service may be scaled: a class does so side by
// side.
const maxReplicas = 20

// scaleParams say to what the service is scaled.
type scaleParams struct {
	// Replicas is the number that it has while the action is in force.
	Replicas int `yaml:"replicas"`
}

func (p *scaleParams) Validate([]string) []rubric.ParamError {
	if p.Replicas < 1 || p.Replicas > maxReplicas {
		return []rubric.ParamError{{Param: "replicas", Msg: i18n.M("yaml.range", "got", p.Replicas, "low", 1, "high", maxReplicas)}}
	}
	return nil
}

// scaleService is what [aimScale] says.
func scaleService() Kind {
	return Kind{
		Name: Scale, Scope: Student,
		New:       func(_ roster.Fault, c Cluster) (Injector, error) { return scale{c}, nil },
		NewParams: func() any { return &scaleParams{} },
		Aim:       aimScale,
		Back: func(ctx context.Context, c Cluster, a evidence.Action) error {
			n, found, err := c.Replicas(ctx, a.Service)
			if now := strconv.FormatUint(n, 10); err == nil && found && now != a.Was && now == a.To {
				err = scaleChanged(a, n)
			}
			return err
		},
		Holds: func(ctx context.Context, c Cluster, a evidence.Action) (bool, error) {
			n, found, err := c.Replicas(ctx, a.Service)
			return found && strconv.FormatUint(n, 10) == a.To, err
		},
	}
}

// aimScale gives a replicated service another number of replicas, and afterwards the
// one that it had, unless somebody has changed that meanwhile. Nothing else of the
// service is touched. A global service has no such number: checks after the action
// stay ungraded for it.
func aimScale(params any, _ *evidence.Snapshot, svc *evidence.Service, student string) (a evidence.Action, code string) {
	switch {
	case svc == nil:
		return a, "no-service"
	case svc.Mode != "replicated":
		return a, "global"
	}
	return evidence.Action{
		Kind: Scale, Student: student, Service: svc.ID, Name: svc.Name,
		Was: strconv.Itoa(svc.Replicas), To: strconv.Itoa(params.(*scaleParams).Replicas),
	}, ""
}

type scale struct{ cluster Cluster }

// Inject scales the service, if it still has as many replicas as when the action was
// chosen.
func (s scale) Inject(ctx context.Context, a evidence.Action) error {
	return s.change(ctx, a, a.Was, a.To)
}

// Restore gives the service back what it had. One that is gone wants nothing.
func (s scale) Restore(ctx context.Context, a evidence.Action) error {
	switch n, found, err := s.cluster.Replicas(ctx, a.Service); {
	case err != nil:
		return err
	case !found:
		return &diag.Failure{Code: "changed", Msg: i18n.M("action.scale_gone", "student", a.Student, "service", a.Name)}
	case strconv.FormatUint(n, 10) == a.Was:
		return nil
	}
	return s.change(ctx, a, a.To, a.Was)
}

func (s scale) change(ctx context.Context, a evidence.Action, from, to string) error {
	old, err1 := strconv.ParseUint(from, 10, 32)
	n, err2 := strconv.ParseUint(to, 10, 32)
	if err1 != nil || err2 != nil {
		return &diag.Failure{Code: "config", Msg: i18n.M("action.odd_replicas", "service", a.Name, "was", from, "to", to), Hint: i18n.M("action.odd_replicas_hint")}
	}
	done, err := s.cluster.Scale(ctx, a.Service, old, n)
	if err != nil || done {
		return err
	}
	now, _, err := s.cluster.Replicas(ctx, a.Service)
	if err != nil {
		return err
	}
	return scaleChanged(a, now)
}

// scaleChanged says that a service is no longer as it was.
func scaleChanged(a evidence.Action, now uint64) error {
	return &diag.Failure{
		Code: "changed",
		Msg:  i18n.M("action.scale_changed", "student", a.Student, "service", a.Name, "was", a.Was, "to", a.To, "now", int(now)),
		Hint: i18n.M("action.scale_changed_hint", "service", a.Name),
	}
}

// Commands are what a person would type.
func (scale) Commands(a evidence.Action) []string {
	return []string{"docker service scale " + quote(a.Name) + "=" + quote(a.Was)}
}
