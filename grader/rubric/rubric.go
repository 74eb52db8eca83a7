// Package rubric holds how a lab is graded, as data: checks with points,
// written in strict YAML, in Chinese and English.
//
// A rubric says what is worth how much; what a check looks at and how it
// judges is code in package check, found by the check's kind.
package rubric

import "swarmgrade/grader/i18n"

// Schema is the layout of rubric files, by its name.
const Schema = "swarmgrade-rubric/1"

// Text is a phrase in both languages.
type Text = i18n.Both

// Rubric is one lab's grading scheme, checked by the loader: points add up,
// needs have no cycle, every text is there in both languages.
type Rubric struct {
	// ID names the rubric: lower-case letters, digits and hyphens, at most 64 of
	// them, a letter or digit first.
	ID string
	// Version is yours to count up.
	Version int
	// Title names the lab.
	Title Text
	// Points are what all tasks add up to: more than 0, at most 1000000, with at
	// most two decimal places, as everywhere.
	Points Points
	// Vars are the names and ports derived from a student's ID, in the order
	// they stand in the file; one may use those before it.
	Vars []Var
	// Tasks are the parts of the lab; there is at least one.
	Tasks []Task
	// Actions are changes that the grader makes to each student's own service, or to
	// one node for all students, one after the other in this order, to see what comes
	// of them; each is undone before the next. The class's fault comes before them and
	// is none of them.
	Actions []Action
	// Attribution are the rules by which an answer names its container, tried in
	// order; without it they are those built in.
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
	// Name is what checks and later variables call it: lower-case letters, digits
	// and underscores, at most 32 of them, a letter first; it can't be "id",
	// "name" or a function's.
	Name string
	// Expr is a formula over "id", "name" and the variables before it, at most 500
	// characters.
	Expr string
	// Kind says what it is. Ports (1 to 65535) and names (what Docker takes, at
	// most 63 characters) must differ between the students of a class; text is
	// anything.
	Kind string
	// Title names it for people.
	Title Text
}

// Task is a part of the lab that is graded on its own.
type Task struct {
	// ID is what --task calls it: lower-case letters, digits and . _ -, at most 64
	// of them, a letter or digit first.
	ID string
	// Title names it for people.
	Title Text
	// Points are what its checks add up to.
	Points Points
	// When tells by what a student has up that it is this task; without it the
	// task is never recognised and must be asked for by --task.
	When *When
	// Checks are what is looked at; there is at least one.
	Checks []*Check
}

// Excludes reports whether two tasks can't stand at the same time: both are told by one
// service, in different endpoint modes.
func (t *Task) Excludes(o *Task) bool {
	a, b := t.When, o.When
	return a != nil && b != nil && a.Service == b.Service && a.EndpointMode != "" && b.EndpointMode != "" && a.EndpointMode != b.EndpointMode
}

// When describes what stands while a student is at a task. Tasks of a lab may
// reuse the same names, so that only one of them can stand at a time.
type When struct {
	// Service is the variable with the service's name.
	Service string
	// EndpointMode is what the service must have; without it any will do.
	EndpointMode string
	// Balancer is the variable with the name of a HAProxy that must exist too.
	Balancer string
	// Port is the variable with the HAProxy's port; it goes with Balancer.
	Port string
	// Network is the variable with the name of the overlay that only this task
	// uses: a service or a HAProxy on it is a sign of the task even if the endpoint
	// mode is not (yet) the task's.
	Network string
}

// Action is a change that is made to a student's own service and undone again.
type Action struct {
	// ID is what checks call it by: lower-case letters, digits and hyphens, at most
	// 64 of them, a letter or digit first; it can't be "fault".
	ID string
	// Kind is one of those below.
	Kind string
	// Title says what is done, for people.
	Title Text
	// Params are the kind's parameters.
	Params any
}

// FaultAction is the ID that no action of a rubric can have: the class's fault's.
const FaultAction = "fault"

// Check is one graded statement.
type Check struct {
	// ID is unique in the rubric; scores are kept under it. Its form
	// is that of a task's.
	ID string
	// Task is the ID of the one that it belongs to.
	Task string
	// Kind is one of those below.
	Kind string
	// Points are what it is worth; 0 is shown and earns nothing.
	Points Points
	// Title states what is right, for people.
	Title Text
	// After is the ID of an action: the check is about what is seen while that is in
	// force, and the service that the check names is the one it is done to. Without
	// it, it is about the cluster as the student left it. A kind that asks for a fault
	// can't have it.
	After string
	// Needs are IDs of checks of the same task that must not have failed; one
	// that passed in part is enough.
	Needs []string
	// Credit is what it is still worth where it does not pass; without it nothing.
	// Only kinds that measure take it.
	Credit Credit
	// Params are the kind's parameters; those left out keep their defaults.
	Params any
}

// Credit says what a check that does not pass is still worth. At most one of
// the fields is set; with none it is worth 0. A check that passes is always
// worth all its points, one that does not always less.
type Credit struct {
	// PerUnit gives each unit that the check counts (a server, a task) its
	// equal share of the points.
	PerUnit bool
	// Bands are steps, best first: the first one whose "at_least" (or "at_most")
	// the measure meets gives its points.
	Bands []Band
	// Linear is a straight scale between no points and all of them.
	Linear *Linear
}

// Band is one step of a scale. Exactly one of AtLeast and AtMost is set.
type Band struct {
	// AtLeast is the measure from which on the band holds.
	AtLeast *float64
	// AtMost is the measure up to which it holds, where less is better.
	AtMost *float64
	// Points are what it gives: fewer than the check has, and than the band
	// before.
	Points Points
}

// Linear is a straight scale.
type Linear struct {
	// From is the measure that earns nothing; it may be above To where less is
	// better.
	From float64
	// To is the measure that earns all points.
	To float64
}

// Attribution lists where an answer's identity is found, tried in order.
type Attribution struct {
	Rules []Rule
}

// Rule finds an identity in an answer. Builtin names one that the loader
// knows ("whoami", "json", "processed-by", "headers"); otherwise Header or
// Pattern (an RE2 expression with a group named hostname, address or student)
// says where to look; it has exactly one of the three in a file.
type Rule struct {
	// Name is unique; its form is that of a task's ID.
	Name string
	// Builtin is a way of wording that is known.
	Builtin string
	// Header is that of the answer whose value is the name, at most 100
	// characters.
	Header string
	// Pattern is an RE2 expression over the answer's body, at most 500 characters,
	// with a group named "hostname", "address" or "student".
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

// Refusal is why a check can't be graded, or an action not done.
type Refusal struct {
	Check     string // its ID
	Action    string // its ID, where it is about an action
	Msg, Hint i18n.Msg
}

// ActionKinds is what the loader must know of the actions that exist; package
// action provides it.
type ActionKinds interface {
	// Names are the kinds that a rubric can ask for, sorted.
	Names() []string
	// NewParams is as in [Kinds].
	NewParams(kind string) (params any, ok bool)
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

// Action finds an action by ID.
func (r *Rubric) Action(id string) (*Action, bool) {
	for i := range r.Actions {
		if r.Actions[i].ID == id {
			return &r.Actions[i], true
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
