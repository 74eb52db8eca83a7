// Package roster reads who is graded: class files and rosters (csv, xlsx, or
// the class file's own list). IDs are text and stay text.
package roster

import "swarmgrade/grader/diag"

// Class is a class file with its roster, as loaded and checked.
type Class struct {
	Name  string // "2024A"
	Title string
	// File is where the class file was read, "builtin:2024A" for a sample;
	// Dir is what relative paths in it are relative to.
	File string
	Dir  string
	// Rubric is a built-in rubric's ID or a path.
	Rubric   string
	Cluster  Cluster
	Fault    Fault
	Settings Settings
	// Roster is the file that the students stand in, the class file itself
	// where it lists them.
	Roster string
	// Students, Headings and Notes are the roster's; see [List].
	Students []Student
	Headings []Heading
	Notes    diag.Problems
	// RosterSHA256 is the digest of the roster as read.
	RosterSHA256 string
}

// Cluster says how the swarm is reached: Endpoints, or Context, or Sim.
type Cluster struct {
	Endpoints []string `yaml:"endpoints"`
	Context   string   `yaml:"context"`
	Sim       string   `yaml:"sim"`
	TLS       *TLS     `yaml:"tls"`
	// SSH applies to ssh:// endpoints: the private key file, and the known
	// hosts file ("" is the user's own).
	SSH *SSH `yaml:"ssh"`
	// Nodes maps node host names to the addresses that the grader dials.
	Nodes map[string]string `yaml:"nodes"`
}

// TLS are paths of PEM files, absolute after loading.
type TLS struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// SSH is how ssh:// endpoints are entered.
type SSH struct {
	Identity   string `yaml:"identity"`
	KnownHosts string `yaml:"known_hosts"`
}

// Fault is how a node is made to fail.
type Fault struct {
	// Kind is node-stop, node-drain, task-kill or command; "" leaves it to the
	// program.
	Kind string `yaml:"kind" json:"kind,omitempty"`
	// User, Port, Identity and KnownHosts are how a node is entered by SSH for
	// node-stop: "" and 0 are the user's own and 22; paths are absolute after
	// loading.
	User       string `yaml:"user" json:"user,omitempty"`
	Port       int    `yaml:"port" json:"port,omitempty"`
	Identity   string `yaml:"identity" json:"identity,omitempty"`
	KnownHosts string `yaml:"known_hosts" json:"known_hosts,omitempty"`
	// Stop and Start are shell commands for a node whose Docker systemd does
	// not run; both or neither.
	Stop  string `yaml:"stop" json:"stop,omitempty"`
	Start string `yaml:"start" json:"start,omitempty"`
	// Inject and Restore are the templates of kind command, run on the
	// grader's machine; Limit is how many seconds each may take, 0 for the
	// default.
	Inject  string `yaml:"inject" json:"inject,omitempty"`
	Restore string `yaml:"restore" json:"restore,omitempty"`
	Limit   int    `yaml:"limit" json:"limit,omitempty"`
}

// Settings bound and steer a run.
type Settings struct {
	Parallel int    `yaml:"parallel"` // students at a time, 1 to 64
	Rate     int    `yaml:"rate"`     // requests/s over all students, 1 to 100000
	Attempts string `yaml:"attempts"` // best, last, first
	Lang     string `yaml:"lang"`     // zh, en, "" for the locale's
}

// List is who is graded.
type List struct {
	Students []Student
	// Headings are those of the columns beside ID and name, in order, each
	// under a name of its own.
	Headings []Heading
	// Notes are what should be looked at although the list can be used: rows
	// that were left out, IDs that may have lost digits.
	Notes diag.Problems
}

// Heading is that of a further column.
type Heading struct {
	Name string
	// Twice is the heading as it stands where an earlier column has the same.
	Twice  string
	Pos    diag.Pos
	Source string
}

// Student is one line of the roster.
type Student struct {
	ID   string
	Name string
	// Columns are the other columns that are not blank, by [Heading] name; one
	// named like a variable of the rubric overrides it. They are one line, and
	// bounded.
	Columns map[string]string
	Pos     diag.Pos
	// Source is the line as it stands in the roster.
	Source string
}
