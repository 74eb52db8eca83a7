package rubric

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/strictyaml"
)

// maxActions bounds how often a class is changed and watched in one run.
const maxActions = 20

func (l *loader) actions(n *yaml.Node) []Action {
	var out []Action
	if items := l.doc.List(n); len(items) > maxActions {
		l.report(items[maxActions], "rubric.many_actions", "limit", maxActions)
		return nil
	}
	for _, item := range l.doc.List(n) {
		o := l.doc.Object(item, "id", "kind", "title", "with")
		a := Action{ID: l.id(o.Need("id"), idForm), Title: l.text(o.Need("title"))}
		switch first := l.actionIDs[a.ID]; {
		case a.ID == "":
		case a.ID == FaultAction:
			l.doc.Report(o.Get("id"), i18n.M("rubric.reserved_action", "id", a.ID), i18n.M("rubric.reserved_action_hint"))
		case first != nil:
			l.doc.Report(o.Get("id"), i18n.M("rubric.duplicate_action", "id", a.ID, "line", first.Line), i18n.M("rubric.duplicate_hint"))
		default:
			l.actionIDs[a.ID] = o.Get("id")
		}
		l.actionKind(o, &a)
		out = append(out, a)
	}
	return out
}

func (l *loader) actionKind(o *strictyaml.Object, a *Action) {
	kind := o.Need("kind")
	a.Kind = l.doc.Text(kind)
	if a.Kind == "" || l.actionKinds == nil {
		return
	}
	params, ok := l.actionKinds.NewParams(a.Kind)
	if !ok {
		l.doc.Report(kind, i18n.M("rubric.unknown_action_kind", "kind", a.Kind), strictyaml.Suggest(a.Kind, l.actionKinds.Names()))
		return
	}
	a.Params = params
	l.params(kind, o.Get("with"), params)
}

// after reads which action a check is about.
func (l *loader) after(n *yaml.Node, c *Check) {
	if n == nil {
		return
	}
	c.After = l.doc.Text(n)
	if c.After == "" || l.actionIDs[c.After] != nil {
		return
	}
	ids := make([]string, 0, len(l.actionIDs))
	for id := range l.actionIDs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	hint := strictyaml.Suggest(c.After, ids)
	if len(ids) == 0 {
		hint = i18n.M("rubric.no_actions_hint")
	}
	l.doc.Report(n, i18n.M("rubric.unknown_action", "id", c.After), hint)
}
