package desk

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a class whose checks take some time and pass or fail as they are told.
type fake struct {
	took     time.Duration // of a check
	students []roster.Student
	checking func(ctx context.Context, student string) error // in place of waiting
	grading  func(ctx context.Context, agree func(*observe.Plan) error, undo <-chan struct{}, tell func(grader.Event)) error
	faults   func() []observe.Fault

	mu      sync.Mutex
	at      int // checks at once
	most    int
	kills   int
	order   []string
	saved   map[string]gradebook.Trial
	others  bool // another program grades
	told    int  // checks that other programs know of
	marked  string
	read    map[string]int
	reading time.Duration
	drawn   []string // whose fault windows
	unread  error    // why there are none
	undone  int      // actions of left
	stuck   error
	leaves  []*action.Stuck
	damaged func(error)
	alarmed func(*diag.Failure)
}

func newFake(students ...string) *fake {
	f := &fake{took: 10 * time.Second, saved: map[string]gradebook.Trial{}, marked: "1", read: map[string]int{}}
	for _, id := range students {
		f.students = append(f.students, roster.Student{ID: id, Name: "学生" + id})
	}
	return f
}

var theRubric = &rubric.Rubric{ID: "lab", Tasks: []rubric.Task{
	{ID: "1", Checks: []*rubric.Check{{ID: "a", Task: "1"}, {ID: "b", Task: "1"}, {ID: "c", Task: "1"}}},
}}

func (f *fake) with(_ context.Context, _ []string, _ string, do func(*grader.Job) error) error {
	return do(&grader.Job{Class: &roster.Class{Name: "class"}, Rubric: theRubric, Students: f.students})
}

func (f *fake) reads(ctx context.Context, do func(*grader.Job) error) error {
	return f.with(ctx, nil, "", do)
}

func (f *fake) has(_ context.Context, student, task string) error {
	if !slices.ContainsFunc(f.students, func(s roster.Student) bool { return s.ID == student }) || task == "none" {
		return diag.Misuse(i18n.M("cli.no_student", "student", student, "class", "class"), i18n.Msg{})
	}
	return nil
}

func (f *fake) check(ctx context.Context, student string, o CheckOptions, tell func(grader.Event)) (grader.Checked, error) {
	f.mu.Lock()
	f.at++
	if o.Kill {
		f.kills++
	}
	f.most = max(f.most, f.at)
	f.order = append(f.order, student)
	if f.told < f.at {
		panic("a check that no other program knows of")
	}
	if f.kills > 1 {
		panic("two checks kill at once")
	}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.at--
		if o.Kill {
			f.kills--
		}
	}()
	got := grader.Checked{Tasks: []string{"1"}, Started: time.Now()}
	tell(grader.Planned{Plan: &observe.Plan{Students: []observe.Student{{Tasks: got.Tasks}}}})
	tell(grader.Began{Stage: grader.Loads, Students: 1, Requests: 100})
	for i, outcome := range []check.Outcome{check.Pass, check.Fail, check.Blocked} {
		select {
		case <-time.After(f.took / 3):
		case <-ctx.Done():
			return got, ctx.Err()
		}
		tell(grader.Step{Progress: observe.Progress{Student: student, Target: "t", Requests: 30}})
		v := judge.Verdict{Check: theRubric.Tasks[0].Checks[i].ID, Task: "1", Outcome: outcome}
		got.Verdicts = append(got.Verdicts, v)
		tell(grader.Known{Student: student, Verdict: v})
	}
	if f.checking != nil {
		if err := f.checking(ctx, student); err != nil {
			return got, err
		}
	}
	got.Finished = time.Now()
	return got, nil
}

func (f *fake) saveTrial(_ context.Context, student string, c grader.Checked) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.saved[student] = gradebook.Trial{Student: student, Verdicts: c.Verdicts, Finished: c.Finished}
	return nil
}

func (f *fake) lastTrials(context.Context) (map[string]gradebook.Trial, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]gradebook.Trial{}
	for id, t := range f.saved {
		out[id] = t
	}
	return out, nil
}

func (f *fake) thePlan() *observe.Plan {
	p := &observe.Plan{}
	if f.faults != nil {
		p.Faults = f.faults()
	}
	return p
}

func (f *fake) plan(context.Context, RunOptions) (*Plan, error) {
	p := f.thePlan()
	return &Plan{Preview: grader.Preview{Plan: p, Span: observe.Span{Most: time.Minute}}, Fingerprint: fingerprint(p)}, nil
}

