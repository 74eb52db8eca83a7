// Package metricstest reads Prometheus's text in tests, as strictly as promtool checks it: from the
// description of the format (version 0.0.4), and promtool's rules for names.
package metricstest

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Sample is one line.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
}

var (
	name  = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*`)
	label = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*`)
	// promtool's: a unit is a base unit, and its short form is none.
	badUnit = regexp.MustCompile(`_(milliseconds|microseconds|nanoseconds|ms|us|minutes|hours|days|kilobytes|megabytes|percent)(_|$)`)
)

// Read gives a text's samples and its families' types, or says what a collector would refuse, or
// promtool find fault with.
func Read(text string) (samples []Sample, types map[string]string, err error) {
	types, helped := map[string]string{}, map[string]bool{}
	seen, closed, last := map[string]bool{}, map[string]bool{}, ""
	if text != "" && !strings.HasSuffix(text, "\n") {
		return nil, nil, fmt.Errorf("the last line does not end")
	}
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		bad := func(format string, args ...any) error {
			return fmt.Errorf("line %d (%q): %s", n+1, line, fmt.Sprintf(format, args...))
		}
		words := strings.SplitN(line, " ", 4)
		switch {
		case strings.TrimSpace(line) == "":
		case words[0] == "#" && len(words) == 4 && words[1] == "HELP":
			if helped[words[2]] || words[3] == "" {
				return nil, nil, bad("help twice, or none")
			}
			helped[words[2]] = true
		case words[0] == "#" && len(words) == 4 && words[1] == "TYPE":
			f, kind := words[2], words[3]
			switch {
			case types[f] != "" || !helped[f]:
				return nil, nil, bad("a type twice, or without help before it")
			case name.FindString(f) != f || badUnit.MatchString(f) || strings.ToLower(f) != f:
				return nil, nil, bad("a name that promtool does not like")
			case (kind == "counter") != strings.HasSuffix(f, "_total"):
				return nil, nil, bad("a counter and no _total, or the other way around")
			case kind != "counter" && kind != "gauge" && kind != "histogram":
				return nil, nil, bad("no such type")
			}
			types[f] = kind
		case strings.HasPrefix(line, "#"):
			if strings.HasPrefix(line, "# HELP") || strings.HasPrefix(line, "# TYPE") {
				return nil, nil, bad("half a comment")
			}
		default:
			s, err := readSample(line)
			if err != nil {
				return nil, nil, bad("%v", err)
			}
			f := s.Name
			for _, end := range []string{"_bucket", "_sum", "_count"} {
				if base, ok := strings.CutSuffix(s.Name, end); ok && types[base] == "histogram" {
					f = base
				}
			}
			key := fmt.Sprint(s.Name, s.Labels)
			switch {
			case types[f] == "":
				return nil, nil, bad("a sample of no type")
			case closed[f]:
				return nil, nil, bad("a family in two places")
			case seen[key]:
				return nil, nil, bad("there twice")
			}
			seen[key] = true
			if f != last {
				closed[last], last = true, f
			}
			samples = append(samples, s)
		}
	}
	return samples, types, histograms(samples, types)
}

func readSample(line string) (s Sample, err error) {
	s.Labels = map[string]string{}
	s.Name = name.FindString(line)
	rest := line[len(s.Name):]
	if s.Name == "" {
		return s, fmt.Errorf("no name")
	}
	if strings.HasPrefix(rest, "{") {
		rest = rest[1:]
		for !strings.HasPrefix(rest, "}") {
			l := label.FindString(rest)
			rest = rest[len(l):]
			if l == "" || strings.HasPrefix(l, "__") || !strings.HasPrefix(rest, `="`) {
				return s, fmt.Errorf("no label at %q", rest)
			}
			if _, twice := s.Labels[l]; twice {
				return s, fmt.Errorf("label %s twice", l)
			}
			var value string
			if value, rest, err = quoted(rest[2:]); err != nil {
				return s, err
			}
			s.Labels[l] = value
			rest = strings.TrimPrefix(rest, ",")
		}
		rest = rest[1:]
	}
	number, ok := strings.CutPrefix(rest, " ")
	if !ok || strings.ContainsAny(number, " \t") {
		return s, fmt.Errorf("a time, or no value: %q", rest) // files must not have times
	}
	s.Value, err = strconv.ParseFloat(number, 64)
	return s, err
}

// quoted reads a value up to its quote.
func quoted(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], nil
		case '\\':
			i++
			if i == len(text) {
				return "", "", fmt.Errorf("ends in an escape")
			}
			switch text[i] {
			case 'n':
				b.WriteByte('\n')
			case '\\', '"':
				b.WriteByte(text[i])
			default:
				return "", "", fmt.Errorf("escapes %q", text[i])
			}
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", fmt.Errorf("no end of a value")
}

// histograms holds that buckets rise to the last, which is the count.
func histograms(samples []Sample, types map[string]string) error {
	for f, kind := range types {
		if kind != "histogram" {
			continue
		}
		last, le := map[string]float64{}, map[string]float64{}
		for _, s := range samples {
			bound, bucket := s.Labels["le"]
			delete(s.Labels, "le")
			key := fmt.Sprint(s.Labels)
			if bucket {
				s.Labels["le"] = bound
			}
			switch s.Name {
			case f + "_bucket":
				b, err := strconv.ParseFloat(bound, 64)
				if old, begun := le[key]; err != nil || begun && !(b > old) || s.Value < last[key] {
					return fmt.Errorf("%s: bucket %q of %s does not rise", f, bound, key)
				}
				last[key], le[key] = s.Value, b
			case f + "_count":
				if !math.IsInf(le[key], 1) || last[key] != s.Value {
					return fmt.Errorf("%s: %s counts %v, its last bucket %v", f, key, s.Value, last[key])
				}
			}
		}
	}
	return nil
}
