// Package naming derives each student's names and ports from a rubric's
// variables, and finds out before any traffic whose would clash.
package naming

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/formula"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

var (
	// serviceName is what Docker takes as the name of a service or network;
	// containerName is what it takes for a container, which may have dots.
	serviceName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$`)
	containerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	portForm      = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
)

// maxName is the longest name of a service.
const maxName = 63

// Derive computes the variables of every student, by student ID and variable.
// A column of the roster that is called like a variable replaces its formula
// for the students whose cell is not blank, also in the variables that build
// on it.
//
// The error is a [diag.Problems], each at its place in the roster: two columns of
// one variable, a formula that fails, a port outside 1 to 65535, a name that Docker would
// refuse, and two students with the same name or port. All port variables of a
// class share one range, names are compared variable by variable.
func Derive(rub *rubric.Rubric, class *roster.Class) (map[string]map[string]string, error) {
	d, err := newDeriver(rub)
	if err != nil {
		return nil, err
	}
	all := make(map[string]map[string]string, len(class.Students))
	for i := range class.Students {
		s := &class.Students[i]
		all[s.ID] = d.student(s)
	}
	for _, h := range class.Headings {
		if h.Twice != "" && slices.ContainsFunc(rub.Vars, func(v rubric.Var) bool { return v.Name == h.Twice }) {
			d.problems.Add(h.Pos, h.Source, utf8.RuneCountInString(h.Twice), i18n.M("roster.heading_twice", "name", h.Twice), i18n.M("roster.two_columns_hint"))
		}
	}
	d.collisions(class.Students, all)
	if err := d.problems.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

type deriver struct {
	vars     []rubric.Var
	formulas []*formula.Formula
	problems diag.Problems
}

func newDeriver(rub *rubric.Rubric) (*deriver, error) {
	d := &deriver{vars: rub.Vars}
	known := []string{"id", "name"}
	for _, v := range rub.Vars {
		f, errs := formula.Compile(v.Expr, known)
		if len(errs) > 0 { // a rubric that was loaded has none
			return nil, diag.Problems{{
				Pos: diag.Pos{File: rub.File},
				Msg: i18n.M("naming.bad_formula", "var", v.Name, "problem", errs[0].Msg), Hint: errs[0].Hint,
			}}
		}
		d.formulas = append(d.formulas, f)
		known = append(known, v.Name)
	}
	return d, nil
}

// student computes one student's variables. One that fails is left out, and
// what builds on it is not computed, so that a mistake is told once.
func (d *deriver) student(s *roster.Student) map[string]string {
	env := map[string]string{"id": s.ID, "name": s.Name}
	vars := make(map[string]string, len(d.vars))
	for i, v := range d.vars {
		value, own := s.Columns[v.Name]
		if !own {
			var err error
			if value, err = d.formulas[i].Eval(env); err != nil {
				d.failed(s, v, err)
				return vars
			}
		}
		if !d.fits(s, v, value, own) {
			return vars
		}
		env[v.Name], vars[v.Name] = value, value
	}
	return vars
}

func (d *deriver) report(s *roster.Student, msg, hint i18n.Msg) {
	d.problems.Add(s.Pos, s.Source, utf8.RuneCountInString(s.ID), msg, hint)
}

func (d *deriver) failed(s *roster.Student, v rubric.Var, err error) {
	problem := i18n.M("naming.detail", "text", err.Error())
	var fe *formula.Error
	if errors.As(err, &fe) {
		problem = fe.Msg
	}
	d.report(s, i18n.M("naming.failed", "name", s.Name, "id", s.ID, "var", v.Name, "expr", v.Expr, "problem", problem),
		i18n.M("naming.column_hint", "var", v.Name))
}

// fits checks a value against its variable's kind.
func (d *deriver) fits(s *roster.Student, v rubric.Var, value string, own bool) bool {
	rule := i18n.M("naming.by_formula", "expr", v.Expr)
	if own {
		rule = i18n.M("naming.by_column", "var", v.Name)
	}
	hint := i18n.M("naming.column_hint", "var", v.Name)
	switch v.Kind {
	case "port":
		port, err := strconv.Atoi(value)
		if err == nil && portForm.MatchString(value) && port <= 65535 {
			return true
		}
		if !own && len(s.ID) > 4 && err == nil && port > 65535 {
			hint = i18n.M("naming.port_hint", "var", v.Name)
		}
		d.report(s, i18n.M("naming.bad_port", "name", s.Name, "id", s.ID, "var", v.Name, "value", value, "rule", rule), hint)
		return false
	case "name":
		form := serviceName
		if own {
			form = containerName // the roster may name whatever the student has up
		}
		if len(value) <= maxName && form.MatchString(value) {
			return true
		}
		d.report(s, i18n.M("naming.bad_name", "name", s.Name, "id", s.ID, "var", v.Name, "value", value, "rule", rule, "limit", maxName), hint)
		return false
	}
	return true
}
