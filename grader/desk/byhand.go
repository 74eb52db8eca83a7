package desk

import (
	"context"

	"swarmgrade/grader"
	"swarmgrade/grader/result"
)

// ByHand sets a student's score by hand, one instructor at a time; task "" is the whole lab.
func (d *Desk) ByHand(ctx context.Context, student, task string, h grader.ByHand) (done *grader.Done, err error) {
	if task == "" {
		task = "all"
	}
	d.hand.Lock()
	defer d.hand.Unlock()
	err = d.app.with(ctx, []string{student}, task, func(j *grader.Job) (err error) {
		done, err = j.ByHand(ctx, h)
		return err
	})
	if err == nil {
		d.cache.forget("")
		d.hub.tell(ScoreChanged{student}, OfStudent(student), Class)
	}
	return done, err
}

// Ask records a student's request to look again, which has one word. It gives its ID.
func (d *Desk) Ask(ctx context.Context, r result.Request) (id int64, err error) {
	err = d.app.read(ctx, func(j *grader.Job) (err error) {
		id, err = j.Ask(ctx, r)
		return err
	})
	d.requestMoved(r.Student, id, err)
	return id, err
}

// Say adds a student's own word to their request, or takes it back.
func (d *Desk) Say(ctx context.Context, student string, id int64, w result.Word) error {
	err := d.app.read(ctx, func(j *grader.Job) error { return j.Say(ctx, student, id, w) })
	d.requestMoved(student, id, err)
	return err
}

// Answer adds an instructor's word to a request.
func (d *Desk) Answer(ctx context.Context, id int64, w result.Word) error {
	err := d.app.read(ctx, func(j *grader.Job) error { return j.Answer(ctx, id, w) })
	if err != nil {
		return err
	}
	d.cache.forget("")
	all, err := d.Requests(ctx)
	for _, r := range all {
		if r.ID == id {
			d.requestMoved(r.Student, id, nil)
		}
	}
	return err
}

// Requests are all requests to look again, the oldest first. They are shared.
func (d *Desk) Requests(ctx context.Context) ([]result.Request, error) {
	return get(ctx, d.cache, requestsKey, true, func(ctx context.Context) (all []result.Request, err error) {
		err = d.app.read(ctx, func(j *grader.Job) error {
			all, err = j.Requests(ctx)
			return err
		})
		return all, err
	})
}

func (d *Desk) requestMoved(student string, id int64, err error) {
	if err == nil {
		d.cache.forget("")
		d.hub.tell(RequestChanged{student, id}, OfStudent(student), Class)
	}
}

// NewLinks makes links to the page, which end the former ones at once.
func (d *Desk) NewLinks(ctx context.Context, o grader.LinkOptions) (made []grader.NewLink, err error) {
	err = d.app.read(ctx, func(j *grader.Job) error {
		made, err = j.NewLinks(ctx, o)
		return err
	})
	d.linksMoved(err)
	return made, err
}

// RevokeLinks ends links at once, and tells how many.
func (d *Desk) RevokeLinks(ctx context.Context, o grader.LinkOptions) (n int, err error) {
	err = d.app.read(ctx, func(j *grader.Job) error {
		n, err = j.RevokeLinks(ctx, o)
		return err
	})
	d.linksMoved(err)
	return n, err
}

func (d *Desk) linksMoved(err error) {
	if err == nil {
		d.cache.forget("")
		d.hub.tell(LinksChanged{}, Class)
	}
}

// Links are those that are known, the oldest first. They are shared.
func (d *Desk) Links(ctx context.Context) ([]grader.LinkInfo, error) {
	return get(ctx, d.cache, linksKey, false, func(ctx context.Context) (all []grader.LinkInfo, err error) {
		err = d.app.read(ctx, func(j *grader.Job) error {
			all, err = j.Links(ctx)
			return err
		})
		return all, err
	})
}

// WhoHas tells whose page a token opens; [grader.ErrNoLink] if nobody's. It is asked of the
// gradebook each time.
func (d *Desk) WhoHas(ctx context.Context, token string) (who grader.Who, err error) {
	err = d.app.read(ctx, func(j *grader.Job) (err error) {
		who, err = j.WhoHas(ctx, token)
		return err
	})
	return who, err
}

// scoresMoved tells everybody that what counts may be another: of a run, everybody's is.
func (d *Desk) scoresMoved() {
	d.hub.tell(ScoreChanged{}, Class)
	d.hub.tellStudents(func(id string) What { return ScoreChanged{id} })
}
