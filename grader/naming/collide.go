package naming

import (
	"slices"
	"strings"
	"unicode"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// claim is what two students must not both have: a port, or a name of one
// variable.
type claim struct{ variable, value string }

// shared is one thing that two students both have, under one variable or two.
type shared struct{ mine, theirs, value string }

// collisions reports each student once for every earlier student with whom
// something is shared.
func (d *deriver) collisions(students []roster.Student, all map[string]map[string]string) {
	type owner struct {
		index    int
		variable string
	}
	owners := make(map[claim]owner, len(students)*len(d.vars))
	for i := range students {
		vars := all[students[i].ID]
		with := map[int][]shared{}
		var order []int
		for _, v := range d.vars {
			value, ok := vars[v.Name]
			if !ok || v.Kind == "text" {
				continue
			}
			c := claim{v.Name, value}
			if v.Kind == "port" {
				c.variable = "" // all ports of a class share one range
			}
			first, taken := owners[c]
			switch {
			case !taken:
				owners[c] = owner{i, v.Name}
			case first.index != i: // one student's own two ports are the rubric's affair
				if with[first.index] == nil {
					order = append(order, first.index)
				}
				with[first.index] = append(with[first.index], shared{v.Name, first.variable, value})
			}
		}
		for _, j := range order {
			d.collision(&students[j], &students[i], with[j], all[students[j].ID], vars)
		}
	}
}

func (d *deriver) collision(a, b *roster.Student, both []shared, av, bv map[string]string) {
	var things []i18n.Msg
	var columns []string
	for _, s := range both {
		key := "naming.same"
		if s.mine != s.theirs {
			key = "naming.same_two"
		}
		things = append(things, i18n.M(key, "var", s.mine, "other", s.theirs, "value", s.value))
		columns = append(columns, s.mine)
	}
	root := d.root(both, av, bv)
	if root != both[0].mine {
		columns = []string{root} // one column mends all that is built on it
	}
	d.report(b, i18n.M("naming.collision", "a", a.Name, "aid", a.ID, "aline", a.Pos.Line, "b", b.Name, "bid", b.ID,
		"things", things, "var", root, "expr", d.expr(root)),
		i18n.M("naming.collision_hint", "columns", columns))
}

// root is the variable from which a clash comes: the text that both students
// have in common and that what clashes is computed from, such as the last two
// digits of the ID; else what clashes itself.
func (d *deriver) root(both []shared, av, bv map[string]string) string {
	for _, v := range d.vars {
		if v.Kind != "text" || av[v.Name] != bv[v.Name] {
			continue
		}
		used := true
		for _, s := range both {
			used = used && slices.Contains(words(d.expr(s.mine)), v.Name)
		}
		if used {
			return v.Name
		}
	}
	return both[0].mine
}

// words are the names in an expression.
func words(expr string) []string {
	return strings.FieldsFunc(expr, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

func (d *deriver) expr(variable string) string {
	for _, v := range d.vars {
		if v.Name == variable {
			return v.Expr
		}
	}
	return ""
}
