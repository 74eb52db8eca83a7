package roster

import (
	"regexp"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

var allDigits = regexp.MustCompile(`^[0-9]+$`)

// lookalikes are letters that are read as digits.
var lookalikes = strings.NewReplacer("O", "0", "o", "0", "D", "0", "Q", "0", "I", "1", "l", "1", "i", "1", "|", "1", "Z", "2", "z", "2", "S", "5", "s", "5", "B", "8")

// idNotes looks at the IDs together: what differs from the rest may be a slip.
// Any ID can be right, so nothing is refused.
func idNotes(file string, students []Student) diag.Problems {
	var digits, letters []Student
	for _, s := range students {
		switch {
		case s.ID == "":
		case allDigits.MatchString(s.ID):
			digits = append(digits, s)
		default:
			letters = append(letters, s)
		}
	}
	n := noter{file: file}
	if len(digits) > len(letters) && len(letters) > 0 {
		hint := i18n.M("roster.odd_id_hint")
		if i := slices.IndexFunc(letters, func(s Student) bool { return allDigits.MatchString(lookalikes.Replace(s.ID)) }); i >= 0 {
			hint = i18n.M("roster.odd_id_like", "id", letters[i].ID, "like", lookalikes.Replace(letters[i].ID))
		}
		n.add("roster.odd_id", letters, hint)
	}
	n.lengths(digits)
	n.zeros(digits)
	return n.out
}

type noter struct {
	file string
	out  diag.Problems
}

// add notes something of some students, naming their rows.
func (n *noter) add(key string, of []Student, hint i18n.Msg, pairs ...any) {
	rows := make([]int, len(of))
	ids := make([]string, 0, 6)
	for i, s := range of {
		rows[i] = s.Pos.Line
		if len(ids) < 5 {
			ids = append(ids, s.ID)
		} else if len(ids) == 5 {
			ids = append(ids, "…")
		}
	}
	slices.Sort(rows)
	n.out.Add(diag.Pos{File: n.file, Line: rows[0]}, "", 0, i18n.M(key, append(pairs, "rows", lines(slices.Compact(rows)), "ids", ids)...), hint)
}

// lengths notes IDs that are shorter or longer than most: a number in a
// spreadsheet has no leading zeros. Of equal shares the longer is the rule.
func (n *noter) lengths(digits []Student) {
	count := map[int]int{}
	usual := 0
	for _, s := range digits {
		l := len(s.ID)
		count[l]++
		if usual == 0 || count[l] > count[usual] || count[l] == count[usual] && l > usual {
			usual = l
		}
	}
	var short, long []Student
	for _, s := range digits {
		switch {
		case len(s.ID) < usual:
			short = append(short, s)
		case len(s.ID) > usual:
			long = append(long, s)
		}
	}
	if len(short) > 0 {
		n.add("roster.short_id", short, i18n.M("roster.short_id_hint"), "usual", usual)
	}
	if len(long) > 0 {
		n.add("roster.long_id_row", long, i18n.M("roster.short_id_hint"), "usual", usual)
	}
}

// zeros notes IDs that are one but for leading zeros.
func (n *noter) zeros(digits []Student) {
	first := map[string]Student{}
	for _, s := range digits {
		key := strings.TrimLeft(s.ID, "0")
		if f, ok := first[key]; ok && f.ID != s.ID {
			n.add("roster.same_but_zeros", []Student{f, s}, i18n.M("roster.same_but_zeros_hint"))
			return // one shows what is wrong with all
		}
		first[key] = s
	}
}
