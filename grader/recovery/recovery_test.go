package recovery_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/recovery/scene"
)

func read(s *scene.Scene) (recovery.Story, int64) {
	w, p, back := s.Window()
	return recovery.Read(w, p, &s.Service, s.Swarm()), back
}

// TestStories: what becomes of a service, and what can be concluded.
func TestStories(t *testing.T) {
	for _, c := range []struct {
		name      string
		replicas  int
		change    func(s *scene.Scene)
		open      string
		recovered bool
		// hit and again are how many tasks were taken and replaced.
		hit, again int
	}{
		{"two replicas", 2, nil, "", true, 1, 1},
		{"five replicas", 5, nil, "", true, 2, 2},
		{"one replica", 1, nil, "", true, 1, 1},
		{"both replicas on the target", 2, func(s *scene.Scene) { s.On = []int{1, 1} }, "", true, 2, 2},
		{"the leader fails", 2, func(s *scene.Scene) { s.Leader, s.Detect, s.Limit = true, 58000, 200000 }, "", true, 1, 1},
		{"a restart delay of 20 s", 3, func(s *scene.Scene) { s.Service.Restart.DelayMS = 20000 }, "", true, 1, 1},
		{"a slow start", 3, func(s *scene.Scene) { s.Start = 45000 }, "", true, 1, 1},
		{"global", 3, func(s *scene.Scene) { s.Service.Mode, s.Service.Replicas = "global", 0 }, "", true, 1, 0},
		{"stopping took long", 3, func(s *scene.Scene) { s.Injected = s.Injecting + 25000 }, "", true, 1, 1},
		{"drained", 2, func(s *scene.Scene) { s.Kind = "node-drain" }, "", true, 1, 1},
		{"a killed container", 2, func(s *scene.Scene) { s.Kind = "task-kill" }, "", true, 1, 1},
		{"twenty times as fast", 2, func(s *scene.Scene) {
			s.Speed, s.Detect, s.Drop, s.Start, s.Hold, s.Limit, s.Poll, s.Period = 20, 600, 40, 80, 600, 6000, 50, 20
			s.Injecting, s.Injected = 1000, 1020
		}, "", true, 1, 1},

		{"restart condition none", 2, func(s *scene.Scene) { s.Become = scene.Never }, "", false, 1, 0},
		{"no node suits", 2, func(s *scene.Scene) { s.On, s.Become = []int{1, 1}, scene.Pending }, "", false, 2, 0},
		{"no image elsewhere", 2, func(s *scene.Scene) { s.On, s.Become = []int{1, 1}, scene.Rejected }, "", false, 2, 0},
		{"never healthy", 3, func(s *scene.Scene) { s.Become = scene.Starting }, "", false, 1, 0},
		{"runs and is mute", 3, func(s *scene.Scene) { s.Become = scene.Mute }, "", false, 1, 1},
		{"comes and goes", 3, func(s *scene.Scene) { s.Become, s.Limit = scene.Flaps, 105000 }, "", false, 1, 0},

		{"no task there", 2, func(s *scene.Scene) { s.On = []int{0, 2} }, recovery.NotHit, false, 0, 0},
		{"the node never went down", 2, func(s *scene.Scene) { s.Detect = -1 }, recovery.NotDown, false, 1, 0},
		{"broken off", 2, func(s *scene.Scene) {
			s.Become, s.Limit, s.End, s.Reason = scene.Never, 20000, "aborted", "other-node"
		}, recovery.Unseen, false, 1, 0},
		{"broken off before it held", 2, func(s *scene.Scene) { s.Hold, s.End, s.Reason = 4000, "aborted", "quorum" }, recovery.Unseen, false, 1, 1},
		{"broken off once it had held", 2, func(s *scene.Scene) { s.Hold, s.End, s.Reason = 13000, "aborted", "quorum" }, "", true, 1, 1},
		{"the managers fell silent", 2, func(s *scene.Scene) { s.Become, s.Silent = scene.Never, [2]int64{20000, 200000} }, recovery.Unseen, false, 1, 0},
		{"silent for a while", 2, func(s *scene.Scene) { s.Silent, s.Hold = [2]int64{10000, 28000}, 30000 }, "", true, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scene.New(c.replicas, 5)
			if c.change != nil {
				c.change(s)
			}
			got, back := read(s)
			require.Equal(t, c.open, got.Open)
			require.Equal(t, c.recovered, got.Recovered >= 0, "%+v", got)
			require.Len(t, got.Hit, c.hit)
			require.Equal(t, c.again, got.Replacements())
			if c.recovered {
				require.GreaterOrEqual(t, got.Recovered, back, "not before it was true")
				require.GreaterOrEqual(t, got.Recovered, got.Replaced)
				require.GreaterOrEqual(t, got.Recovered, got.Answering)
				require.GreaterOrEqual(t, got.Replaced, got.Down)
				require.GreaterOrEqual(t, got.Struck, s.Injecting)
				require.LessOrEqual(t, got.Struck, s.Injected)
				require.InDelta(t, float64(got.Recovered-got.Struck)*s.Speed/1000, got.Seconds, 0.01)
			} else {
				require.EqualValues(t, -1, got.Recovered)
				require.EqualValues(t, -1, got.Seconds)
			}
		})
	}
}

