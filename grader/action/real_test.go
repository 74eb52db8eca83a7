package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh/knownhosts"

	"swarmgrade/fixtures/lab"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
)

const (
	// ciEnv makes a machine that can't have a lab a failure, so that a CI job
	// can't pass by testing nothing.
	ciEnv = "GRADE_CI"
	// killsEnv is how many graders are killed, spread over the steps; one at each
	// of the steps that matter most if it is not set.
	killsEnv = "GRADE_FAULT_KILLS"
	// victimEnv has the test's own program be a grader that is killed.
	victimEnv = "GRADE_FAULT_VICTIM"
)

// realLab is three real engines that nobody else uses.
type realLab struct {
	*lab.Lab
	cluster *swarm.Cluster
	conn    roster.Cluster
	journal string
}

func startLab(t *testing.T) *realLab {
	skip := func(why string) {
		if os.Getenv(ciEnv) == "1" {
			t.Fatal(ciEnv + " is 1 and there is no real lab: " + why)
		}
		t.Skip("no real lab: " + why)
	}
	if testing.Short() {
		t.Skip("no real lab: -short")
	}
	if err := lab.Preflight(); err != nil {
		skip(err.Error())
	}
	opt, drop, err := lab.Scratch(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, drop(context.Background())) })
	l, err := lab.Up(t.Context(), opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Down(context.Background())) })
	r := &realLab{Lab: l, conn: roster.Cluster{Endpoints: l.Endpoints()}, journal: JournalPath(t.TempDir(), "T")}
	r.cluster, err = swarm.Dial(t.Context(), r.conn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.cluster.Close() })
	return r
}

// target is a node of the lab, as Choose would name it.
func (r *realLab) target(t *testing.T, name string) evidence.Action {
	nodes, _, err := r.cluster.Poll(t.Context(), noClock)
	require.NoError(t, err)
	for _, n := range nodes {
		if n.Hostname == name {
			return evidence.Action{Kind: NodeStop, NodeID: n.ID, Hostname: name, Address: n.Address, Leader: n.Leader}
		}
	}
	t.Fatalf("no node %s in %+v", name, nodes)
	return evidence.Action{}
}

func (r *realLab) options(t *testing.T, spec roster.Fault) Options {
	inj, err := New(NodeStop, spec, r.cluster)
	require.NoError(t, err)
	start := time.Now()
	return Options{
		Cluster: r.cluster, Injector: inj, Journal: openJournal(t, r.journal), Class: "T", Run: "r", Spec: spec, Conn: r.conn,
		Limit: time.Minute, At: func() int64 { return time.Since(start).Milliseconds() },
	}
}

func (r *realLab) healing() HealOptions {
	return HealOptions{Dial: func(ctx context.Context, conf roster.Cluster) (Cluster, func() error, error) {
		c, err := swarm.Dial(ctx, conf)
		if err != nil {
			return nil, nil, err
		}
		return c, c.Close, nil
	}}
}

// whole waits until a node is in service: its engine answers, the managers
// count it as ready, reachable and active.
func (r *realLab) whole(t *testing.T, f evidence.Action, limit time.Duration) {
	t.Helper()
	s := &Session{opt: Options{Cluster: r.cluster, At: noClock}, rec: &Record{Fault: f}}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	require.NoError(t, again(ctx, func() error {
		missing, _ := s.back(ctx)
		return missing
	}))
}

func (r *realLab) unmarked(t *testing.T) {
	t.Helper()
	_, found, err := ReadMark(t.Context(), r.cluster)
	require.NoError(t, err)
	require.False(t, found)
}

