package worker

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"swarmgrade/grader/evidence"
	"swarmgrade/loadgen"
)

// Bounds of what a trace may hold: those of loadgen, with room for what that rounds up.
const (
	maxResponders = 260
	maxErrors     = 400
	maxSequence   = 10_000
	maxUnnamed    = 64
	maxBuckets    = 1_200
	maxText       = 4 << 10
	maxTexts      = 2 << 20 // of all together
)

// errOther is a trace of another load than the one that was handed out.
var errOther = errors.New("a trace of another target")

// words are what a trace may say of why it stopped.
var words = []string{"", "settled", "cancelled", "duration", "costly", "enough"}

// trust takes a trace that a worker sent for what it is handed out for: bounded, of this target
// and no other, with counts that add up. Its start is by the coordinator's clock.
func (h *hand) trust(o *order, m *message, r *Result) error {
	t, err := evidence.DecodeTrace(m.Trace)
	if err != nil {
		return fmt.Errorf("a trace that can't be: %w", err)
	}
	switch {
	case t.Target != o.Target:
		return errOther
	case t.Nonce != o.Nonce:
		return fmt.Errorf("%w: of another run", errOther)
	}
	now := h.pool.clock()
	began, bound := h.local(m.Began)
	switch {
	case m.Latencies == nil || !m.Latencies.Corrected.Valid(t.Answered()) || !m.Latencies.Service.Valid(t.Answered()):
		err = errors.New("latencies that can't be")
	case began > now+bound || began < 0 || t.Took < 0 || t.Took > time.Duration(now-began+bound).Milliseconds()+1:
		err = errors.New("times that can't be")
	case t.Stopped == "" && t.Sent < t.Target.Requests, t.Stopped == "duration" && o.Duration == 0, t.Stopped == "settled" && !o.Settle,
		t.Stopped == "enough" && (t.Target.Enough == evidence.Enough{} || t.Sent < t.Least), t.By != "" && t.Stopped != "enough":
		err = errors.New("fewer requests than were asked for")
	default:
		err = plausible(t)
	}
	if err != nil {
		return fmt.Errorf("a trace that can't be: %w", err)
	}
	t.Started, t.Retried = 0, false
	if epoch := h.pool.opt.Epoch; !epoch.IsZero() {
		t.Started = (h.pool.began.Sub(epoch) + time.Duration(began)).Milliseconds()
	}
	t.From = &evidence.Source{Worker: clip(h.line.Name), ClockUS: bound/1000 + 1}
	r.Trace, r.Latencies = *t, *m.Latencies
	return nil
}

// plausible holds a trace to the bounds of loadgen.
func plausible(t *evidence.Trace) error {
	n := t.Target.Requests
	if t.Sent < 0 || t.Sent > n || t.Connections < 0 || t.Connections > 2*n || t.Late < 0 || t.Late > n || !slices.Contains(words, t.Stopped) {
		return errors.New("more than was asked for")
	}
	if len(t.Responders) > maxResponders || len(t.Errors) > maxErrors || len(t.Sequence) > min(t.Sent, maxSequence) ||
		len(t.Unnamed) > maxUnnamed || len(t.Timeline) > maxBuckets || len(t.Visits) > n || len(t.Holds) > n {
		return errors.New("longer lists than any")
	}
	if t.SequenceCut != (t.Sent > maxSequence) {
		return errors.New("a sequence of another length")
	}
	texts := texts{}
	texts.add(t.By)
	count := func(all, first int, more ...int) bool {
		return all >= 0 && all <= n && first >= 0 && first <= all && !slices.ContainsFunc(more, func(k int) bool { return k < 0 || k > all })
	}
	good := true
	for i := range t.Responders {
		r := &t.Responders[i]
		good = good && loadgen.IsName(r.Hostname) && loadgen.IsName(r.StudentID) && !slices.ContainsFunc(r.Addresses, func(a string) bool { return !address(a) }) && count(r.Count, r.Browser, r.Echoed, r.Replayed) && len(r.Addresses) <= 64 && len(r.Clients) <= 64 && len(r.Mentions) <= 64
		texts.add(r.Hostname, r.StudentID, r.Rule, r.Sample, r.Header, r.MentionedIn)
		texts.add(r.Addresses...)
		texts.add(r.Clients...)
		texts.add(r.Mentions...)
	}
	for _, e := range t.Errors {
		good = good && count(e.Count, e.Browser) && loadgen.IsName(e.Class)
		texts.add(e.Class, e.Sample)
	}
	for _, u := range t.Unnamed {
		good = good && count(u.Count, u.Browser, u.Echoed, u.Replayed)
		texts.add(u.SHA256, u.Head, u.Body)
	}
	for _, v := range t.Visits {
		good = good && len(v.Set) <= 64 && len(v.Names) <= 64
		texts.add(v.Who, v.Value)
		texts.add(v.Names...)
		for _, c := range v.Set {
			texts.add(c.Name, c.Value, c.Attributes, c.Refused)
		}
	}
	sum := 0
	for i, b := range t.Timeline {
		good = good && b.OK >= 0 && b.Failed >= 0 && b.OK <= n && b.Failed <= n && b.Start >= 0 && (i == 0 || b.Start > t.Timeline[i-1].Start)
		sum += b.OK + b.Failed
	}
	good = good && sum == t.Sent && t.BucketMS >= 0
	answered, failed := make([]int, len(t.Responders)), make([]int, len(t.Errors))
	for _, s := range t.Sequence {
		if s >= 0 {
			answered[s]++
		} else {
			failed[-1-int(s)]++
		}
	}
	whole := func(in, all int) bool { return in == all || n > maxSequence && in < all }
	for i, k := range answered {
		good = good && whole(k, t.Responders[i].Count)
	}
	for i, k := range failed {
		good = good && whole(k, t.Errors[i].Count)
	}
	switch {
	case !good:
		return errors.New("counts that don't add up")
	case texts.bad || texts.bytes > maxTexts:
		return errors.New("longer texts than any")
	}
	return nil
}

func address(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// texts adds up what a trace holds of them.
type texts struct {
	bytes int
	bad   bool
}

func (t *texts) add(all ...string) {
	for _, s := range all {
		t.bytes += len(s)
		t.bad = t.bad || len(s) > maxText
	}
}

// clip is a text of a worker's that is shown: short, and valid.
func clip(s string) string {
	if len(s) > 200 {
		s = s[:200]
		for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-4):]) {
			s = s[:len(s)-1]
		}
	}
	if !utf8.ValidString(s) {
		return fmt.Sprintf("%q", s)
	}
	return s
}
