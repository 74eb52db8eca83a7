package action

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"text/template"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// commandLimit is how long a command may take if the class does not say.
const commandLimit = time.Minute

// vetted is what may stand in a command: nothing that a shell would read as
// more than a word.
var vetted = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.:-]{0,252}[A-Za-z0-9_])?$`)

// runCommand runs the class's own commands.
func runCommand() Kind {
	return Kind{
		Name: Command, Says: "fault.note_commanding", TakesEngine: true,
		New: func(spec roster.Fault, _ Cluster) (Injector, error) { return newCommand(spec) },
	}
}

// command runs the class's own pair of commands on the grader's machine. They
// are the instructor's words; of the swarm only the target's host name and
// address get into them, and only if they look like such.
type command struct {
	inject, restore *template.Template
	limit           time.Duration
}

func newCommand(spec roster.Fault) (Injector, error) {
	c := command{limit: commandLimit}
	if spec.Limit > 0 {
		c.limit = time.Duration(spec.Limit) * time.Second
	}
	var err1, err2 error
	c.inject, err1 = template.New("inject").Parse(spec.Inject)
	c.restore, err2 = template.New("restore").Parse(spec.Restore)
	if err := errors.Join(err1, err2); err != nil || spec.Inject == "" || spec.Restore == "" {
		return nil, &diag.Failure{Code: "config", Msg: i18n.M("fault.bad_command"), Hint: i18n.M("fault.bad_command_hint"), Cause: err}
	}
	return c, nil
}

func (c command) Inject(ctx context.Context, f evidence.Action) error {
	return c.run(ctx, c.inject, f)
}

func (c command) Restore(ctx context.Context, f evidence.Action) error {
	return c.run(ctx, c.restore, f)
}

// firstWord is the word that a shell's line begins with, a program's name or
// path as a rule; "" if a shell would not take it as it stands.
func firstWord(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 || quote(words[0]) != words[0] || strings.ContainsAny(words[0], "=:@%,") {
		return ""
	}
	return words[0]
}

// Try fills the commands in for a node and has a shell read them and look for
// the program that each begins with, not run them.
func (c command) Try(ctx context.Context, f evidence.Action) error {
	for _, t := range []*template.Template{c.inject, c.restore} {
		text, err := fill(t, f)
		if err != nil {
			return err
		}
		if out, err := exec.CommandContext(ctx, "sh", "-n", "-c", text).CombinedOutput(); err != nil && ctx.Err() == nil {
			return &diag.Failure{
				Code: "config", Msg: i18n.M("fault.command_unread", "command", t.Name(), "output", clipTail(out)), Hint: i18n.M("fault.command_failed_hint"), Cause: err,
			}
		}
		word := firstWord(text)
		if word == "" {
			continue
		}
		if err := exec.CommandContext(ctx, "sh", "-c", `command -v "$1"`, "sh", word).Run(); err != nil && ctx.Err() == nil {
			return &diag.Failure{
				Code: "config", Msg: i18n.M("fault.command_missing", "command", t.Name(), "program", word), Hint: i18n.M("fault.command_missing_hint", "command", t.Name()), Cause: err,
			}
		}
	}
	return ctx.Err()
}

func clipTail(out []byte) string {
	t := &tailBuffer{}
	_, _ = t.Write(out)
	return t.String()
}

func (c command) Commands(f evidence.Action) []string {
	text, err := fill(c.restore, f)
	if err != nil {
		return nil
	}
	return []string{text}
}

func fill(t *template.Template, f evidence.Action) (string, error) {
	for _, word := range []string{f.Hostname, f.Address} {
		if word != "" && !vetted.MatchString(word) {
			return "", &diag.Failure{Code: "config", Msg: i18n.M("fault.odd_name", "name", word), Hint: i18n.M("fault.odd_name_hint")}
		}
	}
	var b strings.Builder
	err := t.Execute(&b, struct{ Node, Address string }{f.Hostname, f.Address})
	if err != nil {
		return "", &diag.Failure{Code: "config", Msg: i18n.M("fault.bad_command"), Hint: i18n.M("fault.bad_command_hint"), Cause: err}
	}
	return b.String(), nil
}

// run gives a command its time; then all that it started is killed.
func (c command) run(parent context.Context, t *template.Template, f evidence.Action) error {
	text, err := fill(t, f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(parent, c.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", text)
	ownGroup(cmd)
	cmd.WaitDelay = time.Second
	out := &tailBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // the latter if it left something running
		return nil
	case parent.Err() != nil:
		return parent.Err()
	case ctx.Err() != nil:
		return &diag.Failure{
			Code: "failed", Msg: i18n.M("fault.command_slow", "command", t.Name(), "seconds", int(c.limit/time.Second), "output", out.String()),
			Hint: i18n.M("fault.command_slow_hint"),
		}
	}
	return &diag.Failure{
		Code: "failed", Msg: i18n.M("fault.command_failed", "command", t.Name(), "node", f.Hostname, "output", out.String()),
		Hint: i18n.M("fault.command_failed_hint"), Cause: err,
	}
}

// tailBuffer keeps the end of what a command writes.
type tailBuffer struct{ b []byte }

const maxTail = 500

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.b = append(t.b, p[max(0, len(p)-maxTail):]...)
	t.b = t.b[max(0, len(t.b)-maxTail):]
	return len(p), nil
}

func (t *tailBuffer) String() string {
	return strings.ToValidUTF8(string(bytes.TrimSpace(t.b)), "�")
}
