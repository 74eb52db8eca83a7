package loadgen

import (
	"encoding/hex"
	"errors"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"swarmgrade/grader/evidence"
)

// observation is one request that came to an end. Times count from the run's
// start.
type observation struct {
	hit                  uint64 // place in the order of sending
	intended, sent, done time.Duration
	rule                 *rule // which rule named the container; nil for none
	failure              failure
	err                  error
	look                 int  // which client the request looked like
	sum                  sum  // of the body, where the answer told nothing
	echo                 echo // what the answer shows of its nonce
}

// sum is the beginning of a body's SHA-256.
type sum [8]byte

// unsent marks a place in the sequence whose request never ended.
const unsent = math.MinInt16

// recorder counts observations into a trace. Its size does not depend on how
// many there are.
type recorder struct {
	mu        sync.Mutex
	t         evidence.Trace
	answered  int
	failed    int
	responder map[string]int16 // by identity key
	failures  map[failure]int16
	unnamed   map[sum]int // places in t.Unnamed
	texts     int         // bytes of the answers kept there
	sequence  []int16
	numbers   [][]int64 // of the sequence; nil if nobody asked
	settle    bool
	wasted    time.Duration // spent on requests that failed
	settled   func()
	follow    *follower // nil for a load that sends all its requests
	enough    func()

	corrected, service histogram
	bucket             time.Duration
	timeline           []evidence.Bucket // Start is not set yet
	detail             *detail           // nil if nobody asked
}

func newRecorder(requests int, settled func(), settle bool) *recorder {
	r := &recorder{
		responder: make(map[string]int16), failures: make(map[failure]int16), unnamed: make(map[sum]int),
		sequence: make([]int16, min(requests, maxSequence)),
		settle:   settle, settled: settled,
		bucket: firstBucketMS * time.Millisecond,
	}
	for i := range r.sequence {
		r.sequence[i] = unsent
	}
	return r
}

// observe counts one request; s holds its answer and what was found in it.
func (r *recorder) observe(o *observation, s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var entry int16
	if o.failure == 0 {
		entry = r.who(o, s)
		r.t.Responders[entry].Count++
		note(&r.t.Responders[entry], o)
		if o.rule == nil && !s.found.looked {
			r.keep(o, s)
		}
		if o.rule != nil {
			noteClient(&r.t.Responders[entry], s.found.client)
		}
		r.answered++
		r.corrected.observe(int64(o.done - o.intended))
		r.service.observe(int64(o.done - o.sent))
	} else {
		class := r.class(o, s)
		r.t.Errors[class].Count++
		r.t.Errors[class].Browser += o.look
		r.failed++
		entry = -1 - class
		r.wasted += o.done - o.sent
		if r.settle && r.hopeless() {
			r.settled()
		}
	}
	if r.follow != nil && r.follow.next(entry, o.echo) {
		r.enough()
	}
	if o.hit < uint64(len(r.sequence)) {
		r.sequence[o.hit] = entry
		if r.numbers != nil && o.failure == 0 {
			r.numbers[o.hit] = slices.Clone(s.numbers)
		}
	}
	if r.detail != nil {
		r.detail.observe(entry, o)
	}
	if o.sent-o.intended > lateAfter {
		r.t.Late++
	}
	b := r.at(o.sent)
	if o.failure == 0 {
		b.OK++
	} else {
		b.Failed++
	}
}

// note counts what an answer shows of the request it belongs to.
func note(r *evidence.Responder, o *observation) {
	r.Browser += o.look
	switch o.echo {
	case echoOwn:
		r.Echoed++
	case echoOld:
		r.Replayed++
	}
}

// hopeless reports whether more requests would only cost time: nothing ever
// answered, or a good part fails and each failure takes long, as with every
// third request that waits for a dead server.
func (r *recorder) hopeless() bool {
	if r.answered == 0 && r.failed >= settledAfter {
		return true
	}
	return r.wasted >= wastedAfter && r.failed >= slowFailures && r.failed*10 >= r.failed+r.answered
}

// who finds or makes the responder of an answer.
func (r *recorder) who(o *observation, s *session) int16 {
	key := s.found.key
	nothing := o.rule == nil && !s.found.looked
	if nothing {
		key = unnamedKey
	}
	if i, ok := r.responder[string(key)]; ok {
		return i
	}
	var made evidence.Responder
	switch {
	case nothing:
		made.Sample = sample(s.answer.body)
	case len(r.t.Responders) >= maxResponders:
		// A page that invents names is not worth remembering one by one.
		if i, ok := r.responder[otherKey]; ok {
			return i
		}
		key = []byte(otherKey)
		made.Rule, made.Sample = "other", sample(s.answer.body)
	default:
		describe(&made, o.rule, s)
	}
	i := int16(len(r.t.Responders))
	r.t.Responders = append(r.t.Responders, made)
	if r.follow != nil {
		r.follow.met(&made)
	}
	r.responder[string(key)] = i
	return i
}

