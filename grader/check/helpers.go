package check

import (
	"slices"
	"strconv"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

func paramError(param string, msg i18n.Msg) rubric.ParamError {
	return rubric.ParamError{Param: param, Msg: msg}
}

// wordError is about a word that is none of a few.
func wordError(param string, msg i18n.Msg, word string, words []string) rubric.ParamError {
	e := paramError(param, msg)
	e.Hint = i18n.M("yaml.known_words", "words", words)
	if near := diag.Nearest(word, words); near != "" {
		e.Hint = i18n.M("yaml.did_you_mean", "word", near)
	}
	return e
}

// varsExist checks pairs of parameter and the variable that it names; "id" and
// "name" always exist.
func varsExist(vars []string, pairs ...string) []rubric.ParamError {
	var errs []rubric.ParamError
	for i := 0; i+1 < len(pairs); i += 2 {
		param, name := pairs[i], pairs[i+1]
		if name != "id" && name != "name" && !slices.Contains(vars, name) {
			e := paramError(param, i18n.M("check.param_no_var", "param", param, "var", name))
			e.Var, e.Hint = name, i18n.M("check.param_no_var_hint", "vars", vars)
			if near := diag.Nearest(name, vars); near != "" {
				e.Hint = i18n.M("check.param_var_near_hint", "near", near, "var", name)
			}
			errs = append(errs, e)
		}
	}
	return errs
}

func itoa(n int) string { return strconv.Itoa(n) }

// nonNil keeps an empty list from being stored as null.
func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// noService answers for a check whose service is missing although it was said
// to need one: a rubric without that need.
func noService(in *Input, nameVar string) Result {
	name := in.Vars[nameVar]
	return Result{
		Outcome:  Fail,
		Observed: Facts{"service": nil},
		Expected: Facts{"service": name},
		Message:  i18n.M("check.service_none", "service", name),
		Hint:     in.createHint(name),
	}
}

// Lacking answers for evidence that a view misses.
func Lacking(m *sight.Missing) Result {
	r := ungraded(m.What, m.Msg)
	if !m.Hint.Empty() {
		r.Hint = m.Hint
	}
	return r
}

// ungraded answers for evidence that is not there.
func ungraded(what string, msg i18n.Msg) Result {
	return Result{
		Outcome:  Ungraded,
		Observed: Facts{"missing": what},
		Message:  msg,
		Hint:     i18n.M("check.ungraded_hint"),
	}
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
