// Package rubric holds how a lab is graded, as data: checks with points,
// written in strict YAML, in Chinese and English.
//
// A rubric says what is worth how much; what a check looks at and how it
// judges is code in package check, found by the check's kind.
package rubric

import "swarmgrade/grader/i18n"

// Schema names the layout of rubric files.
const Schema = "swarmgrade-rubric/1"

// Text is a phrase in both languages.
type Text = i18n.Both

// Rubric is one lab's grading scheme, checked by the loader: points add up,
// needs have no cycle, every text is there in both languages.
type Rubric struct {
	ID      string
	Version int
	Title   Text
	Points  Points
	// Vars are the names and ports derived from a student's ID, in the order
	// they stand in the file; one may use those before it.
	Vars  []Var
	Tasks []Task
	// Attribution tells how an answer names its container.
	Attribution Attribution
	// SHA256 is the digest ("sha256:…") of the file as it was read; Source is
	// the text, kept with a run so that it can be judged again.
	SHA256 string
	Source []byte
	// File is where it was read from, for messages.
	File string
}

// Var is one derived name or port.
type Var struct {
	Name string
	// Expr is an expression over id, nn, name and earlier variables.
	Expr string
	// Kind is "port", "name" or "text". Ports and names must differ between
	// the students of a class.
	Kind string
	// Title names it for people.
	Title Text
}

// Task is a part of the lab that is graded on its own.
type Task struct {
	ID     string
	Title  Text
	Points Points
	// When tells by what a student has up that it is this task; nil is never
	// recognised and must be asked for by name.
	When   *When
	Checks []*Check
}

// When describes what stands while a student is at a task. Tasks of a lab may
// reuse the same names, so that only one of them can stand at a time.
type When struct {
	// Service is the variable with the service's name, EndpointMode what the
	// service must have: "vip", "dnsrr", "" for any.
	Service      string
	EndpointMode string
	// Balancer, if set, is the variable with the name of a HAProxy that must
	// exist too, and Port the one with its port.
	Balancer, Port string
	// Network, if set, is the variable with the name of the overlay that only
	// this task uses: a service or a HAProxy on it is a sign of the task even if
	// the endpoint mode is not (yet) the task's.
	Network string
}

// Check is one graded statement.
type Check struct {
	ID     string
	Task   string
	Kind   string
	Points Points
	Title  Text
	// Needs are IDs of checks of the same task that must not have failed; one
	// that passed in part is enough.
	Needs  []string
	Credit Credit
	// Params is a pointer to the kind's parameter struct, filled from "with".
	Params any
}

// Credit says what a check that does not pass is still worth. At most one of
// the fields is set; with none it is worth 0. A check that passes is always
// worth all its points, one that does not always less.
type Credit struct {
	// PerUnit gives each unit that the check counts (a server, a task) its
	// equal share of the points.
	PerUnit bool
	// Bands give the points of the first band whose AtLeast (or AtMost) the
	// measured value meets.
	Bands []Band
	// Linear interpolates between no points at From and all at To.
	Linear *Linear
}

// Band is one step of a scale. Exactly one of AtLeast and AtMost is set.
type Band struct {
	AtLeast *float64
	AtMost  *float64
	Points  Points
}

// Linear is a straight scale; From may be above To when less is better.
type Linear struct{ From, To float64 }

// Attribution lists where an answer's identity is found, tried in order.
type Attribution struct {
	Rules []Rule
}

// Rule finds an identity in an answer. Builtin names one that the loader
// knows ("whoami", "json", "processed-by", "headers"); otherwise Header or
// Pattern (an RE2 expression with a group named hostname, address or student)
// says where to look.
type Rule struct {
	Name    string
	Builtin string
	Header  string
	Pattern string
}

// Kinds is what the loader must know of the checks that exist; package check
// provides it.
type Kinds interface {
	// Names are all kinds, sorted.
	Names() []string
	// NewParams gives a pointer to the kind's parameters with defaults set,
	// whose fields carry yaml tags. If it has a method Validate(vars []string)
	// []ParamError, the loader calls it after decoding.
	NewParams(kind string) (params any, ok bool)
	// Measures reports whether the kind gives a value for partial credit.
	Measures(kind string) bool
	// Refuse names the checks of a rubric that is well-formed which ask for what
	// nothing observes.
	Refuse(r *Rubric) []Refusal
}

// Refusal is why a check can't be graded.
type Refusal struct {
	Check     string // its ID
	Msg, Hint i18n.Msg
}

// ParamError is what is wrong with one parameter.
type ParamError struct {
	Param string // key in "with"
	Msg   i18n.Msg
	Hint  i18n.Msg
	// Var is the variable that does not exist, if that is what is wrong.
	Var string
}

// Check finds a check by ID.
func (r *Rubric) Check(id string) (*Check, bool) {
	for _, t := range r.Tasks {
		for _, c := range t.Checks {
			if c.ID == id {
				return c, true
			}
		}
	}
	return nil, false
}

// Task finds a task by ID.
func (r *Rubric) Task(id string) (*Task, bool) {
	for i := range r.Tasks {
		if r.Tasks[i].ID == id {
			return &r.Tasks[i], true
		}
	}
	return nil, false
}
