package desk

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// So many events are kept of a topic for who comes back, and wait for who reads slowly.
const (
	keptOfClass   = 2048
	keptOfStudent = 256
	slack         = 128
)

// hub hands out events. What is told while it is closed is told nobody.
type hub struct {
	mu      sync.Mutex
	start   uint64 // IDs up to it are of an earlier server
	last    uint64
	closed  bool
	streams map[Topic]*stream
}

// stream is one topic.
type stream struct {
	kept []Event // the newest, at most twice as many as are promised
	gone uint64  // the newest that is kept no more
	subs map[chan Event]bool
}

// newHub makes a hub whose IDs are above all that one made earlier has given: there is room for a
// thousand events in each microsecond between them.
func newHub() *hub {
	start := uint64(time.Now().UnixMilli()) << 20
	return &hub{start: start, last: start, streams: map[Topic]*stream{}}
}

func (h *hub) stream(t Topic) *stream {
	s := h.streams[t]
	if s == nil {
		s = &stream{gone: h.start, subs: map[chan Event]bool{}}
		h.streams[t] = s
	}
	return s
}

// tell tells each of some topics; nobody is waited for.
func (h *hub) tell(what What, topics ...Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	for _, t := range topics {
		h.last++
		e := Event{ID: h.last, Topic: t, When: time.Now(), What: what}
		s := h.stream(t)
		s.keep(e, t)
		for c := range s.subs {
			select {
			case c <- e:
			default: // too slow: who still wants it asks again
				delete(s.subs, c)
				close(c)
			}
		}
	}
}

func (s *stream) keep(e Event, t Topic) {
	most := keptOfClass
	if strings.HasPrefix(string(t), studentTopic) {
		most = keptOfStudent
	}
	if s.kept = append(s.kept, e); len(s.kept) >= 2*most {
		s.gone = s.kept[len(s.kept)-most-1].ID
		s.kept = slices.Clone(s.kept[len(s.kept)-most:])
	}
}

func (h *hub) subscribe(t Topic, after uint64) (<-chan Event, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stream(t)
	var first []Event
	switch {
	case after == 0:
	case after < s.gone || after > h.last:
		first = []Event{{ID: h.last, Topic: t, When: time.Now(), What: Reset{}}}
	default:
		at, _ := slices.BinarySearchFunc(s.kept, after+1, func(e Event, id uint64) int {
			switch {
			case e.ID < id:
				return -1
			case e.ID > id:
				return 1
			}
			return 0
		})
		first = s.kept[at:]
	}
	c := make(chan Event, len(first)+slack)
	for _, e := range first {
		c <- e
	}
	if h.closed {
		close(c)
		return c, func() {}
	}
	s.subs[c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if s.subs[c] {
			delete(s.subs, c)
			close(c)
		}
		if len(s.subs) == 0 && len(s.kept) == 0 && h.streams[t] == s {
			delete(h.streams, t)
		}
	}
}

func (h *hub) now() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, s := range h.streams {
		for c := range s.subs {
			close(c)
		}
		clear(s.subs)
	}
}

// tellStudents tells every student whose topic somebody listens to, or has lately.
func (h *hub) tellStudents(what func(id string) What) {
	h.mu.Lock()
	var all []Topic
	for t := range h.streams {
		if strings.HasPrefix(string(t), studentTopic) {
			all = append(all, t)
		}
	}
	h.mu.Unlock()
	for _, t := range all {
		h.tell(what(strings.TrimPrefix(string(t), studentTopic)), t)
	}
}

// heard reports whether somebody listens.
func (h *hub) heard() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.streams {
		if len(s.subs) > 0 {
			return true
		}
	}
	return false
}
