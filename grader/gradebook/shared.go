package gradebook

import (
	"slices"
	"sync"
)

// maxCached bounds the snapshots kept, and the windows; a run has four
// snapshots.
const maxCached = 8

// kept is what was read of evidence that many students share, by hash. Its lock is
// held for no longer than it takes to look: what reads the file may find it damaged,
// and notes that under a lock.
type kept[T any] struct {
	mu  sync.Mutex
	all map[string]*T
}

// get gives what is kept under a hash, or else what read gives, which is kept from then
// on. Two that ask at the same time may both read; they get the same.
func (k *kept[T]) get(hash string, read func() (*T, error)) (*T, error) {
	if v, ok := k.find(hash); ok {
		return v, nil
	}
	v, err := read()
	if err != nil {
		return nil, err
	}
	return k.put(hash, v), nil
}

func (k *kept[T]) find(hash string) (*T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.all[hash]
	return v, ok
}

func (k *kept[T]) put(hash string, v *T) *T {
	k.mu.Lock()
	defer k.mu.Unlock()
	if first, ok := k.all[hash]; ok {
		return first
	}
	if k.all == nil || len(k.all) >= maxCached {
		k.all = make(map[string]*T)
	}
	k.all[hash] = v
	return v
}

func (k *kept[T]) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = nil
}

// harm is what of a gradebook could not be read or was not what was written, and the
// students whose scores it concerns. Nothing is called while its lock is held.
type harm struct {
	mu       sync.Mutex
	what     []string
	suspects map[string]bool
}

func (h *harm) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.what, what) {
		h.what = append(h.what, what)
	}
}

func (h *harm) suspect(student string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.suspects == nil {
		h.suspects = make(map[string]bool)
	}
	h.suspects[student] = true
}

func (h *harm) isSuspect(student string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.suspects[student]
}

// take gives the students suspected so far and forgets them; give adds some.
func (h *harm) take() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.suspects
	h.suspects = nil
	return out
}

func (h *harm) give(some map[string]bool) {
	for student := range some {
		h.suspect(student)
	}
}

// First has something read of evidence before scores are, so that the one need not be held in memory beside the
// other: what it keeps of snapshots goes when it is done. Whom it finds to be damaged is not held
// against the scores that are read until the function it gives is called, as if evidence were read after them.
func (g *Gradebook) First(read func() error) (after func(), err error) {
	before := g.harm.take()
	err = read()
	found := g.harm.take()
	g.harm.give(before)
	g.snapshots.drop()
	return func() { g.harm.give(found) }, err
}

// all is a copy of what was noted.
func (h *harm) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.what)
}
