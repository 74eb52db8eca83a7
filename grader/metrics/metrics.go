// Package metrics writes figures as Prometheus's text, version 0.0.4, for who collects
// files: node_exporter's textfile collector, a push gateway.
//
// Help is English in every language: a collector of files refuses a metric that has
// another help in another file.
package metrics

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/diag"
)

// Kind is what a collector takes a metric for.
type Kind string

// The kinds there are.
const (
	Counter Kind = "counter"
	Gauge   Kind = "gauge"
	Of      Kind = "histogram"
)

// Family is all samples of one metric. Its name has the unit in it, seconds or bytes and
// none smaller; a counter's ends with _total.
type Family struct {
	Name, Help string
	Kind       Kind
	Samples    []Sample
}

// Sample is a value with what tells it from the family's others. A histogram's has
// Buckets, and its Value is the sum of what was observed.
type Sample struct {
	Labels  []Label
	Value   float64
	Buckets []Bucket
	Count   uint64 // of a histogram
}

// Bucket is how many of a histogram were at most Le.
type Bucket struct {
	Le    float64
	Count uint64
}

// Label tells a sample from others. Its value may be anybody's text: it is escaped here,
// bounded, and what steers a terminal is replaced.
type Label struct{ Name, Value string }

// maxLabel bounds a label's value, in bytes.
const maxLabel = 200

var (
	metricName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	labelName  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	labelText  = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	helpText   = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
)

// Write writes families in their order; one without a sample is left out. What a collector
// would refuse is an error, and then nothing was written: a name that is none, a family or
// a sample that is there twice, a histogram that goes down.
func Write(w io.Writer, families []Family) error {
	var b bytes.Buffer
	seen := map[string]bool{}
	for i := range families {
		f := &families[i]
		if err := f.check(seen); err != nil {
			return fmt.Errorf("metric %s: %w", f.Name, err)
		}
		if len(f.Samples) > 0 {
			f.write(&b)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (f *Family) check(seen map[string]bool) error {
	switch {
	case !metricName.MatchString(f.Name):
		return errors.New("not a name")
	case f.Help == "":
		return errors.New("no help")
	case (f.Kind == Counter) != strings.HasSuffix(f.Name, "_total"):
		return errors.New("counters, and nothing else, end with _total")
	case f.Kind != Counter && f.Kind != Gauge && f.Kind != Of:
		return fmt.Errorf("no kind %q", f.Kind)
	case seen[f.Name]:
		return errors.New("there twice")
	}
	seen[f.Name] = true
	there := map[string]bool{}
	for i := range f.Samples {
		s := &f.Samples[i]
		for k, l := range s.Labels {
			same := func(x Label) bool { return x.Name == l.Name }
			if !labelName.MatchString(l.Name) || l.Name == "le" || slices.ContainsFunc(s.Labels[:k], same) {
				return fmt.Errorf("label %q", l.Name)
			}
		}
		key := labels(s.Labels)
		if there[key] {
			return fmt.Errorf("the sample %s is there twice", key)
		}
		there[key] = true
		if f.Kind == Of && !rises(s) {
			return errors.New("its buckets do not rise to its count")
		}
		if f.Kind == Counter && !(s.Value >= 0) {
			return errors.New("a counter below 0")
		}
	}
	return nil
}

func rises(s *Sample) bool {
	last := Bucket{Le: math.Inf(-1)}
	for _, b := range s.Buckets {
		if !(b.Le > last.Le) || b.Count < last.Count || math.IsInf(b.Le, 0) {
			return false
		}
		last = b
	}
	return last.Count <= s.Count
}

func (f *Family) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, helpText.Replace(f.Help), f.Name, f.Kind)
	for _, s := range f.Samples {
		if f.Kind != Of {
			fmt.Fprintf(b, "%s%s %s\n", f.Name, labels(s.Labels), number(s.Value))
			continue
		}
		for _, x := range s.Buckets {
			fmt.Fprintf(b, "%s_bucket%s %d\n", f.Name, labels(append(slices.Clip(s.Labels), Label{"le", number(x.Le)})), x.Count)
		}
		fmt.Fprintf(b, "%s_bucket%s %d\n", f.Name, labels(append(slices.Clip(s.Labels), Label{"le", "+Inf"})), s.Count)
		fmt.Fprintf(b, "%s_sum%s %s\n%s_count%s %d\n", f.Name, labels(s.Labels), number(s.Value), f.Name, labels(s.Labels), s.Count)
	}
}

func labels(list []Label) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, l := range list {
		parts[i] = l.Name + `="` + labelText.Replace(Value(l.Value)) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Value is text as a label's value before it is escaped: valid, bounded, and without what
// steers. Texts that come to the same one are one label's value, so that who has several
// adds them up.
func Value(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(diag.Plain(strings.ToValidUTF8(text, "\uFFFD")), "\t", " "), "\n", " ")
	if len(text) > maxLabel {
		text = strings.ToValidUTF8(text[:maxLabel-len("…")], "") + "…"
	}
	return text
}

// number is a value as collectors read it.
func number(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "+Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
