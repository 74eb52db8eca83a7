package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"swarmgrade/grader/desk"
)

// Patch is a part of a page as it is from now on.
type Patch struct {
	// ID is the element whose place HTML takes; with Append HTML goes to its end, unless an element
	// of HTML's own ID is there already, whose place it takes then.
	ID     string `json:"id,omitempty"`
	HTML   string `json:"html,omitempty"`
	Append bool   `json:"append,omitempty"`
	// Say is said to who listens to the page rather than looking at it.
	Say string `json:"say,omitempty"`
}

// Patches turns what happened into parts of a page; none if it does not show there.
type Patches func(ctx context.Context, e desk.Event) ([]Patch, error)

const (
	gather   = 50 * time.Millisecond // events that come together go out together
	mostHeld = 1024                  // of them
	asked    = 2 * time.Second       // for how long it is taken for granted that the link is in force
	retry    = 3 * time.Second       // until a browser connects anew
)

// Stream answers with events for as long as the reader listens, the server is up and the
// reader's link is in force. It goes on behind the last one that the reader had, which a browser says itself.
func (q *Request) Stream(w http.ResponseWriter, topic desk.Topic, patches Patches) error {
	s := q.site
	release, ok := s.streams.take(q.session)
	if !ok {
		return tooMany("web.too_many_streams", time.Minute)
	}
	defer release()
	if !s.opens() {
		return &trouble{status: http.StatusServiceUnavailable, key: "web.going", after: retry}
	}
	defer s.wg.Done()
	events, cancel := s.desk.Subscribe(topic, q.after())
	defer cancel()
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // nothing more is to come from there
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // proxies are to hand each on at once
	x := &stream{q: q, w: w, patches: patches, asked: time.Now()}
	fmt.Fprintf(&x.out, "retry: %d\n: hello\n\n", retry.Milliseconds())
	return x.run(events)
}

// opens counts a stream unless the server goes down.
func (s *Site) opens() bool {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.gone.Err() != nil {
		return false
	}
	s.wg.Add(1)
	return true
}

// after is the ID of the last event that the reader had.
func (q *Request) after() uint64 {
	text := q.Header.Get("Last-Event-ID")
	if text == "" {
		text = q.URL.Query().Get("after")
	}
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

type stream struct {
	q       *Request
	w       http.ResponseWriter
	patches Patches
	out     bytes.Buffer
	held    []desk.Event
	asked   time.Time // when the link was in force
}

func (x *stream) run(events <-chan desk.Event) error {
	beat := time.NewTicker(x.q.site.limits.Beat)
	defer beat.Stop()
	wait := time.NewTimer(0) // the first time for what is to be said at once
	defer wait.Stop()
	for {
		select {
		case <-x.q.Context().Done():
			return nil
		case <-x.q.site.gone.Done():
			return nil // the browser asks again
		case <-beat.C:
			x.out.WriteString(": \n\n")
			if !x.send() {
				return nil
			}
		case <-wait.C:
			if !x.send() {
				return nil
			}
		case e, more := <-events:
			if !more { // it was too slow, or the desk goes down
				x.send()
				return nil
			}
			if x.held = append(x.held, e); len(x.held) == 1 {
				wait.Reset(gather)
			}
			if len(x.held) >= mostHeld && !x.send() {
				return nil
			}
		}
	}
}

// send writes what is held; it reports whether to go on.
func (x *stream) send() bool {
	ctx, cancel := context.WithTimeout(x.q.Context(), x.q.site.limits.Handle)
	defer cancel()
	if !x.mayKnow(ctx) {
		return false
	}
	if !x.turn(ctx) {
		return false
	}
	if x.out.Len() == 0 {
		return true
	}
	_, err := x.w.Write(x.out.Bytes())
	x.out.Reset()
	if err == nil {
		err = http.NewResponseController(x.w).Flush()
	}
	return err == nil // who takes nothing is let go, and asks again
}

// studentsAtOnce is how many students' pages are brought up to date at a time: when the scores of a whole class change
// all are, and who opens a page then does not wait for the pages of everybody else.
const studentsAtOnce = 2

// turn writes what is held when it is the stream's turn; it reports whether it came.
func (x *stream) turn(ctx context.Context) bool {
	if len(x.held) > 0 && !x.q.Who.Teacher {
		select {
		case x.q.site.turns <- struct{}{}:
			defer func() { <-x.q.site.turns }()
		case <-x.q.site.gone.Done():
			return false
		case <-ctx.Done():
			return false
		}
	}
	x.write(ctx)
	return true
}

// mayKnow reports whether the reader's link is still in force.
func (x *stream) mayKnow(ctx context.Context) bool {
	if time.Since(x.asked) < asked {
		return true
	}
	who, err := x.q.site.desk.WhoHas(ctx, x.q.token)
	if err != nil && !isNobody(err) && !errors.Is(err, context.Canceled) {
		x.q.site.slogged(x.q, err)
	}
	x.asked = time.Now()
	return err == nil && who == x.q.Who
}

// write says the events that are held: of each part of the page its newest state alone.
func (x *stream) write(ctx context.Context) {
	if len(x.held) == 0 {
		return
	}
	held := x.held
	x.held = nil
	last := held[len(held)-1].ID
	var all []Patch
	for _, e := range held {
		if _, reset := e.What.(desk.Reset); reset {
			fmt.Fprintf(&x.out, "id: %d\nevent: reset\ndata: 1\n\n", last)
			return // the page is read anew as it is then
		}
		more, err := x.patches(ctx, e)
		if err != nil {
			x.q.site.slogged(x.q, err)
			continue // the page shows it when it is read anew
		}
		all = append(all, more...)
	}
	data, err := json.Marshal(newest(all))
	if err != nil {
		x.q.site.slogged(x.q, err)
		return
	}
	if len(all) == 0 { // only that the reader has been told of all up to here
		fmt.Fprintf(&x.out, "id: %d\n\n", last)
		return
	}
	fmt.Fprintf(&x.out, "id: %d\nevent: put\ndata: %s\n\n", last, data)
}

// newest leaves out what another patch takes the place of later.
func newest(all []Patch) []Patch {
	final := map[string]int{}
	for i, p := range all {
		if !p.Append {
			final[p.ID] = i
		}
	}
	var out []Patch
	for i, p := range all {
		if k, ok := final[p.ID]; ok && i < k {
			if p.Say == "" {
				continue
			}
			p = Patch{Say: p.Say}
		}
		out = append(out, p)
	}
	return out
}
