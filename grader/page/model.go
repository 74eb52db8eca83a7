package page

import "strings"

// Mark says how a check ended, for a sign and a colour: one of the outcomes, or one
// of the two below.
type Mark string

// The marks beside pass, partial, fail, blocked and ungraded.
const (
	Absent Mark = "absent" // not part of what was graded
	Hand   Mark = "hand"   // an instructor set it
)

// Glyph is the sign, so that nothing hangs on a colour alone.
func (m Mark) Glyph() string {
	switch m {
	case "pass":
		return "✓"
	case "partial":
		return "◐"
	case "fail":
		return "✗"
	case "blocked":
		return "–"
	case "ungraded":
		return "?"
	case Hand:
		return "*"
	}
	return "·"
}

// Field is a name with a value.
type Field struct{ Name, Value string }

// StudentPage is the whole page of one student, and nothing of anybody else.
type StudentPage struct {
	Student
	Lab   string
	Class string
	When  string // the class was graded
	Foot  []Field
	// Again is what the student types to be checked anew, "" if that is not known.
	Again string
}

// Student is one student's results.
type Student struct {
	// Key sets the IDs of a student's elements apart from those of others on the
	// page: letters and digits.
	Key      string
	ID, Name string
	// Fields are further columns of the roster, for an instructor's eyes.
	Fields  []Field
	Points  string
	Max     string
	Percent string // of Max, as "62.5%"; "" if there is nothing to show
	Mark    Mark   // ungraded while something is open
	State   string // final, or not yet, in words
	Open    string // why it is not final, and that nothing is lost by it
	Notes   []Note
	// Parts are the tasks' points and how they came about.
	Parts  []Part
	ByHand bool // a part has what an instructor added
	Late   bool // a part has what lateness took
	Sum    Part
	Todo   []Todo
	Wait   string // that other checks wait for these, "" if none does
	Tasks  []Task
	Window *Timeline
	// Empty says why there is nothing, "" if there is something.
	Empty string
}

// Note is a word of how the score came about: Kind is hand, late or remark.
type Note struct{ Kind, Text string }

// Part is a row of points; ByHand and Late are signed.
type Part struct{ Title, Judged, ByHand, Late, Counts, Max string }

// Todo is a place to mend: the check, and in which tasks it costs how much.
type Todo struct{ Anchor, Title, Lost string }

// Task is one task's checks: those to look at, those that wait, those that passed.
type Task struct {
	Title   string
	Points  string
	Cards   []Check
	Waiting []Check
	// Causes are what those that wait are waiting for, in words.
	Causes string
	Passed []Check
}

// Check is how one check ended.
type Check struct {
	Task, ID string // the rubric's, for who puts something beside it
	Anchor   string
	Level    int // of the heading
	Mark     Mark
	Outcome  string // the mark in words
	Title    string
	Points   string // "25 / 40"
	Message  string
	Seen     []Field
	Wanted   []Field
	// Hand is what an instructor set here.
	Hand string
	Hint []Block
	// Same and SameTitle lead to the check whose mending mends this one too.
	Same, SameTitle string
	Spread          *Spread
}

// Block is a part of a hint: words, or lines to copy. Kind is words, commands or file.
type Block struct {
	Kind  string
	Lines []string
}

// Copied reports whether its lines are to be copied as they stand.
func (b Block) Copied() bool { return b.Kind != "words" }

// Copies are what is copied at once: one command, or all that goes into a file.
func (b Block) Copies() []string {
	if b.Kind == "file" {
		return []string{strings.Join(b.Lines, "\n")}
	}
	return b.Lines
}

// Class is an instructor's page but for its students.
type Class struct {
	Title, Class, Lab string
	When              string
	Summary           []string
	Warnings          []string
	Bands             []Bar
	BandNote          string // what the bands count too, "" for final scores alone
	Groups            []Group
	Columns           []Column
	Rates             []Rate
	Faults            []string
	Windows           bool // students' windows follow
	Findings          []Finding
	Foot              []Field
	Wide              bool // more checks than a page is high
}

// Group is a task above its columns.
type Group struct {
	Title string
	N     int
}

// Column is a check of the grid.
type Column struct {
	Anchor, Number, Title string
	First                 bool // of its task
}

// Bar is a labelled length.
type Bar struct{ Label, Width, Text string }

// Rate is how a check went.
type Rate struct {
	Anchor, Task, Number, Title, Max string
	Share                            string // "92%"
	Width                            string
	Counts                           string
}

// Row is a student's line of the grid.
type Row struct {
	Key, ID, Name string
	Points, Max   string
	Mark          Mark
	Open          bool
	Cells         []Cell
}

// Cell is one mark; Word says it for those who do not see it.
type Cell struct {
	Mark  Mark
	Word  string
	First bool
}

// Window is one student's line under the class's faults.
type Window struct {
	Key, ID, Name string
	Facts         string
	Message       string
	Line          *Moments
}

// Finding is something for an instructor to look at.
type Finding struct {
	Severity, Level, Title, Students, Message string
	Where                                     []string
}