func (f *fake) grade(ctx context.Context, o RunOptions, agree func(*observe.Plan) error, undo <-chan struct{}, tell func(grader.Event)) (grader.Graded, error) {
	f.mu.Lock()
	if f.at > 0 {
		panic("a run beside checks")
	}
	f.mu.Unlock()
	if f.grading == nil {
		f.grading = func(ctx context.Context, agree func(*observe.Plan) error, _ <-chan struct{}, tell func(grader.Event)) error {
			if err := agree(f.thePlan()); err != nil {
				return err
			}
			tell(grader.Recorded{Run: "run-1"})
			select {
			case <-time.After(time.Minute):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return grader.Graded{Run: "run-1"}, f.grading(ctx, agree, undo, tell)
}

func (f *fake) left(context.Context) ([]*action.Stuck, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leaves, nil
}

func (f *fake) heal(_ context.Context, tell func(grader.Event)) error {
	time.Sleep(10 * time.Second)
	f.mu.Lock()
	defer f.mu.Unlock()
	tell(grader.Note{Msg: i18n.M("observe.healed", "node", "manager-2")})
	if f.stuck == nil {
		f.undone, f.leaves = f.undone+len(f.leaves), nil
	}
	return f.stuck
}

func (f *fake) mark(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read["mark"]++
	return f.marked, nil
}

func (f *fake) scores(ctx context.Context) (*result.Data, error) {
	f.mu.Lock()
	f.read["scores"]++
	f.mu.Unlock()
	time.Sleep(f.reading)
	d := &result.Data{Class: "class", Rubric: theRubric, Run: result.Run{Started: time.Now().Add(-time.Hour)}}
	for _, s := range f.students {
		d.Students = append(d.Students, result.Student{ID: s.ID, Name: s.Name, Verdicts: []judge.Verdict{{Check: "c", Task: "1", Outcome: check.Fail}}})
	}
	return d, nil
}

func (f *fake) timelines(_ context.Context, next func() *result.Student, done func(*result.Timeline, error)) error {
	f.mu.Lock()
	f.read["timelines"]++
	f.mu.Unlock()
	if f.unread != nil {
		return f.unread
	}
	for s := next(); s != nil; s = next() {
		time.Sleep(time.Second)
		f.mu.Lock()
		f.drawn = append(f.drawn, s.ID)
		f.mu.Unlock()
		if s.ID == "lost" {
			done(nil, errors.New("it is not what was written"))
			continue
		}
		done(&result.Timeline{}, nil)
	}
	return nil
}

func (f *fake) listen(damaged func(error), alarmed func(*diag.Failure)) {
	f.damaged, f.alarmed = damaged, alarmed
}

func (f *fake) busy(context.Context) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.others
}

// otherGrades says whether another program grades.
func (f *fake) otherGrades(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.others = yes
}

// checking counts the checks that other programs are told of.
func (f *fake) checkingNow(context.Context) (done func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.told--
	}, nil
}

func (f *fake) runs(context.Context) ([]grader.RunInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	status := gradebook.Finished
	if f.others {
		status = gradebook.Running
	}
	return []grader.RunInfo{{Run: gradebook.Run{ID: "run-0", Status: status}}}, nil
}

// reading is what the interface calls read, which is a count here; checking is what a check does.
type fakeApp struct{ *fake }

func (f fakeApp) checking(ctx context.Context) (func(), error) { return f.checkingNow(ctx) }

func (f fakeApp) read(ctx context.Context, do func(*grader.Job) error) error { return f.reads(ctx, do) }

// inTime runs a test of a desk on a clock of its own; nothing of the desk's may be left.
func inTime(t *testing.T, f *fake, o Options, test func(t *testing.T, d *Desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(o, fakeApp{f})
		defer func() { require.NoError(t, d.Close(context.WithoutCancel(t.Context()))) }()
		test(t, d)
	})
}

// all are the events that have come by now.
func all(events <-chan Event) (out []What) {
	synctest.Wait()
	for {
		select {
		case e, open := <-events:
			if !open {
				return out
			}
			out = append(out, e.What)
		default:
			return out
		}
	}
}

// of are those of one type.
func of[T What](events []What) (out []T) {
	for _, e := range events {
		if x, ok := e.(T); ok {
			out = append(out, x)
		}
	}
	return out
}

func code(t *testing.T, want string, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, diag.Code(err), err)
	for _, lang := range i18n.Langs {
		f := diag.Failures(err)[0]
		require.NotEmpty(t, lang.Text(f.Msg))
		require.NotEmpty(t, lang.Text(f.Hint))
	}
}

var errBroken = errors.New("no route to host")

// oneFault is a plan's with a node and students.
func oneFault(node string, students ...string) []observe.Fault {
	f := observe.Fault{LimitMS: 60_000}
	f.Fault, f.Students = evidence.Action{Kind: action.NodeStop, NodeID: node, Hostname: "manager-" + node}, students
	return []observe.Fault{f}
}

func failure(err error) *diag.Failure { return diag.Failures(err)[0] }

// code2 is code of a failure that need not say what to do.
func code2(t *testing.T, want string, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, diag.Code(err))
}

// pass lets time pass, and all that comes of it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// seen are the students whose checks began, in their order.
func (f *fake) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.order)
}

func (f *fake) trials() map[string]gradebook.Trial {
	out, _ := f.lastTrials(context.Background())
	return out
}

// peak is how many checks were under way at once.
func (f *fake) peak() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// marks is how often the mark was asked for.
func (f *fake) marks() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read["mark"]
}
