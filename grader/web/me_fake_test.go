package web

import (
	"context"

	"swarmgrade/grader"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/result"
)

// students is what a fake knows of students' earlier attempts, and what they asked.
type students struct {
	trials map[string][]gradebook.Trial
	runs   []grader.RunInfo
	found  map[string]*result.Data // by run
	asks   []result.Request
	said   []saying
	no     error // of Ask and Say
}

type saying struct {
	student string
	id      int64
	word    result.Word
}

func (f *fake) Trials(_ context.Context, student string) ([]gradebook.Trial, error) {
	return f.of.trials[student], nil
}

func (f *fake) LastTrials(context.Context) (map[string]gradebook.Trial, error) {
	out := map[string]gradebook.Trial{}
	for id, all := range f.of.trials {
		if len(all) > 0 {
			out[id] = all[0]
		}
	}
	return out, nil
}

func (f *fake) Runs(context.Context) ([]grader.RunInfo, error) { return f.of.runs, nil }

func (f *fake) RunData(_ context.Context, run string) (*result.Data, error) {
	return f.of.found[run], nil
}

func (f *fake) Timeline(context.Context, result.Student) (*result.Timeline, error) { return nil, nil }

func (f *fake) Ask(_ context.Context, r result.Request) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of.no != nil {
		return 0, f.of.no
	}
	f.of.asks = append(f.of.asks, r)
	return int64(len(f.of.asks)), nil
}

func (f *fake) Say(_ context.Context, student string, id int64, w result.Word) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of.no != nil {
		return f.of.no
	}
	f.of.said = append(f.of.said, saying{student, id, w})
	return nil
}
