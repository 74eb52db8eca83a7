package worker

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"swarmgrade/loadgen"
)

var errLapsed = errors.New("nothing was heard of the coordinator")

// Serve is the worker's program: it drives what it is told to over in and out, and nothing
// else, until in ends, its lease is over, or ctx ends. It dials the addresses of
// targets, the swarm's port of hosts that it is asked whether it reaches, and nothing else.
//
// The error says why it ended early. Load that was under way has ended when it returns.
func Serve(ctx context.Context, in io.Reader, out io.Writer, secret []byte) error {
	return serve(ctx, in, out, secret, loadgen.Run)
}

func serve(ctx context.Context, in io.Reader, out io.Writer, secret []byte, run driver) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &server{
		wire: &wire{in: in, out: out, max: maxToWorker}, stop: stop, began: time.Now(), run: run,
		known: map[uint64]*loadgen.Options{}, loads: map[uint64]context.CancelFunc{},
	}
	s.lapse = time.AfterFunc(LeaseTime+welcomeLimit, func() { stop(errLapsed) })
	defer s.lapse.Stop()
	s.budget.wake = make(chan struct{}, 1)
	s.queue = make(chan *message, maxQueue)
	read := make(chan error, 1)
	var spoken sync.WaitGroup
	quiet := make(chan struct{})
	spoken.Go(func() { s.speak(quiet) })
	// What is read may never come to an end: standard input stays open.
	go func() { read <- s.read(ctx, secret) }()
	var err error
	select {
	case err = <-read:
		stop(err)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	s.loadsMu.Lock()
	s.over = true
	s.loadsMu.Unlock()
	s.running.Wait()
	close(quiet)
	spoken.Wait()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

// server is a worker.
type server struct {
	*wire
	run     driver
	queue   chan *message // what is to be said
	stop    context.CancelCauseFunc
	began   time.Time
	lapse   *time.Timer // of its own lease
	running sync.WaitGroup
	budget  budget
	known   map[uint64]*loadgen.Options // read by one goroutine

	loadsMu sync.Mutex
	loads   map[uint64]context.CancelFunc
	over    bool // nothing is begun any more
}

// speak sends what is queued, so that no load waits for whoever reads.
func (s *server) speak(quiet <-chan struct{}) {
	for {
		select {
		case m := <-s.queue:
			if err := s.send(m); err != nil {
				s.stop(err)
				return
			}
		case <-quiet:
			return
		}
	}
}

// say queues a message; it gives up when the worker ends.
func (s *server) say(ctx context.Context, m *message) {
	select {
	case s.queue <- m:
	case <-ctx.Done():
	}
}

// clock is the worker's: nanoseconds since it began.
func (s *server) clock() int64 { return int64(time.Since(s.began)) }

// read does what it is told until there is nothing more to read.
func (s *server) read(ctx context.Context, secret []byte) error {
	s.first(secret, true, "")
	hello, err := s.receive()
	if err != nil {
		return err
	}
	if hello.Kind != kHello || hello.Version != version || hello.Session == "" {
		return errSpeech
	}
	ours := session()
	s.first(secret, true, hello.Session)
	if err := s.send(&message{Kind: kWelcome, Version: version, Session: ours}); err != nil {
		return err
	}
	s.both(secret, true, hello.Session, ours)
	s.inN, s.outN = 0, 0
	for {
		m, err := s.receive()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch m.Kind {
		case kPing:
			err = s.ping(m)
		case kKnow:
			err = s.know(m)
		case kReach:
			s.begin(func() { s.reach(ctx, m) })
		case kLoad:
			err = s.load(ctx, m)
		case kCancel:
			s.loadsMu.Lock()
			if cancel := s.loads[m.ID]; cancel != nil {
				cancel()
			}
			s.loadsMu.Unlock()
		case kGrant:
			s.budget.add(m.N)
		default:
			err = errSpeech
		}
		if err != nil {
			return err
		}
	}
}

// ping answers, and takes its lease to be as long as from the sign of life that was heard.
func (s *server) ping(m *message) error {
	now := s.clock()
	if m.Ack > now {
		return errSpeech
	}
	if m.Ack > 0 {
		s.lapse.Reset(max(0, time.Duration(m.Ack-now)+LeaseTime))
	}
	return s.send(&message{Kind: kPong, At: m.At, Got: now, Now: s.clock()})
}

// know prepares what answers are read by.
func (s *server) know(m *message) error {
	if m.Attribution == nil {
		return errSpeech
	}
	options := &loadgen.Options{Known: m.Known}
	if len(m.Attribution.Rules) > 0 {
		var err error
		if options.Attribution, err = loadgen.Compile(*m.Attribution); err != nil {
			return err
		}
	}
	s.known[m.ID] = options
	return nil
}

// begin runs something beside the reading of messages.
func (s *server) begin(what func()) {
	s.loadsMu.Lock()
	defer s.loadsMu.Unlock()
	if !s.over {
		s.running.Go(what)
	}
}

func (s *server) reach(ctx context.Context, m *message) {
	answer := message{Kind: kReached, ID: m.ID}
	if err := (loadgen.Loader{}).Reach(ctx, m.Host); err != nil {
		answer.Problem = err.Error()
	}
	s.say(ctx, &answer)
}
