// Package haproxy reads a student's HAProxy configuration: what it says, where
// requests to a port end up, and what HAProxy itself would complain of.
//
// [Parse] follows HAProxy's own rules of words, sections and inherited defaults
// and never fails: what it cannot make sense of is kept, and [Lint] names it.
// Both are pure functions of the text, bounded in time and memory, since the
// text comes from outside. Their agreement with a real HAProxy 2.6 is held by a
// test over every file in testdata.
package haproxy

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
)

// Limits on what is read; a line or file beyond them is cut and reported.
const (
	MaxText  = 1 << 20 // bytes a file
	MaxLines = 20000   // lines in all files
	MaxWords = 64      // words a line: HAProxy's own limit
)

// Line is one line of configuration that holds at least one word.
type Line struct {
	File  string
	Num   int      // counts from 1
	Text  string   // as written, without the line end
	Words []string // after quotes, escapes and comments
	// Env says that the line refers to an environment variable whose value is
	// not known here; the reference stands in the word as it was written.
	Env bool
	// Unset are the environment variables of the line that are not set, which
	// HAProxy takes for empty.
	Unset []string
	// InIf says that the line stands between .if and .endif, so that HAProxy may
	// skip it.
	InIf bool
}

// Word is the i-th word, or "".
func (l Line) Word(i int) string {
	if i < len(l.Words) {
		return l.Words[i]
	}
	return ""
}

// From are the words from the i-th on.
func (l Line) From(i int) []string {
	if i < len(l.Words) {
		return l.Words[i:]
	}
	return nil
}

// Section is a section with every line of it.
type Section struct {
	Kind  string // global, defaults, frontend, backend, listen, resolvers, …
	Name  string
	Base  string // the defaults named after "from"
	Head  Line
	Lines []Line
	// Defaults is the defaults section that a proxy or another defaults section
	// inherits from, nil if none.
	Defaults *Section
	// twin is an earlier defaults section of the same name, which HAProxy still
	// keeps because something referred to it.
	twin *Section
	// effective are the lines of a defaults section with what it inherits.
	effective []Line
}

// Config is a parsed configuration: all files of one HAProxy, in order.
type Config struct {
	Sections []*Section
	// Proxies are the frontends, backends and listens with everything that they
	// inherit resolved, in the order of the files.
	Proxies   []*Proxy
	Resolvers []*Resolvers
	// Stray are lines before the first section, and lines that begin with a dot
	// (.if, .notice, …), which are not evaluated.
	Stray    []Line
	Preproc  []Line
	textErrs []textErr
	files    []fileState
	vars     []string // see Variables
	version  int      // 206 for 2.6, 0 for unknown
	// byName are the proxies of a name, first of the files first; tables the
	// names of those with a stick-table; peers the names of peers sections.
	byName map[string][]*Proxy
	tables map[string]bool
	peers  map[string]bool
}

// Unsupported reports whether the configuration has parts between .if and
// .endif: they are read as if each condition held, which may be wrong.
func (c *Config) Unsupported() bool {
	for _, l := range c.Preproc {
		if l.Word(0) == ".if" {
			return true
		}
	}
	return false
}

// textErr is a mistake in the text itself, before words have a meaning.
type textErr struct {
	file string
	line int
	key  string
	args []any
	text string // in HAProxy's words
}

type fileState struct {
	path      string
	lastLine  int
	lastLen   int // bytes of the last line
	noNewline bool
	nul       int // line with a NUL byte, 0 if none
	nulAt     int
	truncated bool
	err       string
	empty     bool
}

// Parse reads the files in the order in which HAProxy loads them, each line
// with the variables that hold at that point. A variable that env says nothing
// of stays unknown. A file without text (see [evidence.File.Error]) is
// remembered for [Lint].
func Parse(env []evidence.EnvVar, files ...evidence.File) *Config {
	c := &Config{}
	p := parser{cfg: c, sections: words("sections"), env: newEnvironment(env)}
	for _, f := range files {
		p.file(f)
	}
	c.resolve()
	return c
}

