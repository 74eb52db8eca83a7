package loadgen

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/stats"
)

// follower watches a load that may end once what it has to find out is found out.
type follower struct {
	settling *stats.Settling
	least    int
	among    []string // the containers that are to answer
	place    []int    // of each responder, among them; -1 for somebody else
	shown    []bool   // of them, that a responder was it
	echoes   int      // 1 if the first answer showed its nonce, -1 if it did not
	off      bool     // all requests are to be sent
}

// newFollower is nil for a load that sends all its requests. Only requests that are
// sent one after the other, each on a connection of its own, have an order.
func newFollower(t *evidence.Target, secret string) *follower {
	among := t.Enough.Containers()
	if len(among) == 0 {
		return nil
	}
	w := stats.Want{
		Containers: len(among), Spread: t.Enough.Spread, Most: t.Requests, MaxErrors: t.Enough.MaxErrors, Loads: t.Enough.Loads,
	}
	w.Least = stats.Looks(cmp.Or(secret, newSecret()), w)
	return &follower{settling: stats.NewSettling(w), least: w.Least, among: among, shown: make([]bool, len(among))}
}

// newSecret is drawn for each load. The run's nonce is none: every request shows it.
func newSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// checkEnough says what makes a target that may end early make no sense.
func checkEnough(t *evidence.Target) error {
	if t.Enough == (evidence.Enough{}) {
		return nil
	}
	among := t.Enough.Containers()
	switch {
	case len(among) == 0 || len(among) > maxResponders:
		return fmt.Errorf("%d containers are to answer before the load may end early", len(among))
	case slices.ContainsFunc(among, func(name string) bool { return name != strings.ToLower(name) }):
		return fmt.Errorf("the containers that are to answer must be named in lower case")
	case t.Workers > 1 || t.PerConnection != 1 || t.Requests > maxSequence || t.Kind != "mesh" && t.Kind != "haproxy":
		return fmt.Errorf("a load of the kind %q whose order is not kept can't end early", t.Kind)
	}
	return nil
}

// met notes who a new responder is. A container that is named in two ways is taken for
// nobody: a page that words its own name anew can say anything.
func (f *follower) met(r *evidence.Responder) {
	place := -1
	if r.Rule != "" && !r.Torn && r.Header == "" {
		place = mention.Place(f.among, r.Hostname)
	}
	if place >= 0 && f.shown[place] {
		place = -1
	}
	if place >= 0 {
		f.shown[place] = true
	}
	f.place = append(f.place, place)
}

// next takes how a request ended: who is a responder's place in the trace, or below 0
// for a failure. It reports whether the load may end.
func (f *follower) next(who int16, e echo) bool {
	place := -1
	if who >= 0 {
		place = f.place[who]
		shows := -1
		if e == echoOwn {
			shows = 1
		}
		if f.echoes == 0 {
			f.echoes = shows
		}
		// One answer that shows its request and another that doesn't come from two
		// hands, and an answer to an earlier request from a cache.
		f.off = f.off || e == echoOld || shows != f.echoes
	}
	return f.settling.Next(place) && !f.off
}
