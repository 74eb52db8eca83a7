package grader

import (
	"slices"
	"strings"
	"unicode"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
)

// pick selects students by whole ID, by name, or by the end of the ID, where
// that means one alone. From is the flag that they were given with, "" for an argument.
func pick(class *roster.Class, want []string, from string) ([]roster.Student, error) {
	if len(want) == 0 {
		return class.Students, nil
	}
	var problems diag.Problems
	chosen := map[string]bool{}
	for _, w := range want {
		w = strings.TrimSpace(w)
		switch hits := meant(class, w); len(hits) {
		case 1:
			chosen[hits[0].ID] = true
		case 0:
			hint := i18n.M("cli.no_student_hint", "file", class.Roster)
			if all := class.Students; IsSample(class) && len(all) > 0 { // its roster is no file that could be looked at
				hint = i18n.M("cli.no_student_sample", "class", class.Name, "first", all[0].ID, "last", all[len(all)-1].ID)
			}
			if near := likely(class, w); near != nil && !IsSample(class) {
				hint = i18n.M("cli.no_student_near", "id", near.ID, "name", near.Name, "file", class.Roster)
			}
			problems.Add(diag.Pos{File: from}, "", 0, i18n.M("cli.no_student", "student", w, "class", class.Name), hint)
		default:
			ids := make([]string, 0, 11)
			for _, s := range hits[:min(len(hits), 10)] {
				ids = append(ids, s.ID)
			}
			if len(hits) > 10 {
				ids = append(ids, "…")
			}
			problems.Add(diag.Pos{File: from}, "", 0, i18n.M("cli.many_students", "student", w, "n", len(hits)),
				i18n.M("cli.several_students_hint", "ids", ids))
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(class.Students), func(s roster.Student) bool { return !chosen[s.ID] }), nil
}

// meant are the students that a word names: who has it as ID, else those of
// that name, else those whose ID ends with it.
func meant(class *roster.Class, word string) []roster.Student {
	if word == "" {
		return nil
	}
	var named, ending []roster.Student
	name := nameKey(word)
	for _, s := range class.Students {
		switch {
		case s.ID == word:
			return []roster.Student{s}
		case name != "" && nameKey(s.Name) == name:
			named = append(named, s)
		case strings.HasSuffix(s.ID, word):
			ending = append(ending, s)
		}
	}
	if len(named) > 0 {
		return named
	}
	return ending
}

// likely is the only student whose ID is one slip of a finger away from a word, nil
// if there is none or there are several: IDs of a class are much alike.
func likely(class *roster.Class, word string) *roster.Student {
	var found *roster.Student
	if len(word) < 4 || len(word) > roster.MaxIDLength {
		return nil
	}
	for i := range class.Students {
		s := &class.Students[i]
		if len(s.ID)-len(word) > 1 || len(word)-len(s.ID) > 1 || diag.Distance(word, s.ID) != 1 {
			continue
		}
		if found != nil {
			return nil
		}
		found = s
	}
	return found
}

// nameKey is a name for comparison: without the blanks and dots that people
// write as they please, and without case.
func nameKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// names are those that the roster has today, by ID.
func (j *Job) names() map[string]string {
	out := make(map[string]string, len(j.Class.Students))
	for _, s := range j.Class.Students {
		out[s.ID] = s.Name
	}
	return out
}

// addRoster gives results what the class's files say beside them, as they are
// now: its title, and the further columns that anybody has something in.
func addRoster(d *result.Data, class *roster.Class) {
	d.Title = class.Title
	columns, names := make(map[string]map[string]string, len(class.Students)), make(map[string]string, len(class.Students))
	used := map[string]bool{}
	for _, s := range class.Students {
		columns[s.ID], names[s.ID] = s.Columns, s.Name
		for name := range s.Columns {
			used[name] = true
		}
	}
	seen := make(map[string]bool, len(d.Students))
	for i := range d.Students {
		s := &d.Students[i]
		seen[s.ID] = true
		s.Columns = columns[s.ID]
		name, in := names[s.ID]
		if s.Left = !in; in && name != "" { // a name may have been corrected since
			s.Name = name
		}
	}
	if d.Run.Policy != "" { // a single run may be of whom it liked
		for _, s := range class.Students {
			if !seen[s.ID] {
				d.Unseen = append(d.Unseen, s.ID)
			}
		}
	}
	for _, h := range class.Headings {
		if used[h.Name] {
			d.Headings = append(d.Headings, h.Name)
		}
	}
}
