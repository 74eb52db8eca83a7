package web

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what anybody can have of the server. Zero values are replaced by those
// of [DefaultLimits].
type Limits struct {
	Header int   // bytes of a request's head
	Body   int64 // bytes of a request's body
	// Read bounds how long a request may take to arrive, Write how long its reader may take
	// for one piece of the answer, Handle how long the answer may take to be made, Idle how
	// long a connection may be open without a request.
	Read, Write, Handle, Idle time.Duration
	// Beat is how often a stream of events says that it is alive.
	Beat time.Duration
	// Connections at once, and of them those of one address. A school's whole class may have one
	// address.
	Connections, PerAddress int
	// Streams of events at once, and of them those of one session.
	Streams, PerSession int
	// Requests a second of one session, and how many may come at once.
	Rate  rate.Limit
	Burst int
	// Failed tokens: how many in a row, of an address and of all, and how long until one more.
	Failed, FailedAll           int
	FailedEvery, FailedAllEvery time.Duration
}

// DefaultLimits are enough for some hundred students behind one address.
var DefaultLimits = Limits{
	Header: 16 << 10, Body: 64 << 10,
	Read: 15 * time.Second, Write: 20 * time.Second, Handle: 2 * time.Minute, Idle: 2 * time.Minute, Beat: 15 * time.Second,
	Connections: 2048, PerAddress: 1024, Streams: 1024, PerSession: 3,
	Rate: 10, Burst: 60,
	Failed: 60, FailedEvery: 5 * time.Second, FailedAll: 600, FailedAllEvery: 500 * time.Millisecond,
}

func or[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// filled is l with the standard where it has nothing.
func (l Limits) filled() Limits {
	d := DefaultLimits
	or(&l.Header, d.Header)
	or(&l.Body, d.Body)
	or(&l.Read, d.Read)
	or(&l.Write, d.Write)
	or(&l.Handle, d.Handle)
	or(&l.Idle, d.Idle)
	or(&l.Beat, d.Beat)
	or(&l.Connections, d.Connections)
	or(&l.PerAddress, d.PerAddress)
	or(&l.Streams, d.Streams)
	or(&l.PerSession, d.PerSession)
	or(&l.Rate, d.Rate)
	or(&l.Burst, d.Burst)
	or(&l.Failed, d.Failed)
	or(&l.FailedEvery, d.FailedEvery)
	or(&l.FailedAll, d.FailedAll)
	or(&l.FailedAllEvery, d.FailedAllEvery)
	return l
}

// mostKeys bounds what is remembered of addresses and sessions.
const mostKeys = 8192

// buckets are token buckets by key. Where there is no room for another key, the fullest
// ones are forgotten: nobody has anything of being forgotten.
type buckets[K comparable] struct {
	every rate.Limit
	burst int

	mu  sync.Mutex
	all map[K]*rate.Limiter
}

func newBuckets[K comparable](every rate.Limit, burst int) *buckets[K] {
	return &buckets[K]{every: every, burst: burst, all: map[K]*rate.Limiter{}}
}

func (b *buckets[K]) of(key K, now time.Time) *rate.Limiter {
	if l, ok := b.all[key]; ok {
		return l
	}
	if len(b.all) >= mostKeys {
		for k, l := range b.all {
			if l.TokensAt(now) >= float64(b.burst)-0.5 {
				delete(b.all, k)
			}
		}
	}
	l := rate.NewLimiter(b.every, b.burst)
	if len(b.all) < mostKeys { // else everybody is busy, and it is counted with others alone
		b.all[key] = l
	}
	return l
}

// take takes one, if there is one.
func (b *buckets[K]) take(key K) bool {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of(key, now).AllowN(now, 1)
}

// some reports whether there is one to take.
func (b *buckets[K]) some(key K) bool {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.all[key]
	return !ok || l.TokensAt(now) >= 1
}

// counts are how many of something are held at once, in all and by key.
type counts[K comparable] struct {
	most, mostOf int

	mu  sync.Mutex
	n   int
	all map[K]int
}

func newCounts[K comparable](most, mostOf int) *counts[K] {
	return &counts[K]{most: most, mostOf: mostOf, all: map[K]int{}}
}

// take holds one until release is called, which may be done once.
func (c *counts[K]) take(key K) (release func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n >= c.most || c.all[key] >= c.mostOf {
		return nil, false
	}
	c.n++
	c.all[key]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.n--
		if c.all[key]--; c.all[key] == 0 {
			delete(c.all, key)
		}
	}, true
}

// place is what of an address is one place: an IPv6 address's network, since whoever has
// one of its addresses has them all.
func place(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}
