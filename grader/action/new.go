package action

import (
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// KindOf is the kind of fault that a class asks for. One that says nothing
// drains the node: that needs nothing but the API.
func KindOf(spec roster.Fault) string {
	if spec.Kind == "" {
		return NodeDrain
	}
	return spec.Kind
}

// New makes the injector of a kind, as the class file wants it. c may be nil for
// node-stop and command. The error is a *[diag.Failure].
func New(kind string, spec roster.Fault, c Cluster) (Injector, error) {
	switch kind {
	case NodeStop:
		return nodeStop{spec: spec}, nil
	case NodeDrain:
		return nodeDrain{c}, nil
	case TaskKill:
		return taskKill{c}, nil
	case Command:
		return newCommand(spec)
	}
	return nil, &diag.Failure{Code: "config", Msg: i18n.M("fault.bad_kind", "kind", kind), Hint: i18n.M("fault.bad_kind_hint")}
}