// ParseText reads one file.
func ParseText(path, text string) *Config {
	return Parse(nil, evidence.File{Path: path, Text: text, Size: int64(len(text))})
}

type parser struct {
	cfg      *Config
	sections wordSet
	env      *environment
	cur      *Section
	depth    int // of .if
	lines    int
}

func (p *parser) file(f evidence.File) {
	st := fileState{path: f.Path, err: f.Error, truncated: f.Truncated}
	text := f.Text
	if len(text) > MaxText {
		text, st.truncated = text[:MaxText], true
	}
	st.empty = text == ""
	num := 0
	for text != "" && p.lines < MaxLines {
		var line string
		i := strings.IndexByte(text, '\n')
		if i < 0 {
			line, text = text, ""
			st.noNewline = true
		} else {
			line, text = text[:i], text[i+1:]
		}
		num++
		p.lines++
		st.lastLine, st.lastLen = num, len(line)
		if j := strings.IndexByte(line, 0); j >= 0 && st.nul == 0 {
			// C strings end here: HAProxy sees a line without its end.
			st.nul, st.nulAt = num, j
			line = line[:j]
		}
		p.line(Line{File: f.Path, Num: num, Text: strings.TrimSuffix(line, "\r"), InIf: p.depth > 0})
	}
	if text != "" {
		st.truncated = true
	}
	p.cfg.files = append(p.cfg.files, st)
}

func (p *parser) line(l Line) {
	p.env.file, p.env.line, p.env.section = l.File, l.Num, ""
	if p.cur != nil {
		p.env.section = p.cur.Name
	}
	s := splitWords(l.Text, p.env)
	l.Words, l.Env, l.Unset = s.words, s.env, s.unset
	p.cfg.named(s.names)
	if i := slices.Index(l.Words, ""); i >= 0 {
		l.Words = l.Words[:i]
	}
	if s.err != "" {
		p.cfg.textErrs = append(p.cfg.textErrs, textErr{file: l.File, line: l.Num, key: s.err,
			args: []any{"pos", s.pos}, text: s.complaint(l)})
		if s.err != "too_many_words" {
			return // HAProxy drops the line
		}
	}
	if len(l.Words) == 0 {
		return
	}
	switch first := l.Words[0]; {
	case strings.HasPrefix(first, "."):
		switch first {
		case ".if":
			p.depth++
		case ".endif":
			if p.depth > 0 {
				p.depth--
			}
		}
		p.cfg.Preproc = append(p.cfg.Preproc, l)
	case p.sections.has(first):
		p.open(l)
	case p.cur == nil:
		p.cfg.Stray = append(p.cfg.Stray, l)
	default:
		p.cur.Lines = append(p.cur.Lines, l)
		if p.cur.Kind == "global" {
			p.env.global(l)
		}
	}
}

func (p *parser) open(l Line) {
	s := &Section{Kind: l.Words[0], Head: l}
	rest := l.Words[1:]
	if len(rest) > 0 && (rest[0] != "from" || s.Kind != "defaults") {
		s.Name = rest[0]
		rest = rest[1:]
	}
	if len(rest) > 1 && rest[0] == "from" {
		s.Base = rest[1]
	}
	p.cur = s
	p.cfg.Sections = append(p.cfg.Sections, s)
}

// LineAt finds a line by its number.
func (c *Config) LineAt(file string, num int) (Line, bool) {
	at := func(l Line) bool { return l.File == file && l.Num == num }
	for _, s := range c.Sections {
		if at(s.Head) {
			return s.Head, true
		}
		if i := slices.IndexFunc(s.Lines, at); i >= 0 {
			return s.Lines[i], true
		}
	}
	if i := slices.IndexFunc(c.Stray, at); i >= 0 {
		return c.Stray[i], true
	}
	return Line{}, false
}
