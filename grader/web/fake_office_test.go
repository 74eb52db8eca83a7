package web

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// fakeOffice is what the instructor's further pages ask of a desk, and what they did.
type fakeOffice struct {
	omu      sync.Mutex
	requests []result.Request
	answers  []result.Word
	hands    []grader.ByHand
	handErr  error
	plans    []desk.RunOptions
	starts   []desk.RunOptions
	exports  []grader.Export
	made     []grader.LinkOptions
	revoked  []grader.LinkOptions
	finds    *result.Data
	runs     []grader.RunInfo
	force    []grader.LinkInfo
	faults   string // the fingerprint of a run's faults
	wait     chan struct{}
	file     string // what an exported file is called, "" for "a"
	size     int64  // of it, 0 for a few bytes
}

// fakeRest is embedded for what nothing else of a fake says.
type fakeRest struct{ *fakeOffice }

func (f *fakeOffice) Requests(context.Context) ([]result.Request, error) {
	f.omu.Lock()
	defer f.omu.Unlock()
	return f.requests, nil
}

func (f *fakeOffice) Answer(_ context.Context, id int64, w result.Word) error {
	f.omu.Lock()
	defer f.omu.Unlock()
	w.Who = cmp.Or(w.Who, fmt.Sprint(id))
	f.answers = append(f.answers, w)
	return nil
}

func (f *fakeOffice) ByHand(_ context.Context, student, task string, h grader.ByHand) (*grader.Done, error) {
	f.omu.Lock()
	defer f.omu.Unlock()
	if f.handErr != nil {
		return nil, f.handErr
	}
	f.hands = append(f.hands, h)
	s := result.Student{ID: student, Overrides: []result.Override{{Task: task, Check: h.Check, Points: h.Points, Max: 4000}}}
	return &grader.Done{Student: s}, nil
}

func (f *fakeOffice) Plan(_ context.Context, o desk.RunOptions) (*desk.Plan, error) {
	f.omu.Lock()
	defer f.omu.Unlock()
	f.plans = append(f.plans, o)
	return &desk.Plan{Preview: grader.Preview{Plan: &observe.Plan{}}, Fingerprint: f.faults}, nil
}

func (f *fakeOffice) Start(_ context.Context, o desk.RunOptions) error {
	f.omu.Lock()
	defer f.omu.Unlock()
	f.starts = append(f.starts, o)
	return nil
}

func (f *fakeOffice) Findings(context.Context) (*result.Data, error) { return f.finds, nil }

func (f *fakeOffice) Runs(context.Context) ([]grader.RunInfo, error) { return f.runs, nil }

func (f *fakeOffice) Export(ctx context.Context, e grader.Export) ([]string, error) {
	f.omu.Lock()
	f.exports = append(f.exports, e)
	wait := f.wait
	f.omu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	format, _ := report.FindFormat(e.Formats[0])
	if err := os.MkdirAll(e.Dir, 0o700); err != nil {
		return nil, err
	}
	var files []string
	for _, name := range []string{cmp.Or(f.file, "a"), "b"} {
		file := filepath.Join(e.Dir, name+"."+format.Ext)
		if err := os.WriteFile(file, []byte(e.Formats[0]+" "+name), 0o600); err != nil {
			return nil, err
		}
		if f.size > 0 {
			if err := os.Truncate(file, f.size); err != nil { // it has a hole: nothing is on the disk
				return nil, err
			}
		}
		if files = append(files, file); format.Each == nil {
			break
		}
	}
	return files, nil
}

func (f *fakeOffice) Links(context.Context) ([]grader.LinkInfo, error) { return f.force, nil }

func (f *fakeOffice) NewLinks(_ context.Context, o grader.LinkOptions) (out []grader.NewLink, err error) {
	f.omu.Lock()
	defer f.omu.Unlock()
	f.made = append(f.made, o)
	for _, id := range o.Students {
		l := grader.NewLink{Token: tokenB, Expires: o.Expires}
		l.Student.ID = id
		out = append(out, l)
	}
	return out, nil
}

