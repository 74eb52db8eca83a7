// Package finding looks at the evidence of a whole class for what an instructor
// should look at: answers that are not what they claim to be, work that was
// shared, files that were changed after they were loaded.
//
// A finding is review material. It takes no point and proves no intent: what
// costs points is judged by the checks, on what was measured. Findings are
// computed from evidence whenever they are shown and are not stored, so that a
// better rule serves old runs too.
//
// Everything here is a pure function: no network, no clock, no chance, and the
// same class gives the same findings in the same order.
package finding

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// Kind is what was found, a stable word.
type Kind string

const (
	UnknownContainers Kind = "claims-unknown-containers"
	ForgedIdentity    Kind = "forged-identity"
	TwoFaced          Kind = "treats-grader-differently"
	AnswersByOthers   Kind = "answers-by-others"
	SharedBackend     Kind = "shared-backend"
	ServersElsewhere  Kind = "servers-elsewhere"
	NotHAProxy        Kind = "haproxy-unverified"
	OwnAnswers        Kind = "haproxy-answers-itself"
	Replayed          Kind = "answers-replayed"
	WithoutNonce      Kind = "answers-without-nonce"
	Redirects         Kind = "redirects"
	AnothersHostname  Kind = "hostname-of-another"
	AnothersID        Kind = "student-id-of-another"
	IDZeros           Kind = "student-id-zeros"
	ImageDiffers      Kind = "image-differs-from-class"
	ImageLooksAlike   Kind = "image-of-another-repository"
	AnothersNumbers   Kind = "other-students-numbers-left"
	NearIdentical     Kind = "near-identical-configuration"
	EditedAfterStart  Kind = "config-edited-after-start"
	OpenCondition     Kind = "backend-under-condition"
	TooManyTasks      Kind = "too-many-tasks"
	UsesAnothers      Kind = "uses-service-of-another"
)

// Kinds are all of them, the gravest first.
var Kinds = []Kind{
	ForgedIdentity, TwoFaced, OwnAnswers, Replayed, UnknownContainers, AnothersHostname, NotHAProxy,
	ServersElsewhere, AnswersByOthers, SharedBackend, UsesAnothers, TooManyTasks, Redirects, AnothersID, ImageLooksAlike, ImageDiffers, WithoutNonce,
	NearIdentical, AnothersNumbers, IDZeros, EditedAfterStart, OpenCondition,
}

// Severity is how much a finding asks for.
type Severity string

const (
	// Grave findings have no innocent explanation that is likely.
	Grave Severity = "grave"
	// Look findings are worth a look: many have an innocent explanation.
	Look Severity = "look"
	// Note findings are mostly slips.
	Note Severity = "note"
)

// Severity of a kind.
func (k Kind) Severity() Severity {
	switch k {
	case ForgedIdentity, TwoFaced, OwnAnswers, Replayed, AnothersHostname:
		return Grave
	case EditedAfterStart, OpenCondition, AnothersNumbers, IDZeros, WithoutNonce, Redirects:
		return Note
	}
	return Look
}

// Finding is one thing to look at.
type Finding struct {
	Kind Kind
	// Students are whom it concerns: one, or those who share something.
	Students []string
	// Task is the task or tasks that were observed, as the bundle says.
	Task string
	// Message says what was seen.
	Message i18n.Msg
	// Evidence says where it was seen, one entry a student at least.
	Evidence []Ref
}

// Ref points into a student's evidence.
type Ref struct {
	Student string `json:"student"`
	// Bundle is the hash of the student's bundle.
	Bundle string `json:"bundle"`
	// Where is the part of it: "traces/<target>", "proxies/<name>[:line]",
	// "snapshot/services/<name>".
	Where string `json:"where"`
	// Seen is what stands there, clipped; it comes from the student.
	Seen string `json:"seen,omitempty"`
}

// Case is one student's evidence with the hash of its bundle.
type Case struct {
	evidence.Case
	Hash string
}

// Class finds what is in the evidence of a class: a case a student, of one run
// or of several. Names are the rubric's, images those that it asks for.
// Findings come gravest first, then by student.
func Class(names sight.Names, cases []Case, images ...string) []Finding {
	c := newClass(names, cases)
	for _, s := range c.students {
		c.one(s)
		s.view = nil // what it has read of configurations is large
	}
	c.merge()
	c.nonces()
	c.images()
	c.repositories(images)
	c.shared()
	c.numbers()
	c.alike()
	Sort(c.out)
	return c.out
}

// one finds what there is to find of one student.
func (c *class) one(s *student) {
	if s.svc != nil {
		s.containers = s.view.ContainersOf(s.svc.ID)
	}
	if s.px != nil {
		s.ends = s.view.Ends(s.px, s.svc, s.port)
	}
	c.crowds(s)
	if _, cut := s.view.Cut(); cut {
		return // what is not known to exist may well exist
	}
	c.answers(s)
	c.proxy(s)
	c.service(s)
	c.anothers(s)
}