// TestNothingToRead: without a window nothing is concluded, and nothing breaks.
func TestNothingToRead(t *testing.T) {
	s := scene.New(2, 1)
	w, p, _ := s.Window()
	require.Equal(t, recovery.NoWindow, recovery.Read(nil, p, &s.Service, s.Swarm()).Open)
	require.Equal(t, recovery.NoWindow, recovery.Read(w, nil, &s.Service, s.Swarm()).Open)
	require.Equal(t, recovery.NoWindow, recovery.Read(w, p, nil, s.Swarm()).Open)

	early := *w
	early.Injecting, early.Injected, early.Restoring = -1, -1, -1
	require.Equal(t, recovery.NotInjected, recovery.Read(&early, p, &s.Service, s.Swarm()).Open)

	blind := *w
	blind.Polls = nil
	for _, x := range w.Polls {
		if x.At > w.Injecting {
			blind.Polls = append(blind.Polls, x)
		}
	}
	require.Equal(t, recovery.NoBaseline, recovery.Read(&blind, p, &s.Service, s.Swarm()).Open)
}

// TestAnswersOfOthersBreakARecovery: a stale container or a classmate's that
// answers is none of those that must.
func TestAnswersOfOthersBreakARecovery(t *testing.T) {
	for _, who := range []evidence.Identity{
		{Hostname: "0123456789ab"}, {Hostname: "made-up", Addresses: []string{"10.0.0.12"}}, {},
	} {
		s := scene.New(2, 3)
		w, p, _ := s.Window()
		p.Responders = append(p.Responders, evidence.Responder{Identity: who})
		for i := range p.Probes {
			if i%5 == 0 && p.Probes[i].At > s.Injected {
				p.Probes[i].Who = len(p.Responders) - 1
			}
		}
		got := recovery.Read(w, p, &s.Service, s.Swarm())
		require.Negative(t, got.Recovered, "%+v", who)
	}
}

// TestHostNamesOfTheService: where a service sets host names, addresses tell
// its containers apart.
func TestHostNamesOfTheService(t *testing.T) {
	s := scene.New(2, 3)
	w, p, _ := s.Window()
	for i := range p.Responders {
		p.Responders[i].Hostname = "web"
	}
	require.Negative(t, recovery.Read(w, p, &s.Service, s.Swarm()).Recovered, "a name that no service set")
	s.Service.Hostname = "web"
	require.Positive(t, recovery.Read(w, p, &s.Service, s.Swarm()).Recovered)
}

// TestBusyMachine: probes that were never sent prove nothing against a service,
// and a few are enough to bear one out.
func TestBusyMachine(t *testing.T) {
	thin := func(s *scene.Scene, keep int) recovery.Story {
		w, p, _ := s.Window()
		var kept []evidence.Probe
		for i, x := range p.Probes {
			if i%keep == 0 {
				kept = append(kept, x)
			}
		}
		p.Probes = kept
		return recovery.Read(w, p, &s.Service, s.Swarm())
	}
	s := scene.New(2, 3)
	s.Hold = 30000
	require.Positive(t, thin(s, 5).Recovered)
	require.Equal(t, recovery.Unseen, thin(scene.New(2, 3), 60).Open)

	s = scene.New(3, 3)
	s.Become = scene.Mute
	require.Empty(t, thin(s, 3).Open, "silent among so many probes")
	require.Equal(t, recovery.Unseen, thin(s, 11).Open, "not asked often enough")
}

// until is what there was of a window at a time.
func until(w *evidence.Window, p *evidence.Probing, now int64) (*evidence.Window, *evidence.Probing) {
	x, q := *w, *p
	x.Restoring, x.Restored, x.Ended, x.End, x.Reason = -1, -1, -1, "", ""
	x.Polls, q.Probes = nil, nil
	if x.Injecting > now {
		x.Injecting = -1
	}
	if x.Injected > now {
		x.Injected = -1
	}
	for _, poll := range w.Polls {
		if poll.At+poll.Took <= now {
			x.Polls = append(x.Polls, poll)
		}
	}
	for _, probe := range p.Probes {
		if probe.At+probe.Took/1000 <= now {
			q.Probes = append(q.Probes, probe)
		}
	}
	return &x, &q
}

// TestSettledWhenItHeld: a window may end when the recovery has held, not
// before; and what is read then is what is read of the whole window.
func TestSettledWhenItHeld(t *testing.T) {
	for seed := range uint64(20) {
		s := scene.New(3, seed)
		s.Hold, s.PollLoss, s.ProbeLoss = 40000, 0.01, 0.01
		w, p, back := s.Window()
		whole := recovery.Read(w, p, &s.Service, s.Swarm())
		first := int64(-1)
		for now := int64(0); now < w.Restoring && first < 0; now += 500 {
			x, q := until(w, p, now)
			if recovery.Settled(x, q, &s.Service, s.Swarm(), now) {
				first = now
			}
		}
		require.GreaterOrEqual(t, first, back+w.HoldMS)
		require.LessOrEqual(t, first, whole.Recovered+w.HoldMS+3000)
		x, q := until(w, p, first)
		require.Equal(t, whole.Recovered, recovery.Read(x, q, &s.Service, s.Swarm()).Recovered)
	}
}

