package desk

import (
	"errors"
	"math"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Why something of the desk's ends early.
var (
	errDown      = &diag.Failure{Code: "down", Msg: i18n.M("desk.down"), Hint: i18n.M("desk.down_hint")}
	errStopped   = errors.New("stopped by hand")
	errCancelled = errors.New("cancelled by the student")
	errYielded   = errors.New("the class's run begins")
	errLong      = errors.New("it took too long")
	errElsewhere = errors.New("another program grades the class")
)

func refusal(code, key string, pairs ...any) *diag.Failure {
	return &diag.Failure{Code: code, Msg: i18n.M("desk."+key, pairs...), Hint: i18n.M("desk." + key + "_hint")}
}

func tooSoon(student string, wait time.Duration) error {
	return refusal("soon", "soon", "student", student, "seconds", int(math.Ceil(wait.Seconds())))
}

func (r *run) inTheWay() error {
	f := refusal("running", "running", "time", r.state.Began.Format(time.TimeOnly))
	if r.o.Who != "" {
		f.Msg = i18n.M("desk.running_by", "who", r.o.Who, "time", r.state.Began.Format(time.TimeOnly))
	}
	return f
}

// Words are what there is to say of an error: never nothing, unless it is nil. What could not be
// undone is among them.
func Words(err error) []*diag.Failure { return words(err) }

func words(err error) (all []*diag.Failure) {
	if err == nil {
		return nil
	}
	for _, s := range action.AllStuck(err) {
		all = append(all, &diag.Failure{Code: "stuck", Msg: s.Msg(), Hint: s.Hint(), Cause: s.Cause})
	}
	var none *grader.NoFault
	var problems diag.Problems
	switch {
	case errors.As(err, &none):
		all = append(all, &diag.Failure{Code: diag.Open, Msg: i18n.M("observe.untried", "n", none.Students), Hint: i18n.M("observe.untried_hint")})
		all = append(all, none.Problems...)
	case errors.As(err, &problems):
		for _, p := range problems {
			all = append(all, &diag.Failure{Code: diag.Usage, Msg: p.Msg, Hint: p.Hint})
		}
	default:
		all = append(all, diag.Failures(err)...)
	}
	if len(all) == 0 {
		f := refusal(diag.Open, "failed")
		f.Cause = err
		all = []*diag.Failure{f}
	}
	return all
}
