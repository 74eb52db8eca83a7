package evidence

import "strings"

// Target is one address that load is driven at, as planned.
type Target struct {
	// ID is "mesh/<node hostname>" for a published port on a node, "haproxy"
	// for the student's load balancer; with ":<port>" where several are driven.
	ID string `json:"id"`
	// Kind is "mesh", "haproxy", or for a load on the balancer "cookies", whose
	// clients keep cookies, "returning", whose clients come with those of an earlier
	// load, and "held", which holds requests open.
	Kind string `json:"kind"`
	// Address is host:port; nothing else is dialled.
	Address string `json:"address"`
	NodeID  string `json:"node_id,omitempty"`
	Path    string `json:"path"`
	// Requests is how many are sent at most.
	Requests int `json:"requests"`
	// PerConnection is how many requests one connection carries; 1 makes a new
	// connection for each, 0 keeps connections alive.
	PerConnection int `json:"per_connection"`
	// Workers is how many requests may be under way at once; 1 keeps the order
	// of answers exact.
	Workers   int   `json:"workers"`
	TimeoutMS int64 `json:"timeout_ms"`
	// Host is the Host header that requests carry; "" is the address.
	Host string `json:"host,omitempty"`
	// Cookies is how clients of the kind "cookies" behave.
	Cookies Cookies `json:"cookies,omitzero"`
	// Holds is how a load of the kind "held" goes.
	Holds Holds `json:"holds,omitzero"`
	// Numbers asks for the numbers that answers show; see [Trace.Numbers].
	Numbers bool `json:"numbers,omitempty"`
	// Enough is what the load may end early for; the zero value sends all requests.
	Enough Enough `json:"enough,omitzero"`
}

// Enough is what has to be found out before a load ends with fewer requests than
// its target has. Package stats decides when it is.
type Enough struct {
	// Among are the containers that are to answer, by the first 12 digits of their
	// IDs or by the host names that their service gives them, in lower case, in order
	// and with a blank between two. Whoever else answers, fails or names
	// one of them in two ways has all requests sent.
	Among string `json:"among,omitempty"`
	// Spread says that evenness is to be found out, not only that all of them answer.
	Spread bool `json:"spread,omitempty"`
	// MaxErrors is the share of failures that is allowed.
	MaxErrors float64 `json:"max_errors,omitempty"`
	// Loads is how many loads, this one among them, show together how many requests
	// fail: those at all nodes of the mesh.
	Loads int `json:"loads,omitempty"`
}

// Containers are those of Among.
func (e Enough) Containers() []string { return strings.Fields(e.Among) }

// Balanced reports whether the load goes through the student's balancer.
func (t *Target) Balanced() bool {
	return t.Kind == "haproxy" || t.Kind == "cookies" || t.Kind == "returning" || t.Kind == "held"
}

// Trace is what came back from one target.
//
// The number of entries of all responders and errors adds up to Sent.
type Trace struct {
	Target Target `json:"target"`
	// Nonce is what every request of the run carried, with numbers of the
	// trace's and its own behind it; "" in traces that were taken before there
	// was one.
	Nonce   string `json:"nonce,omitempty"`
	Started int64  `json:"started_ms"`
	Took    int64  `json:"took_ms"`
	Sent    int    `json:"sent"`
	// Stopped says why fewer than planned were sent: "" (none fewer),
	// "settled" (nothing ever answered), "cancelled", "duration" (the time that
	// was given is up), "costly" (reading the answers took more processor time
	// than any honest page does), "enough" (what the target has to find out was, and
	// By says what showed it).
	Stopped string `json:"stopped,omitempty"`
	// By is package stats' word for what showed it, where Stopped is "enough".
	By string `json:"by,omitempty"`
	// Least is how many answers there had to be before the load could end early: drawn
	// by chance for each load, so that nobody who answers can know it; 0 where all
	// requests were to be sent anyway.
	Least int `json:"least,omitempty"`
	// Retried says that an earlier try got nothing but 503 from the balancer,
	// as one does that has just started and whose servers are not up yet, or
	// less than all from one that looks its servers up now and then, or
	// that a few of its requests timed out; this is the second try.
	Retried bool `json:"retried,omitempty"`
	// Responders are who answered, in the order of their first answer.
	Responders []Responder `json:"responders"`
	// Errors are the failures by class, in the order of their first one.
	Errors []ErrorClass `json:"errors,omitempty"`
	// Sequence has an entry a request, in the order sent: an index into
	// Responders, or -1-i for an index i into Errors. Kept up to the loader's
	// limit; SequenceCut says that there were more.
	Sequence    []int16 `json:"sequence"`
	SequenceCut bool    `json:"sequence_cut,omitempty"`
	// Numbers has an entry a request, as Sequence has, where the target asks for
	// them: the whole decimal numbers that stand by themselves on the page, in its
	// order, [NumbersKept] at most; null for a failure. One that is the request's
	// own source port is kept as a negative number. Which of them means what is for
	// judging to find.
	Numbers [][]int64 `json:"numbers,omitempty"`
	// Visits are what clients that know cookies saw, in the order of the sequence.
	Visits []Visit `json:"visits,omitempty"`
	// Holds are the rounds of a load that holds requests open, in their order; one
	// that did not come to its end is left out.
	Holds   []Hold  `json:"holds,omitempty"`
	Latency Latency `json:"latency"`
	// Timeline has a bucket of BucketMS for each interval with requests.
	BucketMS int64    `json:"bucket_ms,omitempty"`
	Timeline []Bucket `json:"timeline,omitempty"`
	// Unnamed are the different answers of which nothing could be told when they
	// were read: the first few with their text, so that what came up meanwhile
	// can be looked for in them.
	Unnamed []Unnamed `json:"unnamed,omitempty"`
	// Late counts requests sent more than 10 ms after their intended time.
	Late        int `json:"late,omitempty"`
	Connections int `json:"connections"`
	// Through is the state of the HAProxies that a load through one may have met, as they were read
	// before it: a run that goes on takes no load for theirs that another one answered. It is "" for
	// other loads, and in traces that were taken before it was noted.
	Through string `json:"through,omitempty"`
	// From is the worker that the load came from; nil is the grader's own machine.
	From *Source `json:"from,omitempty"`
}

