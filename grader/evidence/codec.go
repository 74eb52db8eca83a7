package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// MaxBlob bounds what Decode reads: a snapshot of 1,000 students with three
// tasks each is about 8 MB.
const MaxBlob = 64 << 20

// Encode gives a value's one and only stored form: JSON with fields in the
// order of the type and map keys sorted. The same value gives the same bytes.
func Encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode evidence: %w", err)
	}
	return buf.Bytes(), nil
}

// Hash is "sha256:" and the hexadecimal digest of stored bytes.
func Hash(blob []byte) string {
	sum := sha256.Sum256(blob)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// DecodeBundle reads a stored bundle of this or an older layout.
func DecodeBundle(blob []byte) (*Bundle, error) {
	var stored struct {
		Bundle
		bundle1
	}
	if err := decode(blob, &stored); err != nil {
		return nil, err
	}
	b := &stored.Bundle
	switch b.Schema {
	case BundleSchema:
	case bundleSchema1:
		b.upgrade(stored.bundle1)
	default:
		return nil, fmt.Errorf("a bundle of layout %q: this program reads %q and older", clip(b.Schema), BundleSchema)
	}
	if err := valid(b.Traces); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range b.Episodes {
		if seen[e.Name] {
			return nil, fmt.Errorf("two episodes %q", clip(e.Name))
		}
		seen[e.Name] = true
		if err := valid(e.Traces); err != nil {
			return nil, fmt.Errorf("episode %q: %w", clip(e.Name), err)
		}
		if e.Probing != nil {
			if err := e.Probing.valid(); err != nil {
				return nil, fmt.Errorf("episode %q: probing: %w", clip(e.Name), err)
			}
		}
	}
	return b, nil
}

func valid(traces []Trace) error {
	for i := range traces {
		if err := traces[i].valid(); err != nil {
			return fmt.Errorf("trace %q: %w", clip(traces[i].Target.ID), err)
		}
	}
	return nil
}

// DecodeWindow reads a stored fault window of this or an older layout.
func DecodeWindow(blob []byte) (*Window, error) {
	var w Window
	if err := decode(blob, &w); err != nil {
		return nil, err
	}
	if w.Schema != WindowSchema {
		return nil, fmt.Errorf("a fault window of layout %q: this program reads %q", clip(w.Schema), WindowSchema)
	}
	for i := 1; i < len(w.Polls); i++ {
		if w.Polls[i].At < w.Polls[i-1].At {
			return nil, fmt.Errorf("reading %d of the fault window is older than the one before it", i)
		}
	}
	return &w, nil
}

// DecodeSnapshot reads a stored snapshot of this or an older layout.
func DecodeSnapshot(blob []byte) (*Snapshot, error) {
	var s Snapshot
	if err := decode(blob, &s); err != nil {
		return nil, err
	}
	if s.Schema != SnapshotSchema {
		return nil, fmt.Errorf("a snapshot of layout %q: this program reads %q", clip(s.Schema), SnapshotSchema)
	}
	return &s, nil
}

// DecodeTrace reads one stored trace.
func DecodeTrace(blob []byte) (*Trace, error) {
	var t Trace
	if err := decode(blob, &t); err != nil {
		return nil, err
	}
	return &t, t.valid()
}

func decode(blob []byte, v any) error {
	if len(blob) > MaxBlob {
		return fmt.Errorf("a blob of %d bytes is more than the %d that evidence may take", len(blob), MaxBlob)
	}
	dec := json.NewDecoder(bytes.NewReader(blob))
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("decode evidence: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("decode evidence: bytes follow the value")
	}
	return nil
}

// valid holds the promise that indexes in the sequence point somewhere and
// that counts add up.
func (t *Trace) valid() error {
	for i, s := range t.Sequence {
		if int(s) >= len(t.Responders) || -1-int(s) >= len(t.Errors) {
			return fmt.Errorf("entry %d of the sequence points to nobody", i)
		}
	}
	for _, r := range t.Responders {
		if r.Count < 0 {
			return fmt.Errorf("a responder has a negative count")
		}
	}
	for _, e := range t.Errors {
		if e.Count < 0 {
			return fmt.Errorf("an error class has a negative count")
		}
	}
	if got := t.Answered() + t.Failed(); got != t.Sent {
		return fmt.Errorf("%d answers and failures for %d requests", got, t.Sent)
	}
	if err := t.numbersValid(); err != nil {
		return err
	}
	if err := t.holdsValid(); err != nil {
		return err
	}
	return t.visitsValid()
}

// valid holds the promise that indexes in the probes point somewhere, that
// they are in order, and that counts add up; stretches lie apart, in order.
func (p *Probing) valid() error {
	answered, failed := make([]int, len(p.Responders)), make([]int, len(p.Errors))
	for i, x := range p.Probes {
		switch {
		case x.Who >= len(p.Responders) || -1-x.Who >= len(p.Errors) || x.To < 0 || x.To >= len(p.Targets):
			return fmt.Errorf("probe %d points to nobody", i)
		case i > 0 && x.At < p.Probes[i-1].At:
			return fmt.Errorf("probe %d is older than the one before it", i)
		case x.Who >= 0:
			answered[x.Who]++
		default:
			failed[-1-x.Who]++
		}
	}
	for i, n := range answered {
		if p.Responders[i].Count != n {
			return fmt.Errorf("%d answers of a responder that counts %d", n, p.Responders[i].Count)
		}
	}
	for i, n := range failed {
		if p.Errors[i].Count != n {
			return fmt.Errorf("%d failures of a class that counts %d", n, p.Errors[i].Count)
		}
	}
	for i, s := range p.LateIn {
		if s.To < s.From || i > 0 && s.From <= p.LateIn[i-1].To {
			return fmt.Errorf("stretch %d is out of order", i)
		}
	}
	return nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
