package haproxy

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"swarmgrade/grader/i18n"
)

// Severity says what HAProxy does about a finding.
type Severity string

const (
	// Alert: HAProxy refuses to start.
	Alert Severity = "alert"
	// Warning: it starts, but something is not as it was probably meant.
	Warning Severity = "warning"
)

// Phase is when HAProxy notices; it stops after the phase in which it found an
// alert, so that later ones stay unseen until the earlier are mended.
type Phase int

const (
	Reading   Phase = iota + 1 // line by line
	Checking                   // the whole configuration
	Resolving                  // host names
	Starting                   // listeners
)

// Finding is one thing that is wrong with a configuration.
type Finding struct {
	Severity Severity
	Phase    Phase
	File     string
	Line     int // 0 if it concerns the whole file
	// Msg says it to the student (area haproxy of the catalogs).
	Msg i18n.Msg
	// Unset is the environment variable that the line lacks, "" for none.
	Unset string
	// Text is what HAProxy writes to its log, without the prefix; "" where it
	// says nothing.
	Text string
}

// Lint finds what HAProxy would complain of and what a student probably did
// not mean. Alerts come before warnings, each in the order of the files. Host
// names count as unresolvable only if no resolver could know them; see
// [LintWith].
func Lint(c *Config) []Finding { return LintWith(c, nil) }

// LintWith is [Lint] with the knowledge of which host names can be resolved
// where HAProxy runs.
func LintWith(c *Config, resolves func(host string) bool) []Finding {
	l := &linter{cfg: c, resolves: resolves}
	l.texts()
	l.preproc()
	for _, s := range c.Sections {
		l.section(s)
	}
	l.names()
	l.references()
	l.habits()
	l.listeners()
	order := map[string]int{}
	for i, f := range c.files {
		order[f.path] = i
	}
	sort.SliceStable(l.found, func(i, j int) bool {
		a, b := l.found[i], l.found[j]
		if a.Severity != b.Severity {
			return a.Severity == Alert
		}
		if a.Phase != b.Phase {
			return a.Phase < b.Phase
		}
		if a.File != b.File {
			return order[a.File] < order[b.File]
		}
		return a.Line < b.Line
	})
	return l.found
}

// Refused reports whether HAProxy would not start.
func Refused(found []Finding) bool {
	for _, f := range found {
		if f.Severity == Alert {
			return true
		}
	}
	return false
}

const maxFindings = 200

type linter struct {
	cfg      *Config
	resolves func(string) bool
	found    []Finding
	// acls are those defined so far in the section at hand, inherited those that
	// its defaults hand down; handed are the latter by section.
	acls, inherited map[string]bool
	handed          map[*Section]map[string]bool
	slots           map[*Proxy]map[string]bool // servers by name
	backends        wordSet                    // names for suggestions
}

// unknownKeys are the messages about words that a version newer than those
// tried may well know.
var unknownKeys = []string{"unknown_keyword", "unknown_keyword_near", "unknown_bind_word", "unknown_server_word", "bad_option", "bad_action", "unknown_match", "outside", "outside_near", "bad_balance", "bad_timeout", "bad_choice", "bad_mode"}

func (l *linter) add(f Finding) {
	if l.cfg.version > newestTried && slices.Contains(unknownKeys, strings.TrimPrefix(f.Msg.Key, "haproxy.")) {
		f.Severity, f.Text = Warning, ""
	}
	if len(l.found) < maxFindings || (len(l.found) == maxFindings && f.Severity == Alert && !Refused(l.found)) {
		l.found = append(l.found, f)
	}
}

// at reports an alert on a line while reading. A line that .if may hide only
// warns. What a student left unfilled or typed full-width explains more than
// HAProxy's words do, so it takes the place of the message.
func (l *linter) at(ln Line, text, key string, args ...any) {
	f := Finding{Severity: Alert, Phase: Reading, File: ln.File, Line: ln.Num, Msg: i18n.M("haproxy."+key, args...), Text: text}
	f.blame(ln)
	if ln.InIf || ln.Env {
		f.Severity = Warning
	}
	l.add(f)
}

// blame puts what explains a line better in the place of the message.
func (f *Finding) blame(ln Line) {
	if m := oddity(ln); !m.Empty() {
		f.Msg = m
	}
	if len(ln.Unset) > 0 {
		f.Unset = ln.Unset[0]
		f.Msg = msg("env_unset", "name", f.Unset)
	}
}

// late reports a word of a list that this HAProxy is too old for.
func (l *linter) late(ln Line, list, w, said string) bool {
	if n := lacking(list, w); n == 0 || l.cfg.version == 0 || l.cfg.version > n {
		return false
	}
	l.alert(ln, said, "newer_keyword", "word", w, "version", fmt.Sprintf("%d.%d", l.cfg.version/100, l.cfg.version%100))
	return true
}

// alert is at with HAProxy's usual head; format gives the words after it.
func (l *linter) alert(ln Line, said, key string, args ...any) {
	l.at(ln, fmt.Sprintf("config : parsing [%s:%d] : %s", ln.File, ln.Num, said), key, args...)
}

func (l *linter) warn(ln Line, said, key string, args ...any) {
	if said != "" {
		said = fmt.Sprintf("config : parsing [%s:%d] : %s", ln.File, ln.Num, said)
	}
	l.add(Finding{Severity: Warning, Phase: Reading, File: ln.File, Line: ln.Num, Msg: i18n.M("haproxy."+key, args...), Text: said})
}

// check reports something that shows only when all is read.
func (l *linter) check(sev Severity, ph Phase, ln Line, said, key string, args ...any) {
	if said != "" {
		said = "config : " + said
	}
	if ln.InIf {
		sev = Warning
	}
	f := Finding{Severity: sev, Phase: ph, File: ln.File, Line: ln.Num, Msg: i18n.M("haproxy."+key, args...), Text: said}
	if sev == Alert && len(ln.Unset) > 0 {
		f.blame(ln)
	}
	l.add(f)
}
