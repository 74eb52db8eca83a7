package roster

import (
	"io"
	"maps"
	"slices"
	"text/template"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
)

// faultKeys are the keys of a fault that belong to one kind only.
var faultKeys = map[string]string{
	"user": "node-stop", "port": "node-stop", "identity": "node-stop", "known_hosts": "node-stop",
	"stop": "node-stop", "start": "node-stop",
	"inject": "command", "restore": "command", "limit": "command",
}

// maxFaultLimit is the most seconds that a fault's command may take.
const maxFaultLimit = 600

func (l *loader) fault(n *yaml.Node) Fault {
	d := l.doc
	o := d.Object(n, append([]string{"kind"}, slices.Sorted(maps.Keys(faultKeys))...)...)
	f := Fault{
		Kind:       d.OneOf(o.Need("kind"), "node-stop", "node-drain", "task-kill", "command"),
		User:       d.Text(o.Get("user")),
		Identity:   l.path(d.Text(o.Get("identity"))),
		KnownHosts: l.path(d.Text(o.Get("known_hosts"))),
		Stop:       d.Text(o.Get("stop")),
		Start:      d.Text(o.Get("start")),
		Inject:     l.command(o.Get("inject")),
		Restore:    l.command(o.Get("restore")),
	}
	if x := o.Get("port"); x != nil {
		f.Port = d.Int(x, 1, 65535)
	}
	if x := o.Get("limit"); x != nil {
		f.Limit = d.Int(x, 1, maxFaultLimit)
	}
	if f.Kind == "" {
		return f
	}
	if f.Kind == "command" {
		o.Need("inject")
		o.Need("restore")
	}
	// One without the other could not be undone, or not be done.
	if o.Get("stop") != nil {
		o.Need("start")
	}
	if o.Get("start") != nil {
		o.Need("stop")
	}
	for k := range o.Entries {
		if kind := faultKeys[k.Value]; kind != "" && kind != f.Kind {
			d.Report(k, i18n.M("roster.fault_key", "key", k.Value, "kind", kind, "got", f.Kind), i18n.M("roster.fault_key_hint"))
		}
	}
	return f
}

// command checks the template of a command now: one that fails only when the
// fault is to be undone would leave a node down.
func (l *loader) command(n *yaml.Node) string {
	s := l.doc.Text(n)
	if s == "" {
		return ""
	}
	t, err := template.New("command").Parse(s)
	if err == nil {
		err = t.Execute(io.Discard, struct{ Node, Address string }{"manager-1", "172.30.0.11"})
	}
	if err != nil {
		l.doc.Report(n, i18n.M("roster.bad_template", "detail", err.Error()), i18n.M("roster.bad_template_hint"))
	}
	return s
}
