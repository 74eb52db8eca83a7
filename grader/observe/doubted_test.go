package observe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

var (
	trio   = []string{"48cafe000000", "49cafe000000", "50cafe000000"}
	sought = evidence.Enough{Among: strings.Join(trio, " "), Spread: true, MaxErrors: 0.01, Loads: 3}
)

// loaded is a trace with so many answers of each container; "enough" is one that ended early.
func loaded(id, stopped string, failed int, counts ...int) evidence.Trace {
	kind, _, _ := strings.Cut(id, "/")
	tr := evidence.Trace{Target: evidence.Target{ID: id, Kind: kind, Requests: 160, Enough: sought}, Stopped: stopped, Sent: failed}
	for i, n := range counts {
		host := "stranger00000000"
		if i < len(trio) {
			host = strings.ToUpper(trio[i]) + "77"
		}
		if n > 0 {
			tr.Responders = append(tr.Responders, evidence.Responder{Identity: evidence.Identity{Hostname: host}, Rule: "text", Count: n})
			tr.Sent += n
		}
	}
	if failed > 0 {
		tr.Errors = []evidence.ErrorClass{{Class: "reset", Count: failed}}
	}
	return tr
}

func TestWhichLoadsAreDoubted(t *testing.T) {
	mesh, haproxy := loaded("mesh/a", "enough", 0, 10, 10, 10), loaded("haproxy", "enough", 0, 30, 30, 30)
	another := loaded("haproxy", "", 0, 160, 160, 160)
	another.Target.Enough = evidence.Enough{}
	mesh.By, haproxy.By = "turns", "turns"
	byCounts := haproxy
	byCounts.By = "counts"
	spreadless := mesh
	spreadless.Target.Enough.Spread = false
	named, whole := mesh, loaded("mesh/c", "", 0, 54, 53, 53)
	named.Target.Enough.Among = "web-1 web-2 web-3"
	for i := range whole.Responders {
		whole.Responders[i].Hostname = fmt.Sprint("Web-", i+1)
	}
	for _, c := range []struct {
		name string
		all  []evidence.Trace
		want []int
	}{
		{"an even one of containers with host names", []evidence.Trace{named, whole}, nil},
		{"all ended early", []evidence.Trace{mesh, haproxy}, nil},
		{"an even one in whole", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 0, 54, 53, 53)}, nil},
		{"as uneven as chance may be", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 0, 68, 46, 46)}, nil},
		{"a little more so", []evidence.Trace{mesh, byCounts, loaded("mesh/c", "", 0, 75, 43, 42)}, []int{0}},
		{"out of reach of chance", []evidence.Trace{mesh, byCounts, loaded("mesh/c", "", 0, 100, 30, 30)}, []int{0, 1}},
		{"an uneven one through the mesh", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 0, 100, 30, 30)}, []int{0, 1}},
		{"an uneven one where evenness was not sought", []evidence.Trace{spreadless, loaded("mesh/c", "", 0, 100, 30, 30)}, nil},
		{"an uneven one through the balancer", []evidence.Trace{mesh, haproxy, loaded("haproxy/2", "", 0, 300, 90, 90)}, []int{1}},
		{"few failures", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 1, 53, 53, 53)}, nil},
		{"failures", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 10, 50, 50, 50)}, []int{0, 1}},
		{"a stranger", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 0, 50, 50, 50, 10)}, []int{0, 1}},
		{"nobody answered", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 60)}, nil},
		{"of another service", []evidence.Trace{mesh, haproxy, loaded("mesh/c", "", 0, 0, 0, 0, 160)}, nil},
		{"a balancer that was to be asked in whole", []evidence.Trace{mesh, another}, nil},
	} {
		require.Equal(t, c.want, doubted(c.all), c.name)
	}
}

// again answers loads as traces say, of each target the next one.
type again struct {
	Loader
	traces map[string][]evidence.Trace
	asked  []string
}

func (a *again) Load(_ context.Context, t evidence.Target) (evidence.Trace, error) {
	early := t.Enough != (evidence.Enough{})
	a.asked = append(a.asked, fmt.Sprint(t.ID, " ", early))
	next := a.traces[t.ID]
	if len(next) == 0 {
		return evidence.Trace{Target: t}, errors.New("no more")
	}
	a.traces[t.ID] = next[1:]
	next[0].Target = t
	return next[0], nil
}

// TestDoubtedLoadsAreDrivenInWhole: what an early load showed does not stand once another
// casts doubt on it, whatever comes of driving it again.
func TestDoubtedLoadsAreDrivenInWhole(t *testing.T) {
	one := func(id, stopped string, counts ...int) evidence.Trace { return loaded(id, stopped, 0, counts...) }
	s := &Student{}
	for _, id := range []string{"mesh/a", "mesh/b", "mesh/c"} {
		s.Targets = append(s.Targets, evidence.Target{ID: id, Kind: "mesh", Address: "127.0.0.1:1", Requests: 160, Enough: sought})
	}
	l := &again{traces: map[string][]evidence.Trace{
		"mesh/a": {one("mesh/a", "enough", 10, 10, 10), one("mesh/a", "", 100, 30, 30)},
		"mesh/b": {one("mesh/b", "", 100, 30, 30)},
		"mesh/c": {one("mesh/c", "enough", 10, 10, 10)},
	}}
	var steps []Progress
	r := &Runner{Loader: l, At: func() int64 { return 0 }, Progress: func(p Progress) {
		if !p.Begins {
			steps = append(steps, p)
		}
	}}
	b := &evidence.Bundle{}
	require.NoError(t, r.drive(t.Context(), s, b, newLookup(&evidence.Snapshot{}), nil))
	require.Equal(t, []string{"mesh/a true", "mesh/b true", "mesh/c true", "mesh/c false", "mesh/a false"}, l.asked)
	require.Len(t, b.Traces, 2)
	for _, tr := range b.Traces {
		require.Empty(t, tr.Stopped)
		require.Equal(t, 160, tr.Sent)
	}
	require.Equal(t, []evidence.Gap{{What: "load/mesh/c", Code: "internal", Detail: "no more"}}, b.Gaps)
	planned := 0
	for _, p := range steps {
		planned += p.Requests
	}
	require.Equal(t, 3*160, planned, "what is driven again was not planned")
}
