package action

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/lookup"
)

// fakeLodging is engines that take the helper in as they are told.
type fakeLodging struct {
	load     func(nodeID string) error
	tasks    []evidence.Task
	later    []evidence.Task // of services after the first; nil for the same
	output   string
	stuck    map[string]bool // nodes whose containers do not go
	open     [][]string      // nodes of tasks that are not over, each time it is asked
	services int
	talks    bool
	last     helper.Service

	mu      sync.Mutex
	removed []string // images, by node
}

func (f *fakeLodging) LoadImage(_ context.Context, nodeID, _, _ string, write func(io.Writer) error) (string, error) {
	if f.load != nil {
		if err := f.load(nodeID); err != nil {
			return "", err
		}
	}
	return "sha256:1", write(io.Discard)
}

func (f *fakeLodging) CanLoad(context.Context, string, string) error { return nil }

func (f *fakeLodging) RemoveImage(_ context.Context, nodeID, _ string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removed = append(f.removed, nodeID)
	return nil
}

func (f *fakeLodging) StartHelper(_ context.Context, of helper.Service) (string, error) {
	f.services++
	f.last = of
	return "service", nil
}

func (f *fakeLodging) HelperTasks(context.Context, string) ([]evidence.Task, error) {
	if f.services > 1 && f.later != nil {
		return f.later, nil
	}
	return f.tasks, nil
}

func (f *fakeLodging) Output(context.Context, string, string) ([]byte, error) {
	return []byte(f.output), nil
}

func (f *fakeLodging) Talk(context.Context, string, string) (io.ReadWriteCloser, error) {
	if f.talks {
		return nil, nil
	}
	return nil, errors.New("nobody is there")
}

func (f *fakeLodging) EndHelpers(context.Context, string, string) (open []string, err error) {
	if len(f.open) > 0 {
		open, f.open = f.open[0], f.open[1:]
	}
	return open, nil
}

func (f *fakeLodging) ClearHelpers(_ context.Context, nodeID, _, _ string) (int, error) {
	if f.stuck[nodeID] {
		return 1, nil
	}
	return 0, nil
}

const toldS01 = `{"swarmgrade_lookup":1,"answers":[{"name":"s01","addresses":["10.0.1.2"]}]}` + "\n"

// brought is a helper that was loaded into two nodes.
func brought(t *testing.T, f *fakeLodging) *Helper {
	t.Helper()
	h := NewHelper(&fakeSwarm{Lodging: f}, sim.Helper())
	require.NoError(t, h.Inject(t.Context(), evidence.Action{Kind: Lookup, Name: "i:1", To: "token", Nodes: []string{"n1", "n2"}}))
	require.Equal(t, "sha256:1", h.image)
	return h
}

func on(nodeID, state string) evidence.Task {
	return evidence.Task{NodeID: nodeID, State: state, ContainerID: "c-" + nodeID}
}

// TestWhatAHelperMayComeTo: each node tells what it saw, or why it did not, in bounded time.
func TestWhatAHelperMayComeTo(t *testing.T) {
	for name, c := range map[string]struct {
		tasks  []evidence.Task
		output string
		errs   [2]string // of each node, "" for a report
		within time.Duration
	}{
		"told on both":                           {[]evidence.Task{on("n1", "complete"), on("n2", "complete")}, toldS01, [2]string{}, time.Second},
		"words around it":                        {[]evidence.Task{on("n1", "complete"), on("n2", "complete")}, "hello\n{}\n" + toldS01 + "more", [2]string{}, time.Second},
		"one ended well beside one that did not": {[]evidence.Task{on("n2", "failed"), on("n1", "complete"), on("n2", "complete"), on("n2", "new")}, toldS01, [2]string{}, time.Second},
		"one is made again and again":            {[]evidence.Task{on("n1", "complete"), on("n2", "new"), on("n2", "failed"), on("n2", "rejected")}, toldS01, [2]string{"", "failed"}, time.Second},
		"one was refused":                        {[]evidence.Task{on("n1", "complete"), on("n2", "rejected")}, toldS01, [2]string{"", "rejected"}, time.Second},
		"one has no task":                        {[]evidence.Task{on("n1", "complete")}, toldS01, [2]string{"", "in time"}, 5 * time.Second},
		"one never gets an address":              {[]evidence.Task{on("n1", "complete"), on("n2", "new")}, toldS01, [2]string{"", "in time"}, helperLimit + time.Second},
		"no task is ever made":                   {nil, toldS01, [2]string{"in time", "in time"}, helperLimit + time.Second},
		"what it wrote is no report":             {[]evidence.Task{on("n1", "complete"), on("n2", "complete")}, `{"swarmgrade_lookup":1,"answers":[{"name":"s01","addresses":["x"]}]}`, [2]string{"no report", "no report"}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeLodging{tasks: c.tasks, output: c.output}
				h := brought(t, f)
				start := time.Now()
				seen := h.Look(t.Context(), lookup.Service{Student: "01"})
				require.Less(t, time.Since(start), c.within)
				require.Len(t, seen, 2)
				for i, s := range seen {
					if c.errs[i] == "" {
						require.NoError(t, s.Err)
						require.Equal(t, []string{"10.0.1.2"}, s.Report.Answer("s01").Addresses)
					} else {
						require.ErrorContains(t, s.Err, c.errs[i])
						require.Nil(t, s.Report)
					}
				}
			})
		})
	}
}

