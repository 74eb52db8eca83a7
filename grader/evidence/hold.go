package evidence

import "fmt"

// Holds is how a load of the kind "held" goes; the zero value is a load that holds
// nothing open. In each of its rounds one request is sent short of the last bytes of
// its body, so that a balancer has to count it as going on; then come fresh ones, one
// after the other, each on a connection of its own; then the first is completed.
type Holds struct {
	Rounds int `json:"rounds,omitempty"`
	// Fresh is how many requests are sent in a round while the first is held.
	Fresh int `json:"fresh,omitempty"`
}

// Requests is how many requests that is.
func (h Holds) Requests() int { return h.Rounds * (1 + h.Fresh) }

// Hold is one round that came to its end.
type Hold struct {
	// At is the place in the trace's sequence of the request that was held, which
	// those that were sent meanwhile follow; Fresh is how many these are.
	At    int `json:"at"`
	Fresh int `json:"fresh"`
	// Early says that its answer began, or its connection ended, before the request
	// was complete: how long the balancer counted it is not known then.
	Early bool `json:"early,omitempty"`
}

// holdsValid holds the promise that rounds are within the sequence.
func (t *Trace) holdsValid() error {
	for i, h := range t.Holds {
		if h.At < 0 || h.Fresh < 0 || h.At >= len(t.Sequence) || h.Fresh >= len(t.Sequence)-h.At {
			return fmt.Errorf("round %d of held requests is not within the sequence", i)
		}
	}
	return nil
}
