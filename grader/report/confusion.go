package report

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/check"
)

// Confusion sets stated outcomes against given ones. The zero value is empty.
type Confusion struct {
	cells  map[[2]check.Outcome]int
	checks []string
	by     map[string]*checkCount
}

// checkCount is one check's.
type checkCount struct {
	given  map[check.Outcome]int
	differ int
}

// Add counts one verdict. Stated are the outcomes that were allowed, none
// meaning any; same says that outcome, message and points are as stated.
func (c *Confusion) Add(id string, stated []check.Outcome, given check.Outcome, same bool) {
	if c.cells == nil {
		c.cells, c.by = map[[2]check.Outcome]int{}, map[string]*checkCount{}
	}
	want := given
	if len(stated) > 0 && !slices.Contains(stated, given) {
		want = stated[0]
	}
	c.cells[[2]check.Outcome{want, given}]++
	n := c.by[id]
	if n == nil {
		n = &checkCount{given: map[check.Outcome]int{}}
		c.by[id] = n
		c.checks = append(c.checks, id)
	}
	n.given[given]++
	if !same {
		n.differ++
	}
}

// Differ is how many verdicts are not as stated; Total how many there are.
func (c *Confusion) Differ() (differ, total int) {
	for _, n := range c.by {
		differ += n.differ
		for _, k := range n.given {
			total += k
		}
	}
	return differ, total
}

// Write prints both tables: stated against given over all checks, then for
// each check how often each outcome was given and how many differ.
func (c *Confusion) Write(w io.Writer, t Text) error {
	right := map[int]bool{}
	head := []cell{plainCell(t.Lang.T("report.confusion_stated"))}
	for i, o := range check.Outcomes {
		head = append(head, plainCell(t.Lang.T("report.outcome_"+string(o))))
		right[i+1] = true
	}
	rows := [][]cell{head}
	for _, stated := range check.Outcomes {
		row := []cell{plainCell(t.Lang.T("report.outcome_" + string(stated)))}
		for _, given := range check.Outcomes {
			n := c.cells[[2]check.Outcome{stated, given}]
			row = append(row, t.count(n, stated != given))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	grid(&b, rows, right)
	b.WriteString("\n")

	right[len(check.Outcomes)+1] = true
	head = slices.Clone(head)
	head[0] = plainCell(t.Lang.T("report.confusion_check"))
	rows = [][]cell{append(head, plainCell(t.Lang.T("report.confusion_differ")))}
	for _, id := range c.checks {
		row := []cell{plainCell(id)}
		for _, o := range check.Outcomes {
			row = append(row, t.count(c.by[id].given[o], false))
		}
		rows = append(rows, append(row, t.count(c.by[id].differ, true)))
	}
	grid(&b, rows, right)
	_, err := io.WriteString(w, b.String())
	return err
}

// count is a number of a table, a dot for none; a bad one is red.
func (t Text) count(n int, bad bool) cell {
	if n == 0 {
		return plainCell(absent)
	}
	s := strconv.Itoa(n)
	if bad {
		return cell{s, t.paint(s, red)}
	}
	return plainCell(s)
}