// TestRealNodeStop makes nodes of real engines fail over real SSH, on one lab,
// in order.
func TestRealNodeStop(t *testing.T) {
	r := startLab(t)
	node, _ := r.Node("manager-2")
	f := r.target(t, node.Name)
	spec := r.Fault()
	cli, err := node.Client()
	require.NoError(t, err)
	t.Cleanup(func() { _ = cli.Close() })
	alone := runAlone(t, cli, "haproxy-01")

	t.Run("one mark at a time", func(t *testing.T) {
		for _, created := range []bool{true, false} {
			got, err := r.cluster.CreateLock(t.Context(), MarkName, []byte("x"))
			require.NoError(t, err)
			require.Equal(t, created, got)
		}
		require.NoError(t, r.cluster.RemoveLock(t.Context(), MarkName))
		require.NoError(t, r.cluster.RemoveLock(t.Context(), MarkName))
		r.unmarked(t)
	})
	t.Run("stopped, seen down, restored", func(t *testing.T) {
		opt := r.options(t, spec)
		defer opt.Journal.Close()
		out, err := Run(t.Context(), opt, f, func(ctx context.Context, _ *Session) error {
			ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
			defer cancel()
			return again(ctx, func() error {
				nodes, _, err := r.cluster.Poll(ctx, noClock)
				for _, n := range nodes {
					if n.ID == f.NodeID && n.State != "down" {
						return fmt.Errorf("%s is %s", n.Hostname, n.State)
					}
				}
				return err
			})
		})
		require.NoError(t, err)
		require.Equal(t, []string{alone}, out.Stopped)
		require.Equal(t, []string{alone}, out.Restarted)
		r.whole(t, f, time.Second)
		r.unmarked(t)
		// A second undoing changes nothing.
		require.NoError(t, opt.Injector.Restore(t.Context(), f))
		r.whole(t, f, time.Second)
	})
	t.Run("the line is cut while Docker stops", func(t *testing.T) {
		through, at := r.through(t, node)
		opt := r.options(t, at)
		defer opt.Journal.Close()
		cut := f
		cut.Address = "127.0.0.1"
		opt.Journal.Hook = func(step string) {
			if step == StepInjecting {
				through.cutSoon(t)
			}
		}
		_, err := Run(t.Context(), opt, cut, nil)
		require.Equal(t, "ssh", diag.Code(err), "%v", err)
		r.whole(t, f, time.Second)
		r.unmarked(t)
	})
	t.Run("killed graders", func(t *testing.T) { r.kills(t, f, spec) })
	t.Run("the timer alone", func(t *testing.T) {
		r.victim(t, victim{Fault: f, Spec: spec, Conn: r.conn, Journal: r.journal, Step: StepInjected, Timer: 4 * time.Second})
		list, _, err := r.cluster.Containers(t.Context(), f.NodeID)
		require.Error(t, err, "the engine is stopped: %v", list)
		r.whole(t, f, 45*time.Second)
		rec, err := heal1(t.Context(), r.journal, r.healing())
		require.NoError(t, err)
		require.NotNil(t, rec)
		r.unmarked(t)
	})
	info, err := cli.ContainerInspect(t.Context(), alone)
	require.NoError(t, err)
	require.True(t, info.State.Running, "the stand-alone container survived all of it")
}

// runAlone starts a container that no service knows, as students start HAProxy.
func runAlone(t *testing.T, cli *client.Client, name string) string {
	c, err := cli.ContainerCreate(t.Context(), &container.Config{Image: lab.WhoamiImage}, nil, nil, nil, name)
	require.NoError(t, err)
	require.NoError(t, cli.ContainerStart(t.Context(), c.ID, container.StartOptions{}))
	return c.ID
}

// kills has a grader killed at each step and undoes what it left.
func (r *realLab) kills(t *testing.T, f evidence.Action, spec roster.Fault) {
	steps := []string{StepArming, StepInjecting, StepRestoring}
	if n, err := strconv.Atoi(os.Getenv(killsEnv)); err == nil {
		every := []string{
			StepPlanned, StepLocking, StepArming, StepArmed, StepInjecting, StepInjected,
			StepRestoring, StepRestored, StepRestarting, StepRestarted, StepDone,
		}
		steps = nil
		for i := range n {
			steps = append(steps, every[i%len(every)])
		}
	}
	for i, step := range steps {
		v := victim{Fault: f, Spec: spec, Conn: r.conn, Journal: r.journal, Step: step, Timer: 2 * time.Minute}
		if i >= 3 {
			// Not only at a step's first moment.
			v.Delay = time.Duration(rand.IntN(3000)) * time.Millisecond
		}
		r.victim(t, v)
		_, err := Heal(t.Context(), r.journal, r.healing())
		require.NoError(t, err, "killed at %s + %v", step, v.Delay)
		r.whole(t, f, time.Second)
		r.unmarked(t)
		rec, err := heal1(t.Context(), r.journal, r.healing())
		require.NoError(t, err)
		require.Nil(t, rec)
		t.Logf("killed at %s + %v", step, v.Delay)
	}
}

