package desk

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Trouble is what an instructor has to know of, whichever operation met with it, and what to do.
type Trouble struct {
	At time.Time
	*diag.Failure
	damage bool // of the gradebook
	class  bool // that the class cannot be read anew
	kept   bool // that self-checks cannot be kept in the gradebook
}

// mostTroubles is how many are kept, the newest.
const mostTroubles = 10

// Troubles are those since the start that an instructor has to know of, the newest last: what of the
// gradebook is not as it was written, for as long as it is so, and alarms. What could not be undone on
// the cluster is in [Desk.Run].
func (d *Desk) Troubles() []Trouble {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.troubles)
}

// alarmed keeps an alarm. It is called with the desk's lock.
func (d *Desk) alarmed(f *diag.Failure) { d.troubled(Trouble{Failure: f}) }

// damaged keeps what was found of the gradebook, or by nil that nothing is the matter any more.
func (d *Desk) damaged(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		for _, f := range words(err) {
			d.troubled(Trouble{Failure: f, damage: true})
		}
		return
	}
	n := len(d.troubles)
	d.troubles = slices.DeleteFunc(d.troubles, func(t Trouble) bool { return t.damage })
	if len(d.troubles) < n {
		d.hub.tell(TroubleMoved{}, Class)
	}
}

// unkept keeps why self-checks cannot be kept in the gradebook, as on a full disk, or by nil that one was.
func (d *Desk) unkept(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		for _, f := range words(err) {
			d.troubled(Trouble{Failure: f, kept: true})
		}
		return
	}
	if kept := func(t Trouble) bool { return t.kept }; slices.ContainsFunc(d.troubles, kept) {
		d.troubles = slices.DeleteFunc(slices.Clone(d.troubles), kept)
		d.hub.tell(TroubleMoved{}, Class)
	}
}

// unread keeps why the class cannot be read anew, or by nil that it can.
func (d *Desk) unread(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Trouble
	for _, f := range unread(err) {
		all = append(all, Trouble{Failure: f, class: true})
	}
	gone := func(o Trouble) bool {
		return o.class && !slices.ContainsFunc(all, func(t Trouble) bool { return reflect.DeepEqual(o.Msg, t.Msg) })
	}
	if slices.ContainsFunc(d.troubles, gone) {
		d.troubles = slices.DeleteFunc(slices.Clone(d.troubles), gone)
		d.hub.tell(TroubleMoved{}, Class)
	}
	for _, t := range all {
		d.troubled(t)
	}
}

// unread are the words of why a class cannot be read, with where in its files.
func unread(err error) (all []*diag.Failure) {
	var problems diag.Problems
	errors.As(err, &problems)
	for i, f := range words(err) {
		why := *f
		why.Msg = i18n.M("desk.unread_why", "why", f.Msg)
		if i < len(problems) {
			why.Msg = i18n.M("desk.unread_at", "file", problems[i].Pos.File, "line", problems[i].Pos.Line, "why", f.Msg)
		}
		if all = append(all, &why); len(all) == mostUnread {
			break
		}
	}
	return all
}

// mostUnread is how much of what is wrong with a class's files is told.
const mostUnread = 3

func (d *Desk) troubled(t Trouble) {
	same := func(o Trouble) bool {
		return reflect.DeepEqual(o.Msg, t.Msg) && o.damage == t.damage && o.class == t.class && o.kept == t.kept
	}
	if slices.ContainsFunc(d.troubles, same) {
		return // each job finds it again
	}
	if t.damage { // it is one gradebook, of which more and more is known
		d.troubles = slices.DeleteFunc(d.troubles, func(o Trouble) bool { return o.damage })
	}
	t.At = time.Now()
	d.troubles = append(d.troubles, t)
	d.troubles = d.troubles[max(0, len(d.troubles)-mostTroubles):]
	d.hub.tell(TroubleMoved{}, Class)
}

// leftBroken keeps what a self-check could not undo. It is called with the desk's lock.
func (d *Desk) leftBroken(err error) {
	if stuck := action.AllStuck(err); len(stuck) > 0 {
		d.stuck = append(d.stuck, stuck...)
		d.hub.tell(TroubleMoved{}, Class)
	}
}

// mostNotes is how many notes of a run are kept, the newest.
const mostNotes = 30

// note tells something to know of the run, and keeps it for pages that are read later. It is called
// with the desk's lock.
func (d *Desk) note(r *run, n grader.Note) {
	x := Noted{At: time.Now(), Msg: n.Msg, Hint: n.Hint}
	r.state.Notes = append(slices.Clip(r.state.Notes), x) // what others were given stays as it is
	r.state.Notes = r.state.Notes[max(0, len(r.state.Notes)-mostNotes):]
	d.hub.tell(x, Class)
}