// Slim drops from a bundle what no finding is made of, which is most of it: a class's are held at once.
func Slim(b *evidence.Bundle) {
	for i := range b.Traces {
		b.Traces[i].Sequence, b.Traces[i].Timeline = nil, nil
	}
	for i := range b.Episodes {
		b.Episodes[i].Traces, b.Episodes[i].Probing = nil, nil
	}
}

// Sort puts findings in order: gravest first, then by student.
func Sort(list []Finding) {
	rank := map[Kind]int{}
	for i, k := range Kinds {
		rank[k] = i
	}
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), slices.Compare(a.Students, b.Students))
	})
}

// Of are the findings that concern at least one of the students.
func Of(list []Finding, students []string) []Finding {
	return slices.DeleteFunc(slices.Clone(list), func(f Finding) bool {
		return !slices.ContainsFunc(f.Students, func(id string) bool { return slices.Contains(students, id) })
	})
}

// class is the evidence of a class, indexed.
type class struct {
	students []*student
	byID     map[string]*student
	owner    map[string]*student // by the name of the service, as derived
	names    sight.Names
	// addresses are those of each snapshot's services, with the service's ID.
	addresses map[*evidence.Snapshot]map[netip.Addr]string
	out       []Finding
}

type student struct {
	Case
	id   string
	vars map[string]string
	own  []string    // see ownVars
	view *sight.View // nil once one is done with the student
	ends []sight.End
	// containers are the service's, before the load.
	containers []*evidence.Container
	svc        *evidence.Service
	px         *evidence.Proxy
	port       string // that the load on HAProxy went to, else the derived one
}

func newClass(names sight.Names, cases []Case) *class {
	c := &class{byID: map[string]*student{}, owner: map[string]*student{}, names: names, addresses: map[*evidence.Snapshot]map[netip.Addr]string{}}
	indexes := map[*evidence.Snapshot]*sight.Index{}
	index := func(s *evidence.Snapshot) *sight.Index {
		if s == nil {
			return nil
		}
		if indexes[s] == nil {
			indexes[s] = sight.NewIndex(s)
		}
		return indexes[s]
	}
	for _, k := range cases {
		if k.Bundle == nil || k.Before == nil {
			continue
		}
		s := &student{Case: k, id: k.Bundle.Student.ID, vars: maps.Clone(k.Bundle.Student.Vars)}
		if s.vars == nil {
			s.vars = map[string]string{}
		}
		s.vars["id"], s.vars["name"] = s.id, k.Bundle.Student.Name
		s.own = s.ownVars()
		s.view = sight.NewView(k.Case, index(k.Before), index(k.After), s.vars).With(names).WithScenes(index)
		s.svc, s.px = s.view.Service(names.Service), s.view.Proxy()
		s.port = s.vars[names.Frontend]
		if tr := s.view.Through(); tr != nil {
			s.port = tr.Target.Address[strings.LastIndexByte(tr.Target.Address, ':')+1:]
		}
		c.students = append(c.students, s)
		c.byID[s.id] = s
		for v := range names.Ports {
			if name := s.vars[v]; name != "" {
				c.owner[name] = s
			}
		}
	}
	slices.SortStableFunc(c.students, func(a, b *student) int { return strings.Compare(a.id, b.id) })
	return c
}

// add notes a finding of one student.
func (c *class) add(s *student, k Kind, where, seen string, pairs ...any) {
	c.out = append(c.out, Finding{
		Kind: k, Students: []string{s.id}, Task: s.Bundle.Task, Message: text(k, pairs...),
		Evidence: []Ref{s.ref(where, seen)},
	})
}

// merge joins what one student shows at several addresses to one finding of
// each kind: the first one's words, everybody's evidence.
func (c *class) merge() {
	type key struct {
		kind     Kind
		students string
	}
	at := map[key]int{}
	kept := c.out[:0]
	for _, f := range c.out {
		k := key{f.Kind, strings.Join(f.Students, " ")}
		if i, ok := at[k]; ok {
			kept[i].Evidence = append(kept[i].Evidence, f.Evidence...)
			continue
		}
		at[k] = len(kept)
		kept = append(kept, f)
	}
	c.out = kept
}

func text(k Kind, pairs ...any) i18n.Msg {
	return i18n.M("finding."+strings.ReplaceAll(string(k), "-", "_"), pairs...)
}

func (s *student) ref(where, seen string) Ref {
	return Ref{Student: s.id, Bundle: s.Hash, Where: where, Seen: clip(seen, 160)}
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// Title is a kind in words; its message is in the finding itself.
func (k Kind) Title() i18n.Msg {
	return i18n.M("finding.title_" + strings.ReplaceAll(string(k), "-", "_"))
}

// Text is a severity in words.
func (s Severity) Text() i18n.Msg { return i18n.M("finding.severity_" + string(s)) }