// victim is a grader in a process of its own that is killed some time after a
// step is on disk.
type victim struct {
	Fault   evidence.Action
	Spec    roster.Fault
	Conn    roster.Cluster
	Journal string
	Step    string
	Delay   time.Duration
	Timer   time.Duration
}

// victim runs one and waits until it is dead.
func (r *realLab) victim(t *testing.T, v victim) {
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+string(raw))
	out, err := cmd.CombinedOutput()
	state := cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.Equal(t, syscall.SIGKILL, state.Signal(), "%v: %s", err, out)
}

// die is the victim's life; it gives the exit status of one that survived.
func die(raw string) int {
	var v victim
	err := json.Unmarshal([]byte(raw), &v)
	if err == nil {
		err = v.run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (v victim) run(ctx context.Context) error {
	c, err := swarm.Dial(ctx, v.Conn)
	if err != nil {
		return err
	}
	defer c.Close()
	inj, err := New(NodeStop, v.Spec, c)
	if err != nil {
		return err
	}
	j, err := OpenJournal(v.Journal)
	if err != nil {
		return err
	}
	defer j.Close()
	j.Hook = func(step string) {
		switch {
		case step != v.Step:
		case v.Delay == 0:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		default:
			time.AfterFunc(v.Delay, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) })
		}
	}
	start := time.Now()
	_, err = Run(ctx, Options{
		Cluster: c, Injector: inj, Journal: j, Class: "T", Run: "r", Spec: v.Spec, Conn: v.Conn,
		At:    func() int64 { return time.Since(start).Milliseconds() },
		Limit: v.Timer - deadmanMargin,
	}, v.Fault, func(ctx context.Context, _ *Session) error {
		if v.Step == StepInjected {
			return Pause(ctx, time.Minute) // until the blow
		}
		return nil
	})
	return errors.Join(err, Pause(ctx, v.Delay+time.Second)) // until the blow
}

// tunnel passes connections on to a node's SSH until they are cut.
type tunnel struct {
	wg    sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

// through gives a way to a node that can be cut, and the spec that takes it.
func (r *realLab) through(t *testing.T, n lab.Node) (*tunnel, roster.Fault) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	spec := r.Fault()
	spec.Port = l.Addr().(*net.TCPAddr).Port
	known, err := os.ReadFile(spec.KnownHosts)
	require.NoError(t, err)
	for line := range strings.Lines(string(known)) {
		if key, ok := strings.CutPrefix(line, n.Addr.String()+" "); ok {
			spec.KnownHosts = filepath.Join(t.TempDir(), "known")
			require.NoError(t, os.WriteFile(spec.KnownHosts, []byte(knownhosts.Normalize(l.Addr().String())+" "+key), 0o600))
		}
	}
	p := &tunnel{}
	p.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", net.JoinHostPort(n.Addr.String(), "22"))
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				_ = to.Close()
				_ = from.Close()
			}
			p.wg.Go(func() { pass(in, out) })
			p.wg.Go(func() { pass(out, in) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.wg.Wait()
	})
	return p, spec
}

func (p *tunnel) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// cutSoon cuts the next connection a moment after it was made, while the node
// is at work.
func (p *tunnel) cutSoon(t *testing.T) {
	ctx := t.Context()
	p.cut() // what was used for arming
	p.wg.Go(func() {
		for ctx.Err() == nil {
			p.mu.Lock()
			made := len(p.conns) > 0
			p.mu.Unlock()
			if made {
				_ = Pause(ctx, time.Second)
				p.cut()
				return
			}
			_ = Pause(ctx, 10*time.Millisecond)
		}
	})
}
