package roster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
	"swarmgrade/grader/strictyaml"
)

// What a class file that says nothing gets.
const (
	DefaultParallel = 8
	DefaultRate     = 2000
	DefaultAttempts = "best"
)

// className keeps a class's name fit for file names: letters (Chinese ones
// too), digits, and - _ . inside.
var className = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$`)

var classKeys = []string{"class", "title", "rubric", "roster", "students", "cluster", "fault", "late", "settings"}

// loader reads one class file.
type loader struct {
	*source
	ctx    context.Context // of the one call that reads it
	doc    *strictyaml.Doc
	roster diag.Problems // what is wrong with the roster
}

func (s *source) load(ctx context.Context) (*Class, error) {
	l := &loader{source: s, ctx: ctx, doc: strictyaml.Parse(s.data, s.file)}
	if l.doc.Foreign(classKeys...) {
		return nil, diag.Problems{{Pos: diag.Pos{File: s.file}, Msg: i18n.M("roster.foreign"), Hint: i18n.M("roster.foreign_hint")}}
	}
	if l.doc.Root == nil {
		return nil, l.doc.Err()
	}
	c := l.class(l.doc.Root)
	var problems diag.Problems
	errors.As(l.doc.Err(), &problems)
	if err := append(problems, l.roster...).Err(); err != nil {
		return nil, err
	}
	return c, nil
}

func (l *loader) class(n *yaml.Node) *Class {
	d := l.doc
	o := d.Object(n, classKeys...)
	c := &Class{File: l.file, Dir: l.dir, Name: l.className(o.Need("class")), Title: d.Text(o.Get("title"))}
	if c.Title == "" {
		c.Title = c.Name
	}
	c.Rubric = d.Text(o.Need("rubric"))
	if strings.Contains(c.Rubric, "/") || strings.HasSuffix(c.Rubric, ".yaml") || strings.HasSuffix(c.Rubric, ".yml") {
		c.Rubric = l.path(c.Rubric)
	}
	if n := o.Need("cluster"); n != nil {
		c.Cluster = l.cluster(n)
	}
	if n := o.Get("fault"); n != nil {
		c.Fault = l.fault(n)
	}
	c.Settings = Settings{Parallel: DefaultParallel, Rate: DefaultRate, Attempts: DefaultAttempts}
	if n := o.Get("settings"); n != nil {
		l.settings(n, &c.Settings, c.Cluster)
	}
	file, list := o.Get("roster"), o.Get("students")
	switch {
	case file != nil && list != nil:
		d.Report(o.Key("students"), i18n.M("roster.two_rosters"), i18n.M("roster.two_rosters_hint"))
	case file != nil:
		l.rosterFile(file, c)
	case list != nil:
		c.Roster = l.file
		c.take(l.students(list))
		c.RosterSHA256 = digest(l.data)
	case n.Kind == yaml.MappingNode:
		d.Report(n, i18n.M("roster.no_roster"), i18n.M("roster.no_roster_hint"))
	}
	if n := o.Get("late"); n != nil {
		c.Late = l.late(n, c)
	}
	return c
}

func (c *Class) take(l List) { c.Students, c.Headings, c.Notes = l.Students, l.Headings, l.Notes }

func (l *loader) className(n *yaml.Node) string {
	name := l.doc.Text(n)
	switch {
	case name == "":
	case !className.MatchString(name):
		l.doc.Report(n, i18n.M("roster.bad_class", "name", name), i18n.M("roster.bad_class_hint"))
	case l.name != "" && name != l.name:
		// Two classes of one name would share a gradebook.
		l.doc.Report(n, i18n.M("roster.other_class", "name", name, "file", l.name), i18n.M("roster.other_class_hint", "file", l.name))
	}
	return name
}

// path makes a path of the class file absolute. Paths of samples stay.
func (l *loader) path(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if p == "" || l.fsys != nil || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(l.dir, p)
}

func (l *loader) settings(n *yaml.Node, s *Settings, of Cluster) {
	d := l.doc
	o := d.Object(n, "parallel", "rate", "attempts", "lang", "workers")
	if n := o.Get("parallel"); n != nil {
		s.Parallel = d.Int(n, 1, 64)
	}
	if n := o.Get("rate"); n != nil {
		s.Rate = d.Int(n, 1, 100000)
	}
	if n := o.Get("attempts"); n != nil {
		s.Attempts = d.OneOf(n, "best", "last", "first")
	}
	s.Lang = d.OneOf(o.Get("lang"), "zh", "en")
	if n := o.Get("workers"); n != nil {
		s.Workers = l.workers(n, of)
	}
}

// maxWorkers bounds what a class may bring to a swarm.
const maxWorkers = 64

// workers are where load is to come from.
func (l *loader) workers(n *yaml.Node, of Cluster) *Workers {
	d := l.doc
	o := d.Object(n, "context", "endpoints", "count")
	w := &Workers{}
	if x := o.Need("count"); x != nil {
		w.Count = d.Int(x, 1, maxWorkers)
	}
	context, endpoints := o.Get("context"), o.Get("endpoints")
	var c Cluster
	l.endpoints(endpoints, &c)
	w.Endpoints = c.Endpoints
	if context != nil {
		w.Context = l.context(context)
	}
	switch {
	case context != nil && endpoints != nil:
		d.Report(n, i18n.M("roster.workers_ways"), i18n.M("roster.workers_ways_hint"))
	case context == nil && endpoints == nil && of.Sim != "":
		d.Report(n, i18n.M("roster.workers_sim"), i18n.M("roster.workers_sim_hint"))
	}
	return w
}

func (l *loader) rosterFile(n *yaml.Node, c *Class) {
	name := l.doc.Text(n)
	if name == "" {
		return
	}
	file := l.path(name)
	var data []byte
	var err error
	if l.fsys != nil {
		file = "builtin:" + name
		var f fs.File
		if f, err = l.fsys.Open(path.Clean(name)); err == nil {
			defer f.Close()
			data, err = regular.From(l.ctx, f, MaxRosterBytes)
		}
	} else {
		data, err = regular.Read(l.ctx, file, MaxRosterBytes)
	}
	if err != nil {
		msg, hint := readProblem(file, err)
		l.doc.Report(n, msg, hint)
		return
	}
	// Messages show the roster the way the class file was given.
	if l.fsys == nil && !filepath.IsAbs(name) && !strings.HasPrefix(name, "~/") {
		file = filepath.Join(filepath.Dir(l.file), name)
	}
	c.RosterSHA256 = digest(data)
	c.Roster = file
	list, err := ReadRoster(l.ctx, data, file)
	if err != nil {
		errors.As(err, &l.roster)
		return
	}
	c.take(*list)
}

// students reads the class file's own list. Whatever an ID looks like, it is
// the text that stands in the file.
func (l *loader) students(n *yaml.Node) List {
	d := l.doc
	items := d.List(n)
	if n.Kind == yaml.SequenceNode && len(items) == 0 {
		d.Report(n, i18n.M("roster.no_students"), i18n.M("roster.no_students_list_hint"))
	}
	if len(items) > MaxStudents {
		d.Report(n, i18n.M("roster.too_many", "limit", MaxStudents), i18n.Msg{})
		return List{}
	}
	var list List
	seen := map[string]diag.Pos{}
	for _, item := range items {
		o := d.Object(item)
		id, name := l.either(o, idHeadings), l.either(o, nameHeadings)
		if item.Kind == yaml.MappingNode {
			if id == nil {
				o.Need("id")
			}
			if name == nil {
				o.Need("name")
			}
		}
		s := Student{ID: d.Text(id), Name: d.Text(name)}
		if s.ID != "" {
			s.Pos, s.Source = d.Place(id)
			s.ID = l.clean(id, s.ID, cleanID)
			if first, twice := seen[s.ID]; twice && s.ID != "" {
				d.Report(id, i18n.M("roster.duplicate", "id", s.ID, "line", first.Line), i18n.M("roster.duplicate_hint"))
			}
			seen[s.ID] = s.Pos
		}
		if s.Name != "" {
			s.Name = l.clean(name, s.Name, cleanText)
		}
		for k, v := range o.Entries {
			if v != id && v != name {
				if s.Columns == nil {
					s.Columns = map[string]string{}
				}
				name := further(k.Value, maxHeading)
				if !slices.ContainsFunc(list.Headings, func(h Heading) bool { return h.Name == name }) {
					list.Headings = append(list.Headings, Heading{Name: name})
				}
				if v.Kind != yaml.ScalarNode || v.Tag != "!!null" && trim(v.Value) != "" { // a blank cell is none, as in a file
					s.Columns[name] = further(d.Text(v), maxCell)
				}
			}
		}
		list.Students = append(list.Students, s)
	}
	list.Notes = idNotes(l.file, list.Students)
	return list
}

// either is the value of the key that fits best among the headings.
func (l *loader) either(o *strictyaml.Object, headings headings) *yaml.Node {
	var found *yaml.Node
	best := noHeading
	for k, v := range o.Entries {
		if r := headings.rank(k.Value); r < best {
			best, found = r, v
		}
	}
	return found
}

func (l *loader) clean(n *yaml.Node, s string, how func(string) (string, *complaint)) string {
	s, bad := how(s)
	if bad != nil {
		l.doc.Report(n, bad.msg, bad.hint)
	}
	return s
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func clip(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:59]) + "…"
}
