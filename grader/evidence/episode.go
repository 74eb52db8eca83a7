package evidence

import (
	"slices"
	"strings"
)

// FaultEpisode is the name of the episode of the class's fault: the one that a
// rubric needs no action of its own for.
const FaultEpisode = "fault"

// Episode is a named stretch of a run: an action was in force, or had been undone,
// and something was watched.
type Episode struct {
	// Name is the action's ID in the rubric, or [FaultEpisode].
	Name string `json:"name"`
	// Action is what was done to this student: to their service alone, or to a node
	// by the rubric's will. The class's own fault is in the window that Probing names.
	Action *Action `json:"action,omitempty"`
	// Probing is what was seen of this student's service while the fault lasted,
	// if one concerned it.
	Probing *Probing `json:"probing,omitempty"`
	// Traces are load traces, ordered by target ID: of a fault after it was
	// undone, of another action while it was in force. Before and After are the
	// hashes of the snapshots around them.
	Before string  `json:"before,omitempty"`
	After  string  `json:"after,omitempty"`
	Traces []Trace `json:"traces,omitempty"`
	// Proxies and Traffic are as in [Bundle], read again for those traces; absent
	// where nothing of the student's HAProxy is looked at.
	Proxies []Proxy   `json:"proxies,omitempty"`
	Traffic []Traffic `json:"traffic,omitempty"`
	// Names are as in [Bundle], read in this episode.
	Names []NameView `json:"names,omitempty"`
	// Gaps say what of it was planned and could not be observed.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Gap reports the first gap whose What is one of the given names.
func (e *Episode) Gap(what ...string) (Gap, bool) { return gap(e.Gaps, what) }

// Episode is the one of a name, nil if there is none.
func (b *Bundle) Episode(name string) *Episode {
	for i := range b.Episodes {
		if b.Episodes[i].Name == name {
			return &b.Episodes[i]
		}
	}
	return nil
}

// Begin is [Bundle.Episode], which it makes if there is none; the pointer is good
// until the next one is made.
func (b *Bundle) Begin(name string) *Episode {
	if e := b.Episode(name); e != nil {
		return e
	}
	b.Episodes = append(b.Episodes, Episode{Name: name})
	return &b.Episodes[len(b.Episodes)-1]
}

// Observed adds to an episode what was observed in it, in the form of a bundle of
// its own.
func (e *Episode) Observed(b *Bundle) {
	e.Traces, e.Proxies, e.Traffic, e.Names = b.Traces, b.Proxies, b.Traffic, b.Names
	e.Gaps = append(e.Gaps, b.Gaps...)
}

// EpisodeGap is [Episode.Gap] of the episode of a name, if there is one.
func (b *Bundle) EpisodeGap(name string, what ...string) (Gap, bool) {
	if e := b.Episode(name); e != nil {
		return e.Gap(what...)
	}
	return Gap{}, false
}

// Probing is what was seen of the student in the class's fault window, nil if
// nothing was.
func (b *Bundle) Probing() *Probing {
	if e := b.Episode(FaultEpisode); e != nil {
		return e.Probing
	}
	return nil
}

// Disturbed reports whether something was done to the student's own in an episode:
// what is seen of it since tells nothing of before.
func (b *Bundle) Disturbed() bool {
	return slices.ContainsFunc(b.Episodes, func(e Episode) bool { return e.Probing != nil || e.Action != nil })
}

// Scene is the episode of a name, nil if there is none.
func (c *Case) Scene(name string) *Scene {
	for i := range c.Episodes {
		if c.Episodes[i].Name == name {
			return &c.Episodes[i]
		}
	}
	return nil
}

// Window is the class's fault window, nil if the student was in none.
func (c *Case) Window() *Window {
	if s := c.Scene(FaultEpisode); s != nil {
		return s.Window
	}
	return nil
}

// Snapshots are all that there are of a case, in the order of time.
func (c *Case) Snapshots() []*Snapshot {
	all := []*Snapshot{c.Before, c.After}
	for _, s := range c.Episodes {
		all = append(all, s.From, s.To)
	}
	out := all[:0]
	for _, s := range all {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}

// Join joins a bundle's episodes with what they name; the functions give nil for
// a hash of "".
func (c *Case) Join(snapshot func(hash string) (*Snapshot, error), window func(hash string) (*Window, error)) (err error) {
	c.Episodes = make([]Scene, len(c.Bundle.Episodes))
	for i := range c.Bundle.Episodes {
		e := &c.Bundle.Episodes[i]
		s := Scene{Episode: e}
		if e.Probing != nil {
			if s.Window, err = window(e.Probing.Window); err != nil {
				return err
			}
		}
		if s.From, err = snapshot(e.Before); err != nil {
			return err
		}
		if s.To, err = snapshot(e.After); err != nil {
			return err
		}
		c.Episodes[i] = s
	}
	return nil
}

// bundle1 is what a bundle of the first layout has in place of episodes: it knew
// the class's fault alone.
type bundle1 struct {
	Probing *Probing `json:"probing"`
	Later   []Trace  `json:"later"`
	Settled string   `json:"settled"`
	Final   string   `json:"final"`
}

const bundleSchema1 = "swarmgrade-bundle/1"

// upgrade gives a bundle of the first layout its one episode.
func (b *Bundle) upgrade(old bundle1) {
	b.Schema = BundleSchema
	e := Episode{Name: FaultEpisode, Probing: old.Probing, Before: old.Settled, After: old.Final, Traces: old.Later}
	var rest []Gap
	for _, g := range b.Gaps {
		target, later := strings.CutPrefix(g.What, "later/")
		switch {
		case later:
			g.What = "load/" + target
		case g.What == "snapshot/settled":
			g.What = "snapshot/before"
		case g.What == "snapshot/final":
			g.What = "snapshot/after"
		case g.What != "window":
			rest = append(rest, g)
			continue
		}
		e.Gaps = append(e.Gaps, g)
	}
	b.Gaps = rest
	if e.Probing != nil || len(e.Gaps) > 0 {
		b.Episodes = []Episode{e}
	}
}
