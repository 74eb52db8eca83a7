package main

import (
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader/action"
	"swarmgrade/grader/roster"
)

// beside is a class on an embedded cluster in a process of its own, which lives on when its server is killed.
type beside struct {
	soak
	class, listen string
	targets       deployments.Targets
	before        deployments.Survey
}

func besideCluster(t *testing.T) *beside {
	t.Helper()
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts an embedded cluster and kills servers")
	}
	w := newWorld(t)
	class := w.simClass(t, "fault-lab")
	x := &beside{soak: soak{t: t, w: w, args: []string{"--class", class}, healthy: []string{"sim", "status"}}, class: class}
	file, err := roster.LoadClass(t.Context(), roster.Options{Name: class})
	require.NoError(t, err)
	for _, endpoint := range file.Cluster.Endpoints {
		c, err := client.NewClientWithOpts(client.WithHost(endpoint), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		x.targets.Nodes = append(x.targets.Nodes, deployments.Node{Name: endpoint, Client: c})
	}
	x.targets.Manager = x.targets.Nodes[0].Client
	x.before, err = deployments.Look(t.Context(), x.targets)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	x.listen = l.Addr().String()
	require.NoError(t, l.Close())
	return x
}

// serves starts a server, at the address that each of them has.
func (x *beside) serves() (r *running, teacher string) {
	x.t.Helper()
	r = x.w.start(x.t, "serve", "--class", x.class, "--listen", x.listen)
	x.says(r, "Ctrl-C")
	return r, printedLink.FindString(r.out.String())
}

// says waits until a process has said something.
func (x *beside) says(r *running, what string) {
	x.t.Helper()
	for until := time.Now().Add(2 * time.Minute); !strings.Contains(r.out.String(), what); {
		require.True(x.t, time.Now().Before(until), "never said %q:\n%s", what, r.out)
		time.Sleep(20 * time.Millisecond)
	}
}

// whole holds the cluster to what stood there at first.
func (x *beside) whole() {
	x.t.Helper()
	changed, err := x.before.Settled(x.t.Context(), x.targets, time.Minute)
	require.NoError(x.t, err)
	require.Empty(x.t, changed)
	require.Equal(x.t, exitOK, x.wait(x.w.start(x.t, x.healthy...)))
}

// few are those whom a run is of, in the words of its form.
const few = "2024001, 2024004, 2024008"

// agrees has an instructor begin a run with its fault, by what the page shows.
func (x *beside) agrees(teacher *reader, plan string) {
	x.t.Helper()
	for until := time.Now().Add(2 * time.Minute); ; {
		page := teacher.get(plan)
		require.Contains(x.t, page, "Agree to these faults")
		pairs := []string{"task", "1", "students", few, "agreed", field(x.t, agreedField, page)}
		if strings.Contains(plan, "resume") {
			pairs = append(pairs, "resume", "yes")
		}
		if page = teacher.text(teacher.send(page, "/class/run/start", pairs...)); !strings.Contains(page, "nothing was begun") {
			return
		}
		require.True(x.t, time.Now().Before(until))
	}
}

// A server is killed while a fault that was agreed to is in force. The next one says at once what is left
// and undoes it; so does the command line.
func TestServeKilledInAFault(t *testing.T) {
	x := besideCluster(t)
	const plan = "/class/run?plan=yes&task=1&students=2024001,2024004,2024008"
	killed := func() {
		t.Helper()
		r, link := x.serves()
		teacher, _ := opens(t, link)
		x.agrees(teacher, plan)
		_, over := x.journalAt(r, action.StepInjected)
		require.False(t, over, r.out)
		require.Equal(t, -int(syscall.SIGKILL), r.end(t, syscall.SIGKILL))
		require.NotEqual(t, exitOK, x.wait(x.w.start(t, x.healthy...)), "a node is down")
	}

	// The command line undoes it.
	killed()
	restored := x.w.start(t, "restore", "--class", x.class)
	require.Equal(t, exitOK, x.wait(restored), restored.out)
	require.Contains(t, restored.out.String(), "is undone; the node is ready")
	x.whole()

	// The next server does.
	killed()
	r, link := x.serves()
	require.Contains(t, r.out.String(), "A program that was killed left something on the cluster:")
	require.Regexp(t, `a fault on node manager-[123]`, r.out.String())
	teacher, _ := opens(t, link)
	page := teacher.wants("/class/run", "left on the cluster was undone at")
	require.Contains(t, page, "was interrupted and can be gone on with: Task 1, 3 students")
	x.says(r, "It is undone.")
	x.whole()
	x.agrees(teacher, "/class/run?plan=yes&resume=yes")
	teacher.wants("/class/run", "came to its end")
	require.Equal(t, exitOK, r.end(t, syscall.SIGTERM), r.out)
	x.whole()

	// Nothing is left, and nothing is said of it.
	r, _ = x.serves()
	require.NotContains(t, r.out.String(), "killed")
	require.Equal(t, exitOK, r.end(t, syscall.SIGTERM), r.out)
	found, err := filepath.Glob(filepath.Join(x.w.dir, "*", "*fault*"))
	require.NoError(t, err)
	require.NotEmpty(t, found, "its journal")
}