// TestSettledAtTheLimit: who never comes back is waited for until late can be
// told from never, and the limit of the window is enough for that.
func TestSettledAtTheLimit(t *testing.T) {
	s := scene.New(2, 9)
	s.Become = scene.Never
	limit := recovery.LimitMS(evidence.Action{}, []*evidence.Service{&s.Service}, s.Swarm(), 1)
	require.EqualValues(t, 107500, limit, "1.5 times 60 s and the delay of 5 s, and a hold")
	s.Limit = limit
	w, p, _ := s.Window()
	for _, now := range []int64{s.Injected + 20000, s.Injected + 90000} {
		x, q := until(w, p, now)
		require.False(t, recovery.Settled(x, q, &s.Service, s.Swarm(), now))
	}
	now := s.Injected + limit
	x, q := until(w, p, now)
	require.True(t, recovery.Settled(x, q, &s.Service, s.Swarm(), now))

	s = scene.New(2, 9)
	s.On = []int{0, 2}
	w, p, _ = s.Window()
	x, q = until(w, p, s.Injected+1000)
	require.True(t, recovery.Settled(x, q, &s.Service, s.Swarm(), s.Injected+1000), "not hit: nothing to wait for")
}

// TestNoticedLate: what the managers take beyond the usual to see a node down is
// added to the service's time, up to what a lost leader gets; a slow start is not.
func TestNoticedLate(t *testing.T) {
	for _, c := range []struct {
		detect, start int64 // ms
		leader        bool
		bound         float64 // s, without the delay
		late          bool
	}{
		{12_000, 1500, false, 60, false},
		{47_000, 15_000, false, 87, false},
		{47_000, 45_000, false, 87, true},
		{95_000, 1500, false, 120, false},
		{12_000, 60_000, false, 60, true},
		{58_000, 1500, true, 120, false},
	} {
		s := scene.New(2, 5)
		s.Detect, s.Start, s.Leader, s.Limit = c.detect, c.start, c.leader, 250_000
		got, _ := read(s)
		require.InDelta(t, c.bound+got.Delay, got.Bound, 2.1, "%+v", c)
		require.Equal(t, c.late, got.Seconds > got.Bound, "%v of %v", got.Seconds, got.Bound)
	}
}

// TestLimits follow the swarm's heartbeat, the leader and the delay.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		beat   int64
		delay  int64
		leader bool
		speed  float64
		bound  float64
	}{
		{5000, 5000, false, 1, 65},
		{5000, 20000, false, 0, 80},
		{10000, 0, false, 1, 120},
		{1000, 0, false, 1, 60},
		{5000, 5000, true, 1, 125},
		{250, 5000, false, 20, 65},
	} {
		svc := evidence.Service{Restart: evidence.RestartPolicy{DelayMS: c.delay}}
		swarm := evidence.Swarm{HeartbeatMS: c.beat}
		w := &evidence.Window{Speed: c.speed, Injecting: -1, Injected: -1, Restoring: -1, Ended: -1, Fault: evidence.Action{Leader: c.leader}}
		require.InDelta(t, c.bound, recovery.Read(w, &evidence.Probing{}, &svc, swarm).Bound, 0.001)
		got := recovery.LimitMS(evidence.Action{Leader: c.leader}, []*evidence.Service{{}, &svc}, swarm, c.speed)
		require.InDelta(t, (1.5*c.bound+10)*1000/max(1, c.speed), got, 1)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, replicas := range []int{2, 5} {
		b.Run(fmt.Sprint(replicas), func(b *testing.B) {
			s := scene.New(replicas, 1)
			s.Become = scene.Never
			w, p, _ := s.Window()
			for b.Loop() {
				recovery.Read(w, p, &s.Service, s.Swarm())
			}
		})
	}
}

// TestOneReplicaThatMovesAtOnce: what the new task answers before a reading shows that it
// runs does not hide that nothing answered before.
func TestOneReplicaThatMovesAtOnce(t *testing.T) {
	s := scene.New(1, 5)
	s.Kind, s.Service.Restart.DelayMS, s.Poll, s.Period, s.Start = "node-drain", 0, 4000, 100, 1000
	got, _ := read(s)
	require.GreaterOrEqual(t, got.Recovered, int64(0))
	require.Positive(t, got.Requests.Sent)
	require.Greater(t, 100*got.Requests.Failed, 55*got.Requests.Sent)
	require.Less(t, got.Requests.To, got.Recovered)

	s = scene.New(2, 5)
	s.Kind, s.Service.Restart.DelayMS, s.Poll, s.Period, s.Start = "node-drain", 0, 4000, 100, 1000
	got, _ = read(s)
	require.Equal(t, got.Recovered, got.Requests.To, "of two the other answers all along")
	require.Greater(t, got.Requests.Sent, got.Requests.Failed)
}
