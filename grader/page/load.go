package page

import (
	"io"

	"swarmgrade/grader/i18n"
)

// Load is the page of one load: what was sent, what came of it.
type Load struct {
	Title   string
	Address string // with the path
	When    string
	// Seal is what the file is known by again.
	Seal string
	// Mark and State say whether the limits were kept; "" if there were none.
	Mark          Mark
	State         string
	Got, Of       string // answers, of requests
	Summary       []string
	Limits        []Limit
	Course        *Plot
	Corrected     *Plot
	Service       *Plot
	Curve         *Plot
	Latencies     []Latency
	LatencyNotes  []string
	Spread        *Spread
	Responders    []Responder
	MoreContainer string // that others are not listed
	Verdicts      []string
	Failures      []Failed
	Sent          []Field
	Foot          []Field
}

// Limit is one that was asked for.
type Limit struct {
	Mark              Mark
	Word              string // the mark in words
	Name, Limit, Seen string
}

// Latency is a row of percentiles, from the intended time and from sending.
type Latency struct{ Name, Corrected, Service string }

// Responder is one container that answered.
type Responder struct {
	Name    string
	Where   string // addresses, student
	Answers string
	Share   string
	P50     string
	P99     string
	Spark   []Rect
}

// Failed is a class of failures.
type Failed struct{ Class, Count, When, Meaning, Sample string }

// WriteLoad writes the page of a load.
func WriteLoad(w io.Writer, lang i18n.Lang, p *Load) error { return Fragment(w, lang, "load-page", p) }
