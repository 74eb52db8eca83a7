package reference_test

import (
	"slices"
	"strings"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
)

// kinds adds what each kind of check and of action takes.
func (s schemas) kinds() {
	src := readSource(s.t, "check")
	defines, _ := kindFuncs(src)
	vars := s.f.vars
	for _, k := range check.All() {
		vars = append(vars, asker{kind: k}.strings()...)
	}
	var names, docs, when []any
	for _, k := range check.All() {
		names, docs = append(names, k.Name), append(docs, kindDoc(defines[k.Name].Doc.Text(), defines[k.Name].Name.Name))
		then := s.with("check "+k.Name, asker{k, vars, src.literals()}.params(s.t, src))
		props := then["properties"].(object)
		if !k.Measures {
			props["credit"] = false
		}
		if slices.ContainsFunc(k.Needs(k.NewParams()), func(n check.Need) bool { return n.After == evidence.FaultEpisode }) {
			props["after"] = false
		}
		when = append(when, ifKind(k.Name, then))
	}
	s.choose("check", names, docs, when)

	src = readSource(s.t, "action")
	names, docs, when = nil, nil, nil
	for _, k := range action.All() {
		if k.NewParams != nil {
			names, docs = append(names, k.Name), append(docs, aimDoc(s.t, src, k))
			asked := asker{kind: check.Kind{Name: k.Name, NewParams: k.NewParams}, words: src.literals()}
			when = append(when, ifKind(k.Name, s.with("action "+k.Name, asked.params(s.t, src))))
		}
	}
	s.choose("action", names, docs, when)
}

func ifKind(name string, then object) object {
	return object{"if": object{"required": []string{"kind"}, "properties": object{"kind": object{"const": name}}}, "then": then}
}

// choose makes the kind of a place one of a few, each with what it takes.
func (s schemas) choose(place string, names, docs, when []any) {
	x := s.defs[place].(object)
	// enumDescriptions is no word of the standard's; editors show it beside each.
	x["properties"].(object)["kind"] = object{"enum": names, "enumDescriptions": docs}
	x["allOf"] = when
}

// with defines the parameters of a kind and says where they stand.
func (s schemas) with(name string, params []param) object {
	props, required := object{}, []string{}
	for _, p := range params {
		var x object
		one, list := strings.CutPrefix(p.typ, "list of ")
		switch one {
		case "true or false":
			x = object{"type": "boolean"}
		case "whole number":
			x = numbers("integer", p.span)
		case "number":
			x = numbers("number", p.span)
		case "text", "texts", "range of times", "range of whole numbers":
			x = object{"type": scalars, "minLength": 1}
		case "variable", "variables":
			x = object{"type": "string", "pattern": s.forms["varForm"]}
		case "word", "words":
			x = object{"enum": p.words}
		default:
			s.t.Fatalf("%s %s: no schema for a %s", name, p.name, p.typ)
		}
		if list {
			if x = (object{"type": "array", "items": x}); p.some {
				x["minItems"] = 1
			}
		}
		x["description"] = p.doc
		switch v, isList := p.value.([]string); {
		case p.def == "must be given":
			required = append(required, p.name)
		case p.value != "" && (!isList || len(v) > 0):
			x["default"] = p.value
		}
		props[p.name] = x
	}
	def, then := object{"type": "object", "additionalProperties": false, "properties": props}, object{}
	if len(required) > 0 {
		def["required"], then["required"] = required, []string{"with"}
	}
	key := strings.ReplaceAll(name, " ", "-")
	s.defs[key] = def
	then["properties"] = object{"with": object{"$ref": "#/$defs/" + key}}
	return then
}