// describe fills in who gave an answer, as far as it tells.
func describe(made *evidence.Responder, r *rule, s *session) {
	if r == nil {
		made.Sample = sample(s.answer.body)
	} else {
		made.Rule, made.Identity = r.name, s.found.identity()
	}
	made.Header, made.Torn = s.found.header(), s.found.torn
	made.Mentions, made.MentionedIn = s.found.mentions()
}

// keep stores an answer that told nothing: its sum, and if there is room for it
// its text.
func (r *recorder) keep(o *observation, s *session) {
	i, known := r.unnamed[o.sum]
	if !known {
		if len(r.t.Unnamed) == maxUnnamed {
			return
		}
		i = len(r.t.Unnamed)
		r.unnamed[o.sum] = i
		made := evidence.Unnamed{SHA256: hex.EncodeToString(o.sum[:])}
		if n := len(s.answer.head) + len(s.answer.body); n <= maxText && r.texts+n <= maxTexts {
			made.Head, made.Body = string(s.answer.head), string(s.answer.body)
			r.texts += n
		}
		r.t.Unnamed = append(r.t.Unnamed, made)
	}
	u := &r.t.Unnamed[i]
	u.Count++
	u.Browser += o.look
	switch o.echo {
	case echoOwn:
		u.Echoed++
	case echoOld:
		u.Replayed++
	}
}

// Keys of the two responders that have no identity; no identity's key begins
// with a zero byte and goes on.
var unnamedKey = []byte("\x00unnamed")

const otherKey = "\x00other"

func (r *recorder) class(o *observation, s *session) int16 {
	if i, ok := r.failures[o.failure]; ok {
		return i
	}
	i := int16(len(r.t.Errors))
	r.t.Errors = append(r.t.Errors, errorClass(o.failure, o.err, &s.answer))
	r.failures[o.failure] = i
	return i
}

// at is the timeline's bucket for a moment. When there would be too many,
// pairs are merged and the buckets become twice as long.
func (r *recorder) at(sent time.Duration) *evidence.Bucket {
	i := int(sent / r.bucket)
	for ; i >= maxBuckets; i = int(sent / r.bucket) {
		for j := range r.timeline {
			b := r.timeline[j]
			r.timeline[j] = evidence.Bucket{}
			r.timeline[j/2].OK += b.OK
			r.timeline[j/2].Failed += b.Failed
		}
		r.timeline = r.timeline[:(len(r.timeline)+1)/2]
		r.bucket *= 2
	}
	for len(r.timeline) <= i {
		r.timeline = append(r.timeline, evidence.Bucket{})
	}
	return &r.timeline[i]
}

func (r *recorder) progress() (answered, failed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered, r.failed
}

// trace gives everything but the target and what only the run knows. No
// observation may follow.
func (r *recorder) trace() evidence.Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.t
	t.Sent = r.answered + r.failed
	t.SequenceCut = t.Sent > maxSequence
	if t.Responders == nil {
		t.Responders = []evidence.Responder{}
	}
	t.Sequence = r.sequence[:0]
	for i, e := range r.sequence {
		if e == unsent {
			continue
		}
		t.Sequence = append(t.Sequence, e)
		if r.numbers != nil {
			t.Numbers = append(t.Numbers, r.numbers[i])
		}
	}
	t.Latency = evidence.Latency{Corrected: r.corrected.quantiles(), Service: r.service.quantiles()}
	if r.detail != nil {
		r.detail.finish(&r.corrected, &r.service)
	}
	t.BucketMS = r.bucket.Milliseconds()
	for i, b := range r.timeline {
		if b.OK+b.Failed > 0 {
			b.Start = int64(i) * t.BucketMS
			t.Timeline = append(t.Timeline, b)
		}
	}
	return t
}

// sample is the start of a text, valid UTF-8 and cut between characters.
func sample(b []byte) string {
	s := strings.ToValidUTF8(string(b[:min(len(b), maxSample)]), "\uFFFD")
	for len(s) > maxSample { // a replacement can be longer than what it replaces
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// causeText is an error's text without addresses and local ports, which differ
// each time.
func causeText(err error) string {
	var op *net.OpError
	var path *os.PathError
	var call *os.SyscallError
	switch {
	case errors.As(err, &call):
		return call.Err.Error()
	case errors.As(err, &path):
		return path.Err.Error()
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}
