package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// handForm is what an instructor fills in to change a score, with what was refused of it.
type handForm struct {
	To       string
	What, Do string
	Points   string
	Reason   string
	Remark   string // as it stands, or as it was typed

	Saved, Above, Refused                             string
	NoWhat, NoDo, NoPoints, NoReason, NoRemark, Other string        // sentences beside the fields
	RemarkOnly                                        bool          // Remark is what was typed, in the form of its own
	Seen                                              int           // changes of the student's that are known here
	Newer                                             []historyLine // those that were not when the form was made

	Whats []handGroup
	Dos   []handChoice
}

// handGroup is a task with its checks, as what can be changed.
type handGroup struct {
	Title string
	All   []handChoice
}

type handChoice struct {
	Value, Text string
	Here        bool
}

// handDo is something that can be done, as a form says it and as the gradebook does.
type handDo struct {
	word string
	kind result.Kind
}

var handDos = []handDo{
	{"points", result.SetPoints}, {"excused", result.Excused}, {"on_time", result.OnTime},
	{"remove", result.Remove}, {"not_on_time", result.NotOnTime},
}

// handForm fills a form in with what can be chosen.
func (q *Request) handForm(s *result.Student, pager *report.Pager, f handForm) handForm {
	if !f.RemarkOnly {
		f.Remark = s.Remark
	}
	if len(f.Newer) == 0 {
		f.Seen = len(s.History)
	}
	if f.Do == "" {
		f.Do = "points"
	}
	whole := handGroup{All: []handChoice{{"all", q.Lang.T("web.student_whole"), f.What == "all" || f.What == ""}}}
	f.Whats = append(f.Whats, whole)
	for _, t := range pager.Tasks() {
		g := handGroup{Title: pager.Task(t.ID), All: []handChoice{{"task:" + t.ID, pager.Task(t.ID), f.What == "task:"+t.ID}}}
		for _, c := range t.Checks {
			g.All = append(g.All, handChoice{"check:" + c.ID, pager.Check(c.ID), f.What == "check:"+c.ID})
		}
		f.Whats = append(f.Whats, g)
	}
	for _, d := range handDos {
		f.Dos = append(f.Dos, handChoice{d.word, q.Lang.T("web.hand_do_" + d.word), d.word == f.Do})
	}
	return f
}

// field is what was typed into a field, on one line.
func (q *Request) field(name string) string { return strings.TrimSpace(q.PostForm.Get(name)) }

// studentHand records what an instructor does to a score, or shows the form again with why not.
func studentHand(w http.ResponseWriter, q *Request) error {
	at, class, _, err := q.ofClass()
	if err != nil {
		return err
	}
	h := grader.ByHand{Who: q.by(), When: time.Now(), Seen: q.seen()}
	var f handForm
	task, ok := "", false
	if q.PostForm.Get("remark_only") != "" {
		f, ok = q.remarked(&h)
	} else {
		f, task, ok = q.handed(class.Rubric, &h)
	}
	if !ok {
		return q.refuseHand(w, f)
	}
	done, err := q.Desk().ByHand(q.Context(), at.id, task, h)
	if newer := (*grader.Newer)(nil); errors.As(err, &newer) {
		if sentTwice(newer.Changes, task, &h) {
			return SeeOther(w, studentPath(at.id)+"?saved=yes#hand")
		}
		f.Newer, f.Seen, f.Refused = q.changeLines(newer.Changes), newer.Seen, q.Lang.T("web.hand_newer_refused")
		return q.showStudent(w, http.StatusConflict, f)
	}
	if err != nil {
		if !q.refusedHand(err, &f) {
			return err
		}
		return q.refuseHand(w, f)
	}
	saved := "yes"
	if above := done.Above; above != nil {
		saved = "total"
		if above.Task != "" || above.Check != "" {
			saved = "task"
		}
	}
	return SeeOther(w, studentPath(at.id)+"?saved="+saved+"#hand")
}

// seen is how many changes of the student's were known when the form was made; a form that does not say so has seen none.
func (q *Request) seen() *int {
	n, err := strconv.Atoi(q.PostForm.Get("seen"))
	if err != nil {
		n = 0
	}
	return &n
}