// TestAHelperThatTellsNothingIsGivenUp: a class does not wait for it over and over.
func TestAHelperThatTellsNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeLodging{}
		h := brought(t, f)
		for range 20 {
			for _, s := range h.Look(t.Context(), lookup.Service{Student: "01"}) {
				require.Error(t, s.Err)
			}
		}
		require.Equal(t, barrenServices, f.services)
	})
}

// TestWhereImagesAreRefused: one node less is no harm, none at all is an error, and
// undoing goes through all of them.
func TestWhereImagesAreRefused(t *testing.T) {
	denied := errors.New("denied")
	f := &fakeLodging{tasks: []evidence.Task{on("n1", "complete"), on("n2", "rejected")}, output: toldS01, load: func(id string) error {
		if id == "n2" {
			return denied
		}
		return nil
	}}
	h := brought(t, f)
	h.Left = []string{"n3"}
	seen := h.Look(t.Context(), lookup.Service{Student: "01"})
	require.Equal(t, []string{"n3", "n2"}, f.last.Without)
	require.NoError(t, seen[0].Err)
	require.ErrorIs(t, seen[1].Err, denied)
	require.NoError(t, h.Restore(t.Context(), h.action))
	require.ElementsMatch(t, []string{"n1", "n2"}, f.removed)

	f = &fakeLodging{load: func(string) error { return denied }}
	require.ErrorIs(t, NewHelper(&fakeSwarm{Lodging: f}, sim.Helper()).Inject(t.Context(), h.action), denied)
}

// TestAHelperThatStays: its image stays with it, and that is said and harmless.
func TestAHelperThatStays(t *testing.T) {
	f := &fakeLodging{stuck: map[string]bool{"n2": true}}
	h := brought(t, f)
	err := h.Restore(t.Context(), h.action)
	require.ErrorContains(t, err, "not gone yet")
	require.Equal(t, []string{"n1"}, f.removed)
	stuck := NewStuck(h.action, "T", h, err)
	require.True(t, stuck.Harmless())
	require.Contains(t, stuck.Error(), "i:1")
	require.Len(t, stuck.Commands, 3)
	require.False(t, NewStuck(targetM2, "T", nil, nil).Harmless())
}

// TestATaskMayBeAboutToMakeAContainer: while the managers know of one that is not over, nothing
// is said to be gone, though no engine has a container yet; the network is not the student's again.
func TestATaskMayBeAboutToMakeAContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeLodging{open: [][]string{{"n2"}}}
		h := brought(t, f)
		require.ErrorContains(t, h.Restore(t.Context(), h.action), "1 task of the helper that looks names up is not over yet")
		require.Equal(t, []string{"n1"}, f.removed)
		require.NoError(t, h.Restore(t.Context(), h.action))

		f.tasks, f.output, f.open = []evidence.Task{on("n1", "complete"), on("n2", "complete")}, toldS01, [][]string{{""}, {"n1", "n2"}}
		start := time.Now()
		h.Look(t.Context(), lookup.Service{Student: "01"})
		require.Empty(t, f.open)
		require.Equal(t, 2*retryEvery, time.Since(start))
	})
}