func (f *fakeOffice) RevokeLinks(_ context.Context, o grader.LinkOptions) (int, error) {
	f.omu.Lock()
	defer f.omu.Unlock()
	f.revoked = append(f.revoked, o)
	return 1, nil
}

// newFakeOffice has something of everything, with what is hostile in each text of others.
func newFakeOffice(d *result.Data) *fakeOffice {
	at := time.Date(2024, 12, 2, 9, 0, 0, 0, time.UTC)
	v := d.Students[0].Verdicts[0]
	asked := func(id int64, student, task, check string, words ...result.Word) result.Request {
		return result.Request{ID: id, Student: student, Task: task, Check: check, Words: words}
	}
	own := func(minutes int, text string) result.Word {
		return result.Word{Kind: result.RequestAsked, Student: true, Who: idA, Text: text, When: at.Add(time.Duration(minutes) * time.Minute)}
	}
	finds := *d
	f := &fakeOffice{finds: &finds, requests: []result.Request{
		asked(1, idA, v.Task, v.Check, own(0, evil)),
		asked(2, idB, v.Task, "", own(1, "请再看"), result.Word{Kind: result.RequestDeclined, Who: evil, Text: evil, When: at.Add(time.Hour)}),
		asked(3, idA, "", "", own(2, "all of it"), result.Word{Kind: result.RequestWithdrawn, Student: true, When: at.Add(2 * time.Hour)}),
		asked(4, "left", v.Task, v.Check, own(3, "I have left")),
	}}
	f.force = []grader.LinkInfo{{Link: gradebook.Link{Student: idA, Made: at}, Name: nameA, InForce: true}, {Link: gradebook.Link{Made: at}, InForce: true},
		{Link: gradebook.Link{Made: at}, Name: "王<i>老师", InForce: true}}
	return f
}

// withOffice is a fake whose answers to these pages are those above, whatever else it is made to say.
type withOffice struct{ *fake }

func (w withOffice) Requests(ctx context.Context) ([]result.Request, error) {
	return w.fakeOffice.Requests(ctx)
}

func (w withOffice) Answer(ctx context.Context, id int64, word result.Word) error {
	return w.fakeOffice.Answer(ctx, id, word)
}

func (w withOffice) ByHand(ctx context.Context, student, task string, h grader.ByHand) (*grader.Done, error) {
	return w.fakeOffice.ByHand(ctx, student, task, h)
}

func (w withOffice) Plan(ctx context.Context, o desk.RunOptions) (*desk.Plan, error) {
	return w.fakeOffice.Plan(ctx, o)
}

func (w withOffice) Start(ctx context.Context, o desk.RunOptions) error {
	return w.fakeOffice.Start(ctx, o)
}

func (w withOffice) Findings(ctx context.Context) (*result.Data, error) {
	return w.fakeOffice.Findings(ctx)
}

func (w withOffice) Runs(ctx context.Context) ([]grader.RunInfo, error) {
	return w.fakeOffice.Runs(ctx)
}

func serveOffice(t testing.TB, change ...func(*Options)) *served {
	t.Helper()
	return serve(t, append([]func(*Options){func(o *Options) { o.Desk = withOffice{o.Desk.(*fake)} }}, change...)...)
}

// someRuns are one that went well.
func someRuns() []grader.RunInfo {
	at := time.Date(2024, 12, 2, 9, 0, 0, 0, time.UTC)
	run := gradebook.Run{ID: "20241202-010000", Task: "auto", Status: gradebook.Finished, RubricID: "ha-lb", Started: at, Finished: at.Add(time.Minute)}
	return []grader.RunInfo{{Run: run, Students: 2}}
}

// stub is what answers these pages, whatever else has fields of the same names.
func (s *served) stub() *fakeOffice { return s.fakeOffice }
