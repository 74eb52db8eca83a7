// Package lookup is the helper that says what names mean inside an overlay network: a
// program that asks the DNS server of the container it runs in, the image that carries it
// to the engines, and the report that it writes.
//
// The program is the grader's own executable, so that what runs in a student's network is
// what the grader was built of. It reads nothing but its arguments, opens no port, and ends
// by itself.
package lookup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Verb is the command of the program that runs the helper.
const Verb = "lookup"

const (
	// MaxNames and MaxAddresses bound what is asked about and what is reported of it: of
	// no service are more tasks kept.
	MaxNames     = 8
	MaxAddresses = 500
	// MaxReport bounds a report in bytes.
	MaxReport = 64 << 10
	// Limit is how long names are asked for that do not say what they should: a node that
	// has just come to the network may hear of it by the bulk sync alone, which gossip does
	// every 30 s (libnetwork's networkdb, after memberlist's PushPullInterval). Every is the
	// time between two rounds, tryLimit what one question may take.
	Limit    = 32 * time.Second
	Every    = 500 * time.Millisecond
	tryLimit = 2 * time.Second

	version = 1
	maxWord = 255 // a DNS name has no more
)

// Why there is no address under a name.
const (
	Unknown = "unknown" // the server knows no such name
	Timeout = "timeout" // it did not answer
	Failed  = "failed"  // it answered with a failure
)

// Name is a name to ask about, and the IPv4 addresses that are expected under it: with
// them the helper ends at once, without them it asks on for [Limit]. It reports what it was
// told, whatever is expected.
type Name struct {
	Name string
	Want []string
}

// Arg is the name as an argument of the program.
func (n Name) Arg() string { return n.Name + "=" + strings.Join(n.Want, ",") }

// Answer is what one name led to: addresses, sorted, each as often as it was given, or one
// of the failures above.
type Answer struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses,omitempty"`
	Failure   string   `json:"failure,omitempty"`
}

// Report is what a helper saw in its last round.
type Report struct {
	Version int      `json:"swarmgrade_lookup"`
	Answers []Answer `json:"answers"`
}

// Answer is that of a name, nil for none.
func (r *Report) Answer(name string) *Answer {
	i := slices.IndexFunc(r.Answers, func(a Answer) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Answers[i]
}

// Resolver asks a DNS server for a name's IPv4 addresses.
type Resolver func(ctx context.Context, name string) ([]netip.Addr, error)

// ErrUnknown says that the server knows no such name.
var ErrUnknown = errors.New("no such name")

// Run is the program: it asks for the names of its arguments until each has the addresses
// that are expected, for [Limit] at most, and writes one line of JSON. Scale, if not nil,
// gives the length of a wait on a clock that runs at another speed.
func Run(ctx context.Context, args []string, ask Resolver, scale func(time.Duration) time.Duration, out io.Writer) error {
	if scale == nil {
		scale = func(d time.Duration) time.Duration { return d }
	}
	var names []Name
	for _, arg := range args[:min(len(args), MaxNames)] {
		name, want, _ := strings.Cut(arg, "=")
		n := Name{Name: clip(name)}
		if want != "" {
			n.Want = strings.Split(want, ",")
		}
		slices.Sort(n.Want)
		names = append(names, n)
	}
	ctx, cancel := context.WithTimeout(ctx, scale(Limit))
	defer cancel()
	r := Report{Version: version, Answers: make([]Answer, len(names))}
	for round := 0; ; round++ {
		settled := true
		for i, n := range names {
			a := question(ctx, n.Name, ask)
			if ctx.Err() == nil || round == 0 { // what was cut off by the end says nothing
				r.Answers[i] = a
			}
			settled = settled && a.Failure == "" && (len(n.Want) == 0 || slices.Equal(a.Addresses, n.Want))
		}
		if settled || !pause(ctx, scale(Every)) {
			break
		}
	}
	raw, err := json.Marshal(r)
	if err == nil {
		_, err = out.Write(append(raw, '\n'))
	}
	return err
}

func question(ctx context.Context, name string, ask Resolver) Answer {
	a := Answer{Name: name}
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	found, err := ask(ctx, name)
	switch {
	case errors.Is(err, ErrUnknown), err == nil && len(found) == 0:
		a.Failure = Unknown
	case err != nil && ctx.Err() != nil:
		a.Failure = Timeout
	case err != nil:
		a.Failure = Failed
	}
	for _, ip := range found[:min(len(found), MaxAddresses)] {
		a.Addresses = append(a.Addresses, ip.Unmap().String())
	}
	slices.Sort(a.Addresses)
	return a
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var errNoReport = errors.New("no report")

// Parse reads the report in a helper's output: the first line that is one. What stands in
// it is bounded and taken for what it is, a foreign text.
func Parse(output []byte) (*Report, error) {
	output = output[:min(len(output), MaxReport)]
	for line := range bytes.Lines(output) {
		var r Report
		if json.Unmarshal(line, &r) != nil || r.Version != version {
			continue
		}
		r.Answers = r.Answers[:min(len(r.Answers), MaxNames)]
		for i := range r.Answers {
			a := &r.Answers[i]
			a.Name, a.Failure = clip(a.Name), clip(a.Failure)
			a.Addresses = a.Addresses[:min(len(a.Addresses), MaxAddresses)]
			for _, text := range a.Addresses {
				if _, err := netip.ParseAddr(text); err != nil {
					return nil, errNoReport
				}
			}
			slices.Sort(a.Addresses)
		}
		return &r, nil
	}
	return nil, errNoReport
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxWord)], "") }
