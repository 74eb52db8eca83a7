package worker

import (
	"cmp"
	"fmt"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/loadgen"
)

// Shards cuts a load into so many, each with an ID of its own, that add up to it: requests, rate and
// concurrency. There are fewer where there are fewer requests; each has one of all.
func Shards(t evidence.Target, how How, n int) ([]evidence.Target, How) {
	n = max(1, min(n, t.Requests))
	out := make([]evidence.Target, n)
	for i := range out {
		s := t
		s.ID = fmt.Sprintf("%s/%d", t.ID, i+1)
		s.Requests, s.Workers = share(t.Requests, n, i), max(1, share(t.Workers, n, i))
		out[i] = s
	}
	how.Rate /= float64(n)
	return out, how
}

// share is the i-th of n parts of a number, all as large as each other or larger by one.
func share(all, n, i int) int {
	part := all / n
	if i < all%n {
		part++
	}
	return part
}

// Sum is one load's shards as one trace of it: nothing is lost but the order of answers, since
// requests of several machines have none. Percentiles are those of all requests.
func Sum(whole evidence.Target, parts []Result) (evidence.Trace, error) {
	sum := evidence.Trace{Target: whole, Responders: []evidence.Responder{}, Sequence: []int16{}, SequenceCut: true}
	if len(parts) == 0 {
		return sum, nil
	}
	all := make([]loadgen.Latencies, len(parts))
	first, last := parts[0].Trace.Started, int64(0)
	for i := range parts {
		t := &parts[i].Trace
		all[i] = parts[i].Latencies
		first, last = min(first, t.Started), max(last, t.Started+t.Took)
		sum.BucketMS = max(sum.BucketMS, t.BucketMS)
		sum.Nonce = cmp.Or(sum.Nonce, t.Nonce)
		sum.Stopped = cmp.Or(sum.Stopped, t.Stopped)
		sum.Sent += t.Sent
		sum.Late += t.Late
		sum.Connections += t.Connections
		sum.Retried = sum.Retried || t.Retried
		for _, r := range t.Responders {
			addResponder(&sum, r)
		}
		for _, e := range t.Errors {
			if k := slices.IndexFunc(sum.Errors, func(o evidence.ErrorClass) bool { return o.Class == e.Class }); k >= 0 {
				sum.Errors[k].Count += e.Count
				sum.Errors[k].Browser += e.Browser
				continue
			}
			sum.Errors = append(sum.Errors, e)
		}
	}
	sum.Started, sum.Took = first, last-first
	sum.Timeline = timeline(parts, first, sum.BucketMS)
	var err error
	sum.Latency, err = loadgen.MergeLatencies(all)
	return sum, err
}

// addResponder counts answers of a container that another shard may have heard of too.
func addResponder(sum *evidence.Trace, r evidence.Responder) {
	k := slices.IndexFunc(sum.Responders, func(o evidence.Responder) bool {
		return o.Hostname == r.Hostname && o.StudentID == r.StudentID && o.Rule == r.Rule && slices.Equal(o.Addresses, r.Addresses)
	})
	if k < 0 {
		sum.Responders = append(sum.Responders, r)
		return
	}
	o := &sum.Responders[k]
	o.Count += r.Count
	o.Echoed += r.Echoed
	o.Replayed += r.Replayed
	o.Browser += r.Browser
	o.Torn = o.Torn || r.Torn
	for _, c := range r.Clients {
		if !slices.Contains(o.Clients, c) {
			o.Clients = append(o.Clients, c)
		}
	}
}

// timeline is that of all shards, from when the first of them began.
func timeline(parts []Result, first, bucket int64) []evidence.Bucket {
	if bucket <= 0 {
		return nil
	}
	at := map[int64]*evidence.Bucket{}
	for i := range parts {
		t := &parts[i].Trace
		for _, b := range t.Timeline {
			start := (t.Started - first + b.Start) / bucket * bucket
			if at[start] == nil {
				at[start] = &evidence.Bucket{Start: start}
			}
			at[start].OK += b.OK
			at[start].Failed += b.Failed
		}
	}
	var out []evidence.Bucket
	for _, b := range at {
		out = append(out, *b)
	}
	slices.SortFunc(out, func(x, y evidence.Bucket) int { return cmp.Compare(x.Start, y.Start) })
	return out
}
