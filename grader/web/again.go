package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/result"
)

// againPage asks whether things are to be made fail for grading one student again.
type againPage struct {
	ID     int64
	Who    person
	Faults []string
	Agreed string
}

// gradeAgain begins a run of one student. What it would make fail is shown first, since that may be others' as well.
func (q *Request) gradeAgain(w http.ResponseWriter, r *result.Request) error {
	o := desk.RunOptions{
		Students: []string{r.Student}, NoFault: q.site.o.NoFault || q.PostForm.Get("no_fault") != "", Agreed: q.PostForm.Get("agreed"),
		Who: q.by(),
	}
	if r.Task != "" {
		o.Tasks = []string{r.Task}
	}
	if o.Agreed == "" && !o.NoFault {
		p, err := q.Desk().Plan(q.Context(), o)
		if err != nil {
			return err
		}
		if p.Fingerprint != "" {
			x := againPage{ID: r.ID, Who: personOf(r.Student, ""), Faults: q.faultLines(p.Plan), Agreed: p.Fingerprint}
			return q.Show(w, Page{Name: "again", Title: q.Lang.T("web.again_title"), Data: x})
		}
	}
	if err := q.follow(r.ID, func() error { return q.Desk().Start(q.Context(), o) }); err != nil {
		return err
	}
	return SeeOther(w, "/class/requests#r"+strconv.FormatInt(r.ID, 10))
}

// faultLines say what a run would do to the cluster.
func (q *Request) faultLines(plan *observe.Plan) (out []string) {
	if plan == nil {
		return nil
	}
	for i, f := range plan.Faults {
		limit := (time.Duration(f.LimitMS) * time.Millisecond).Round(100 * time.Millisecond)
		line := q.Lang.T("observe.step", "n", i+1, "kind", q.Lang.T("observe.kind_"+strings.ReplaceAll(f.Fault.Kind, "-", "_")), "node", f.Fault.Hostname, "students", len(f.Students), "limit", limit.String())
		if f.Fault.Leader {
			line += " " + q.Lang.T("observe.leader")
		}
		var names []string
		for _, c := range f.Stops {
			names = append(names, strings.Join(c.Names, "/"))
		}
		if len(names) > 0 {
			line += " " + q.Lang.T("observe.stops", "n", len(names), "names", names)
		}
		if f.Unseen {
			line += " " + q.Lang.T("observe.unseen", "node", f.Fault.Hostname)
		}
		out = append(out, line)
	}
	for _, e := range plan.Episodes {
		switch n := e.Touches(); {
		case n == 0:
		case e.Node != nil:
			out = append(out, q.Lang.T("observe.node_step", "action", e.Title, "node", e.Node.Hostname, "n", n))
		default:
			out = append(out, q.Lang.T("observe.act_step", "action", e.Title, "n", n))
		}
	}
	return out
}

// follow begins a run, and has the request say that the student was graded again once it is over. If it comes to
// nothing, or the server ends before, the request waits as it did.
func (q *Request) follow(id int64, start func() error) error {
	s := q.site
	if !s.opens() {
		return &trouble{status: http.StatusServiceUnavailable, key: "web.going", after: retry}
	}
	who := q.Who.Name
	events, cancel := s.desk.Subscribe(desk.Class, s.desk.Now())
	s.office.grade(id, true)
	leave := func() {
		s.office.grade(id, false)
		cancel()
		s.wg.Done()
	}
	if err := start(); err != nil {
		leave()
		return err
	}
	go func() {
		defer leave()
		if !runWentWell(s.gone, events) {
			return
		}
		s.office.grade(id, false) // before the word is told of
		ctx, cancel := context.WithTimeout(s.gone, s.limits.Handle)
		defer cancel()
		if err := s.desk.Answer(ctx, id, result.Word{Kind: result.RequestGraded, Who: who, When: time.Now()}); err != nil {
			s.log.Error("failed", "page", "graded again", "error", err.Error())
		}
	}()
	return nil
}

// runWentWell waits for the end of the run that begins next.
func runWentWell(ctx context.Context, events <-chan desk.Event) bool {
	began := false
	for {
		select {
		case <-ctx.Done():
			return false
		case e, more := <-events:
			if !more {
				return false
			}
			switch x := e.What.(type) {
			case desk.RunBegan:
				began = true
			case desk.RunOver:
				return began && len(x.Failed) == 0 && !x.Stopped
			}
		}
	}
}

func (o *office) grade(id int64, on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.grading == nil {
		o.grading = map[int64]bool{}
	}
	if on {
		o.grading[id] = true
	} else {
		delete(o.grading, id)
	}
}

func (o *office) isGrading(id int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.grading[id]
}
