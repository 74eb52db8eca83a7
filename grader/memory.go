package grader

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
)

// memory keeps one run as long as somebody holds it: the keeper of a self-check. What
// is judged is read back from what would be stored, as from a gradebook.
type memory struct {
	mu        sync.Mutex
	students  []gradebook.Student
	snapshots map[string]*evidence.Snapshot
	windows   map[string]*evidence.Window
	bundles   map[string]*evidence.Bundle
	verdicts  map[string][]verdict
}

var _ Keeper = (*memory)(nil)

func newMemory() *memory {
	return &memory{
		snapshots: map[string]*evidence.Snapshot{}, windows: map[string]*evidence.Window{},
		bundles: map[string]*evidence.Bundle{}, verdicts: map[string][]verdict{},
	}
}

func (m *memory) BeginRun(_ context.Context, b gradebook.Begin) (gradebook.Run, error) {
	m.students = slices.Clone(b.Students)
	return gradebook.Run{Class: b.Class, Task: b.Task, Status: gradebook.Running, Tool: b.Tool, Started: b.Started}, nil
}

func (m *memory) FinishRun(context.Context, string, gradebook.Status, time.Time) error { return nil }

func (m *memory) Students(context.Context, string) ([]gradebook.Student, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.students), nil
}

func (m *memory) PutSnapshot(_ context.Context, s *evidence.Snapshot) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hash := fmt.Sprint("snapshot ", len(m.snapshots))
	m.snapshots[hash] = s
	return hash, nil
}

func (m *memory) Snapshot(_ context.Context, hash string) (*evidence.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.snapshots[hash], nil
}

func (m *memory) SaveBefore(_ context.Context, _, snapshot string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.students {
		m.students[i].Before = snapshot
	}
	return nil
}

func (m *memory) Traces(context.Context, string, string) ([]evidence.Trace, error) { return nil, nil }

func (m *memory) SaveTrace(context.Context, string, string, *evidence.Trace) error { return nil }

func (m *memory) Draft(context.Context, string, string) (*evidence.Bundle, error) { return nil, nil }

func (m *memory) SaveDrafts(context.Context, string, []*evidence.Bundle) error { return nil }

func (m *memory) SaveWindow(_ context.Context, _, episode string, w *evidence.Window, _ any, concerned []*evidence.Bundle) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hash := fmt.Sprint("window ", len(m.windows))
	data, err := evidence.Encode(w)
	if err != nil {
		return "", err
	}
	if m.windows[hash], err = evidence.DecodeWindow(data); err != nil {
		return "", err
	}
	for _, b := range concerned {
		b.Begin(episode).Probing.Window = hash
	}
	return hash, nil
}

func (m *memory) SaveBundle(_ context.Context, _ string, b *evidence.Bundle) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := evidence.Encode(b)
	if err != nil {
		return "", err
	}
	m.bundles[b.Student.ID], err = evidence.DecodeBundle(data)
	return "", err
}

func (m *memory) Forget(context.Context, string, string) error { return nil }

func (m *memory) Case(_ context.Context, _, student string) (evidence.Case, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bundles[student]
	if b == nil {
		return evidence.Case{}, fmt.Errorf("the evidence of %s: %w", student, gradebook.ErrNotFound)
	}
	c := evidence.Case{Bundle: b, Before: m.snapshots[b.Before], After: m.snapshots[b.After]}
	err := c.Join(func(hash string) (*evidence.Snapshot, error) { return m.snapshots[hash], nil },
		func(hash string) (*evidence.Window, error) { return m.windows[hash], nil })
	return c, err
}

func (m *memory) SaveVerdicts(_ context.Context, _, student string, vs []verdict) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.verdicts[student] = vs
	return nil
}
