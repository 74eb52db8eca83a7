// Package roster reads who is graded: class files and rosters (csv, xlsx, or
// the class file's own list). IDs are text and stay text.
package roster

import "swarmgrade/grader/diag"

// Class is a class file with its roster, as loaded and checked.
type Class struct {
	// Name is the class's, and the file's without .yaml: letters (Chinese ones
	// too), digits and - _ . inside, at most 64 characters, a letter or digit
	// first.
	Name string
	// Title is what people call it; without it the name.
	Title string
	// File is where the class file was read, "builtin:2024A" for a sample;
	// Dir is what relative paths in it are relative to.
	File string
	Dir  string
	// Rubric is a built-in rubric's ID or a path: what has a / in it or ends in
	// .yaml.
	Rubric string
	// Cluster says how the swarm is reached.
	Cluster Cluster
	// Fault is how a node is made to fail, where the rubric asks for it.
	Fault Fault
	// Late is what is taken off for work that comes after it was due; without it
	// nothing is.
	Late *Late
	// Settings are the bounds of a run, and which attempts count.
	Settings Settings
	// Roster is the file that the students stand in, csv or xlsx.
	Roster string
	// Students are a list in the class file itself, in place of Roster.
	Students []Student
	// Headings and Notes are the roster's; see [List].
	Headings []Heading
	Notes    diag.Problems
	// RosterSHA256 is the digest of the roster as read.
	RosterSHA256 string
}

// Cluster says how the swarm is reached: Endpoints, or Context, or Sim.
type Cluster struct {
	// Endpoints are the engines' addresses: tcp://HOST:PORT, ssh://[USER@]HOST or
	// unix:///PATH; one a node, so that HAProxy containers are found on each.
	Endpoints []string `yaml:"endpoints"`
	// Context is the name of a Docker context.
	Context string `yaml:"context"`
	// Sim is a sample class, put up on the embedded cluster: letters,
	// digits and hyphens, at most 64 characters.
	Sim string `yaml:"sim"`
	// TLS are the certificates for tcp:// endpoints.
	TLS *TLS `yaml:"tls"`
	// SSH is how ssh:// endpoints are entered.
	SSH *SSH `yaml:"ssh"`
	// Nodes maps nodes' host names to the addresses that the grader dials, where
	// the swarm's own can't be reached.
	Nodes map[string]string `yaml:"nodes"`
}

// TLS are paths of PEM files, absolute after loading.
type TLS struct {
	// CA is the file with the certificate that the engines' are signed by.
	CA string `yaml:"ca"`
	// Cert is the file with the grader's own certificate; it goes with Key.
	Cert string `yaml:"cert"`
	// Key is the file with its private key.
	Key string `yaml:"key"`
}

// SSH is how ssh:// endpoints are entered.
type SSH struct {
	// Identity is the file with the private key; without it keys are the user's
	// own.
	Identity string `yaml:"identity"`
	// KnownHosts is the file with the hosts' keys; without it the user's own.
	KnownHosts string `yaml:"known_hosts"`
}

// Fault is how a node is made to fail; its paths are absolute after loading.
type Fault struct {
	// Kind says how: node-stop stops the node's Docker over SSH, node-drain needs
	// the API only, task-kill kills one container, command runs two commands of
	// your own. Without a fault it is node-drain.
	Kind string `yaml:"kind" json:"kind,omitempty"`
	// User is who enters the node by SSH; without it the user's own name.
	User string `yaml:"user" json:"user,omitempty"`
	// Port is that of the node's SSH; without it 22.
	Port int `yaml:"port" json:"port,omitempty"`
	// Identity is the file with the private key; without it keys are the user's
	// own.
	Identity string `yaml:"identity" json:"identity,omitempty"`
	// KnownHosts is the file with the nodes' keys; without it the user's own.
	KnownHosts string `yaml:"known_hosts" json:"known_hosts,omitempty"`
	// Stop is the shell command on a node whose Docker systemd does not run; it
	// goes with Start.
	Stop string `yaml:"stop" json:"stop,omitempty"`
	// Start is the command that starts Docker there again.
	Start string `yaml:"start" json:"start,omitempty"`
	// Inject is the command that makes the node fail, run on the grader's machine;
	// {{.Node}} and {{.Address}} stand for the node.
	Inject string `yaml:"inject" json:"inject,omitempty"`
	// Restore is the command that undoes it.
	Restore string `yaml:"restore" json:"restore,omitempty"`
	// Limit is how many seconds each command may take; without it 60.
	Limit int `yaml:"limit" json:"limit,omitempty"`
}

// Settings bound and steer a run.
type Settings struct {
	// Parallel is how many students are observed at a time.
	Parallel int `yaml:"parallel"`
	// Rate is how many requests a second all students get together.
	Rate int `yaml:"rate"`
	// Attempts says which attempt of each task counts: the best one by what is
	// left of it once lateness has taken its part, the last, or the first.
	Attempts string `yaml:"attempts"`
	// Lang is the language of screens and files; without it the locale's.
	Lang string `yaml:"lang"`
	// Workers have the nodes of a swarm send the load in place of the grader's own
	// machine; without it that machine does.
	Workers *Workers `yaml:"workers"`
}

// Workers are processes of the grader's own on the nodes of a swarm: that of Context
// or Endpoints, without both the class's own.
type Workers struct {
	// Context is the name of a Docker context.
	Context string `yaml:"context"`
	// Endpoints are engines' addresses as a cluster's are; load comes from the nodes
	// that have one. Certificates and keys are those of the class's cluster.
	Endpoints []string `yaml:"endpoints"`
	// Count is how many there are in all, spread over the nodes.
	Count int `yaml:"count"`
}

// Cluster is how the workers' swarm is reached, for a class whose own is reached by of.
func (w *Workers) Cluster(of Cluster) Cluster {
	switch {
	case w.Context != "":
		return Cluster{Context: w.Context}
	case len(w.Endpoints) > 0:
		return Cluster{Endpoints: w.Endpoints, TLS: of.TLS, SSH: of.SSH}
	}
	return of
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
