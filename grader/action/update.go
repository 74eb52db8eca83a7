package action

import (
	"context"
	"strconv"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// updateService is what [aimUpdate] says.
func updateService() Kind {
	return Kind{
		Name: Update, Scope: Student,
		New:       func(_ roster.Fault, c Cluster) (Injector, error) { return update{c}, nil },
		NewParams: func() any { return &noParams{} },
		Aim:       aimUpdate,
		Back:      func(context.Context, Cluster, evidence.Action) error { return nil },
	}
}

// aimUpdate has the swarm replace all of a service's containers as the service's own
// update policy says, with nothing changed: what docker service update --force does.
// An update that did not come to its end by the time it was watched for is taken
// back; one that did stays, since taking it back would replace all of them once more.
func aimUpdate(_ any, snap *evidence.Snapshot, svc *evidence.Service, student string) (a evidence.Action, code string) {
	if svc == nil {
		return a, "no-service"
	}
	return evidence.Action{
		Kind: Update, Student: student, Service: svc.ID, Name: svc.Name,
		Was: strconv.FormatUint(svc.Forced, 10), To: strconv.FormatUint(svc.Forced+1, 10),
		Ran: ran(snap.Tasks, svc.ID),
	}, ""
}

type update struct{ cluster Cluster }

func (u update) numbers(a evidence.Action) (was, to uint64, err error) {
	was, err1 := strconv.ParseUint(a.Was, 10, 64)
	to, err2 := strconv.ParseUint(a.To, 10, 64)
	if err1 != nil || err2 != nil {
		err = &diag.Failure{Code: "config", Msg: i18n.M("action.odd_update", "service", a.Name, "was", a.Was, "to", a.To), Hint: i18n.M("action.odd_update_hint", "service", a.Name)}
	}
	return was, to, err
}

// Inject begins the update, if the service was not updated since it was chosen.
func (u update) Inject(ctx context.Context, a evidence.Action) error {
	was, to, err := u.numbers(a)
	if err != nil {
		return err
	}
	done, err := u.cluster.Force(ctx, a.Service, was, to)
	if err == nil && !done {
		err = &diag.Failure{
			Code: "changed",
			Msg:  i18n.M("action.update_changed", "student", a.Student, "service", a.Name), Hint: i18n.M("action.update_changed_hint", "service", a.Name),
		}
	}
	return err
}

// watchLimit is what is waited for an update that has replaced all tasks and only watches
// them: as long as it does, one that fails would have the swarm take the service back to
// whatever it was before.
const watchLimit = 90 * time.Second

// Restore takes an update back that is not over. One that has replaced every task and
// only watches them is waited for and stays.
func (u update) Restore(ctx context.Context, a evidence.Action) error {
	was, to, err := u.numbers(a)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, watchLimit)
	defer cancel()
	for {
		n, state, found, err := u.cluster.Forced(ctx, a.Service)
		if err != nil || !found || n != to || state == "" || state == "completed" {
			return err
		}
		if state != "updating" || !u.replaced(ctx, a, to) {
			break
		}
		if Pause(limited, retryEvery) != nil {
			return ctx.Err()
		}
	}
	if done, err := u.cluster.Force(ctx, a.Service, to, was); err != nil || !done {
		return err
	}
	return u.refill(ctx, a)
}

// refillLimit is what is waited for the swarm to make the tasks that an update which was
// taken back has stopped, and to be done with taking it back.
const refillLimit = 30 * time.Second

// refill brings back what the swarm does not, and no more than ran before: seen of 20.10, an update of a service whose
// tasks are not to be restarted stopped one, made none in its place, and went on for ever.
func (u update) refill(ctx context.Context, a evidence.Action) error {
	replicas, replicated, err := u.cluster.Replicas(ctx, a.Service)
	if err != nil || !replicated || replicas == 0 {
		return err
	}
	kept := containerKill{taskKill(u)}
	a.Was = strconv.FormatUint(replicas, 10)
	want, whole := had(a, replicas), false
	err = kept.until(ctx, refillLimit, func() bool {
		_, missing, err := kept.lost(ctx, a, want)
		if whole = err == nil && !missing; !whole {
			return false
		}
		_, state, _, err := u.cluster.Forced(ctx, a.Service)
		return err == nil && state != "updating"
	})
	if err != nil || whole {
		return err
	}
	return kept.Restore(ctx, a)
}

// replaced reports whether each task that is to run does, and was made by the update.
func (u update) replaced(ctx context.Context, a evidence.Action, to uint64) bool {
	_, tasks, err := u.cluster.Poll(ctx, noClock)
	n := 0
	for _, t := range tasks {
		if t.ServiceID != a.Service || t.Desired != "running" && t.Desired != "ready" {
			continue
		}
		if n++; t.State != "running" || t.Forced != to {
			return false
		}
	}
	return err == nil && n > 0
}

// Commands are what a person would type.
func (update) Commands(a evidence.Action) []string {
	return []string{"docker service rollback " + quote(a.Name)}
}
