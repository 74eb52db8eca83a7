package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
)

// simGuide tells how to use an embedded cluster that is up.
type simGuide struct {
	cluster *sim.Cluster
	class   string // "" if nobody is on it
	seats   []deployments.Seat
	state   string // its directory, if other processes would not look there
}

// clusterYAML is the part of a class file that leads another grade here.
func (g *simGuide) clusterYAML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster:\n  endpoints: [%s]\n  nodes:\n", strings.Join(g.cluster.Endpoints(), ", "))
	addresses := g.cluster.NodeAddresses()
	for _, n := range g.cluster.Nodes() {
		fmt.Fprintf(&b, "    %s: %s\n", n, addresses[n])
	}
	fmt.Fprintf(&b, "fault:\n  kind: command\n  inject: '%s'\n  restore: '%s'\n", g.command("stop", "{{.Node}}"), g.command("start", "{{.Node}}"))
	return b.String()
}

// command is how another process steers this cluster.
func (g *simGuide) command(args ...string) string {
	text := "grade sim " + strings.Join(args, " ")
	if g.state == "" {
		return text
	}
	dir := g.state
	if strings.Trim(dir, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") != "" {
		dir = `"` + dir + `"`
	}
	return text + " --state " + dir
}

// simWrote begins the class files made here: others are not written over.
const simWrote = "# Written by grade sim --write-class, and each time anew.\n"

func rosterBeside(class string) string {
	return strings.TrimSuffix(class, filepath.Ext(class)) + ".csv"
}

// mayWrite refuses a class file or a roster that somebody else has made. A
// roster of sample students is known by its heading.
func mayWrite(ctx context.Context, class string, seats []deployments.Seat) error {
	text, err := beginning(ctx, class)
	if err == nil && text != "" && !strings.HasPrefix(text, simWrote) {
		err = usageHint(i18n.M("sim.not_ours", "file", class), i18n.M("sim.not_ours_hint"))
	}
	if err != nil || len(seats) == 0 {
		return err
	}
	roster := rosterBeside(class)
	text, err = beginning(ctx, roster)
	if heading, _, _ := strings.Cut(text, "\n"); err == nil && text != "" && !strings.HasSuffix(heading, ",deployment") {
		err = usageHint(i18n.M("sim.not_ours", "file", roster), i18n.M("sim.not_ours_hint"))
	}
	return err
}

// beginning is what a file holds, "" if there is none.
func beginning(ctx context.Context, path string) (string, error) {
	data, err := regular.Read(ctx, path, maxSimWrote)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", &diag.Failure{Code: diag.Usage, Msg: i18n.M("sim.not_written", "file", path), Hint: i18n.M("sim.not_ours_hint"), Cause: err}
	}
	return string(data), nil
}

// maxSimWrote bounds what is read of a file that may be written over, in bytes.
const maxSimWrote = 4 << 20

// write makes a class file, with its roster beside it.
func (g *simGuide) write(path string) error {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	roster := rosterBeside(path)
	text := fmt.Sprintf("%sclass: %s\nroster: %s\nrubric: ha-lb\n%ssettings: {parallel: 8, rate: 4000}\n", simWrote, name, filepath.Base(roster), g.clusterYAML())
	err := g.writeRoster(roster)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		return &diag.Failure{Code: diag.Usage, Msg: i18n.M("sim.not_written", "file", path), Hint: i18n.M("cli.no_dir_hint"), Cause: err}
	}
	return nil
}

// writeRoster makes the roster. Of an empty cluster it holds the student of the
// guide, for others to be added: one that is there is kept.
func (g *simGuide) writeRoster(path string) error {
	if len(g.seats) == 0 {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		return os.WriteFile(path, []byte("学号,姓名\n"+guideStudent+",我\n"), 0o644)
	}
	data, err := deployments.Roster(g.seats)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// guideStudent is who the guide's commands are for.
const guideStudent = "2024001"

// print writes the guide to stdout: what to paste first, the rest below it.
func (g *simGuide) print(a *app, written string, seconds float64) error {
	lang := a.lang()
	endpoints, addresses, nodes := g.cluster.Endpoints(), g.cluster.NodeAddresses(), g.cluster.Nodes()
	var b strings.Builder
	if len(g.seats) == 0 {
		b.WriteString(lang.T("sim.up_empty", "nodes", nodes, "seconds", seconds) + "\n")
	} else {
		b.WriteString(lang.T("sim.up", "nodes", nodes, "students", len(g.seats), "class", g.class, "seconds", seconds) + "\n")
	}
	fmt.Fprintf(&b, "\nexport DOCKER_HOST=%s\ndocker node ls\ndocker service ls\n", endpoints[0])
	service, published, frontend := "s01", "8001", ""
	if len(g.seats) > 0 {
		v := g.seats[0].Vars
		service, published, frontend = v["service"], v["published"], v["frontend"]
	} else {
		fmt.Fprintf(&b, "docker service create --no-resolve-image --name %s --replicas 3 -p %s:80 -e STUDENT_ID=%s whoami-for-swarm\n", service, published, guideStudent)
	}
	fmt.Fprintf(&b, "docker service ps %s\ncurl http://%s:%s/\n", service, addresses[nodes[0]], published)
	if frontend != "" {
		fmt.Fprintf(&b, "curl http://%s:%s/\n", addresses[nodes[0]], frontend)
	}
	fmt.Fprintf(&b, "%s\n%s\n%s\n", g.command("stop", nodes[len(nodes)-1]), g.command("start", nodes[len(nodes)-1]), g.command("status"))
	b.WriteString("\n" + lang.T("sim.others", "endpoints", strings.Join(endpoints[1:], " ")) + "\n")
	switch {
	case written != "":
		b.WriteString(lang.T("sim.written", "file", written) + "\n")
	default:
		b.WriteString("\n" + lang.T("sim.snippet") + "\n\n" + g.clusterYAML() + "\n")
	}
	b.WriteString(lang.T("sim.finish") + "\n")
	_, err := a.Stdout.Write([]byte(b.String()))
	return err
}