// Source is a worker that a load came from.
type Source struct {
	// Worker is what its machine is called.
	Worker string `json:"worker"`
	// ClockUS is what Started may be off by, in microseconds, since it was read off the
	// worker's clock.
	ClockUS int64 `json:"clock_us"`
}

// Responder is one identity that answers showed.
type Responder struct {
	Identity
	Count int `json:"count"`
	// Rule names the attribution rule that matched, or is "exists" if the
	// container was found because there is one; "" if nothing was, and then the
	// identity is empty and Sample holds the start of the first such body.
	Rule   string `json:"rule,omitempty"`
	Sample string `json:"sample,omitempty"`
	// Header is the header field that the identity was read in, lower case: a
	// balancer can write one, but no body.
	Header string `json:"header,omitempty"`
	// Mentions are what the answer holds beside, where the identity names no
	// container that was known when it was read: IDs (first 12 digits), addresses
	// and host names of containers, and words that may be such.
	Mentions []string `json:"mentions,omitempty"`
	// MentionedIn is as Header, for the mentions.
	MentionedIn string `json:"mentioned_in,omitempty"`
	// Torn says that the body makes more than one claim: the others are not
	// kept.
	Torn bool `json:"torn,omitempty"`
	// Of Count, Echoed is how many answers showed their own request's nonce,
	// Replayed how many showed another request's: of this run, and since its nonces
	// are known in others, of an earlier one.
	Echoed   int `json:"echoed,omitempty"`
	Replayed int `json:"replayed,omitempty"`
	// Clients are the addresses, without port, that the container says its
	// requests came from, the first few in the order seen: the balancer's own
	// where nothing stands between.
	Clients []string `json:"clients,omitempty"`
	// Browser is how many of Count answered a request that looked like a
	// browser's; the others looked like curl's. Half of all requests do, chosen
	// at random.
	Browser int `json:"browser,omitempty"`
}

// Unnamed is one of the different answers that told nothing.
type Unnamed struct {
	// SHA256 is the first 16 hexadecimal digits of the body's.
	SHA256 string `json:"sha256"`
	Count  int    `json:"count"`
	// Head and Body are the answer's own, for the first few that are short
	// enough to be kept whole; both "" for the others.
	Head string `json:"head,omitempty"`
	Body string `json:"body,omitempty"`
	// Echoed, Replayed and Browser are as in [Responder].
	Echoed   int `json:"echoed,omitempty"`
	Replayed int `json:"replayed,omitempty"`
	Browser  int `json:"browser,omitempty"`
}

// Identity is what an answer says of the container that gave it. It is a
// claim: judging ties it to a task.
type Identity struct {
	Hostname  string   `json:"hostname,omitempty"`
	Addresses []string `json:"addresses,omitempty"` // no loopback, no prefix length
	StudentID string   `json:"student_id,omitempty"`
}

// ErrorClass counts failures of one kind.
type ErrorClass struct {
	// Class is a stable word: "refused", "timeout", "reset", "eof",
	// "unreachable", "malformed", "too-large", "redirect", or "http-<status>".
	Class  string `json:"class"`
	Count  int    `json:"count"`
	Sample string `json:"sample,omitempty"`
	// Browser is as in [Responder].
	Browser int `json:"browser,omitempty"`
}

// Latency is in microseconds. Corrected figures count from the time a request
// was meant to be sent; the service figures from when it was.
type Latency struct {
	Corrected Quantiles `json:"corrected"`
	Service   Quantiles `json:"service"`
}

// Quantiles of a set of durations, in microseconds.
type Quantiles struct {
	Mean int64 `json:"mean"`
	P50  int64 `json:"p50"`
	P90  int64 `json:"p90"`
	P95  int64 `json:"p95"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

// Bucket counts the requests sent in one interval of the timeline.
type Bucket struct {
	Start  int64 `json:"start_ms"` // from the trace's start
	OK     int   `json:"ok"`
	Failed int   `json:"failed"`
}

// Answered is the number of requests that got an answer from somebody.
func (t *Trace) Answered() int {
	n := 0
	for _, r := range t.Responders {
		n += r.Count
	}
	return n
}

// Failed is the number of requests that did not.
func (t *Trace) Failed() int {
	n := 0
	for _, e := range t.Errors {
		n += e.Count
	}
	return n
}