// sentTwice reports whether what was recorded since a form was made is what the form asks for, by who sent it: a button was
// pressed twice.
func sentTwice(since []result.Change, task string, h *grader.ByHand) bool {
	return !slices.ContainsFunc(since, func(c result.Change) bool {
		same := c.Kind == h.Kind && c.Check == h.Check && (c.Check != "" || c.Task == task) && c.Points == h.Points
		if h.Remark != nil {
			same = c.Kind == result.Remark && c.Text == *h.Remark
		}
		return !same || c.Who != h.Who || c.Reason != h.Reason
	})
}

func (q *Request) refuseHand(w http.ResponseWriter, f handForm) error {
	f.Refused = q.Lang.T("web.hand_refused")
	return q.showStudent(w, http.StatusUnprocessableEntity, f)
}

// remarked reads the form of a remark.
func (q *Request) remarked(h *grader.ByHand) (f handForm, ok bool) {
	f.Remark, f.RemarkOnly = q.field("remark"), true
	h.Remark = &f.Remark
	if utf8.RuneCountInString(f.Remark) > result.MaxText {
		f.NoRemark = q.Lang.T("web.hand_too_long", "most", result.MaxText)
	}
	return f, f.NoRemark == ""
}

// handed reads the form of a change; what is wrong with it is said beside the fields.
func (q *Request) handed(rub *rubric.Rubric, h *grader.ByHand) (f handForm, task string, ok bool) {
	f = handForm{What: q.field("what"), Do: q.field("do"), Points: q.field("points"), Reason: q.field("reason")}
	h.Reason = f.Reason
	at := slices.IndexFunc(handDos, func(d handDo) bool { return d.word == f.Do })
	if at < 0 {
		f.Do, f.NoDo = "", q.Lang.T("web.hand_no_do")
	} else {
		h.Kind = handDos[at].kind
	}
	switch kind, id, _ := strings.Cut(f.What, ":"); kind {
	case "all":
	case "task":
		if _, known := rub.Task(id); !known {
			f.NoWhat = q.Lang.T("web.hand_no_what")
		}
		task = id
	case "check":
		if _, known := rub.Check(id); !known {
			f.NoWhat = q.Lang.T("web.hand_no_what")
		}
		h.Check = id
		if h.Kind == result.OnTime || h.Kind == result.NotOnTime {
			f.NoWhat = q.Lang.T("web.hand_time_check")
		}
	default:
		f.NoWhat = q.Lang.T("web.hand_no_what")
	}
	if h.Kind == result.SetPoints {
		points, err := rubric.TypedPoints(f.Points)
		if err != nil || len(f.Points) > 60 {
			f.Points = page.Clip(f.Points, 20)
			f.NoPoints = q.Lang.T("web.hand_no_points", "points", f.Points)
			if f.Points == "" {
				f.NoPoints = q.Lang.T("web.hand_points_missing")
			}
		}
		h.Points = points
	}
	switch {
	case f.Reason == "":
		f.NoReason = q.Lang.T("web.hand_no_reason")
	case utf8.RuneCountInString(f.Reason) > result.MaxText:
		f.NoReason = q.Lang.T("web.hand_too_long", "most", result.MaxText)
	}
	return f, task, f.NoWhat == "" && f.NoDo == "" && f.NoPoints == "" && f.NoReason == ""
}

// refusedHand puts why a change was refused beside the field that it is about. What is no refusal of a
// change is another's trouble.
func (q *Request) refusedHand(err error, f *handForm) bool {
	var failure *diag.Failure
	if !errors.As(err, &failure) {
		return false
	}
	text := q.Lang.Text(failure.Msg)
	switch failure.Msg.Key {
	case "hand.points", "gradebook.bad_override":
		f.NoPoints = text
	case "gradebook.no_reason":
		f.NoReason = text
	case "hand.time_check", "hand.no_check", "hand.is_task", "hand.other_task", "hand.tasks":
		f.NoWhat = text
	case "hand.nothing":
		f.NoDo = text
	default:
		f.Other = text
		if !strings.HasPrefix(failure.Msg.Key, "hand.") { // whose hints are for the command line
			f.Other = q.joined(text, q.Lang.Text(failure.Hint))
		}
	}
	return true
}
