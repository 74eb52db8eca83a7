package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/lab"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// deployFlags say whose deployments, and what is done with them.
type deployFlags struct {
	class    string
	students []string
	commands string
	remove   bool
	parallel int
	wait     time.Duration
}

func newLabDeployCmd(a *app, lf *labFlags) *cobra.Command {
	lang := a.lang()
	var f deployFlags
	cmd := &cobra.Command{
		Use: "deploy", Short: lang.T("labdeploy.short"), Long: lang.T("labdeploy.long"), Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			opt, err := lf.options(a)
			if err != nil {
				return err
			}
			return a.labDeploy(c.Context(), opt, f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.class, "class", "lab", lang.T("labdeploy.flag_class", "classes", deployments.Classes()))
	fl.StringSliceVar(&f.students, "students", nil, lang.T("labdeploy.flag_students"))
	fl.StringVar(&f.commands, "commands", "", lang.T("labdeploy.flag_commands"))
	fl.BoolVar(&f.remove, "remove", false, lang.T("labdeploy.flag_remove"))
	fl.IntVar(&f.parallel, "parallel", 4, lang.T("labdeploy.flag_parallel"))
	fl.DurationVar(&f.wait, "wait", 3*time.Minute, lang.T("labdeploy.flag_wait"))
	cmd.MarkFlagsMutuallyExclusive("commands", "remove")
	return cmd
}

func (a *app) labDeploy(ctx context.Context, opt lab.Options, f deployFlags) error {
	if f.parallel < 1 || f.parallel > 64 {
		return usageError(i18n.M("labdeploy.bad_parallel", "n", f.parallel))
	}
	seats, err := sampleSeats(f.class)
	if err != nil {
		return err
	}
	if f.commands != "" {
		if seats, err = chooseSeats(seats, f.class, []string{f.commands}); err != nil {
			return err
		}
		return a.labCommands(opt, seats[0])
	}
	if len(f.students) > 0 {
		if seats, err = chooseSeats(seats, f.class, f.students); err != nil {
			return err
		}
	}
	l, err := lab.Find(opt)
	if err != nil {
		return labError(err, "lab.status_failed", opt)
	}
	targets, closeAll, err := labTargets(l)
	if err != nil {
		return labError(err, "lab.status_failed", opt)
	}
	defer closeAll()
	targets.Wait = f.wait
	return a.deploySeats(ctx, targets, seats, f)
}

// deploySeats does the work and prints a line a student as it ends.
func (a *app) deploySeats(ctx context.Context, t deployments.Targets, seats []deployments.Seat, f deployFlags) error {
	lang := a.lang()
	do, done := deployments.Apply, "labdeploy.applied"
	if f.remove {
		do, done = deployments.Remove, "labdeploy.removed"
	} else if err := deployments.OfferNginx(ctx, t); err != nil {
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("labdeploy.no_nginx"), Hint: i18n.M("labdeploy.no_nginx_hint"), Cause: err}
	}
	jobs := make([]deployments.Job, len(seats))
	for i, s := range seats {
		jobs[i] = s.Job()
	}
	if !f.remove {
		node, image, err := deployments.LacksRedis(ctx, t, jobs)
		if err != nil || node != "" {
			return &diag.Failure{
				Code: diag.Usage, Msg: i18n.M("labdeploy.no_redis", "node", node, "image", image),
				Hint: i18n.M("labdeploy.no_redis_hint", "package", lab.RedisPackage), Cause: err,
			}
		}
	}
	failed := 0
	rows := []map[string]any{}
	start := time.Now()
	// Every failure has had its line, so the joined error is not shown again.
	_ = deployments.Each(ctx, t, jobs, f.parallel, do, func(j deployments.Job, took time.Duration, err error) {
		seconds := fmt.Sprintf("%.1f", took.Seconds())
		if a.json {
			row := map[string]any{"id": j.Student, "deployment": j.Deployment.Name, "seconds": took.Seconds()}
			if err != nil {
				failed++
				row["error"] = err.Error()
			}
			rows = append(rows, row)
			return
		}
		if err == nil {
			fmt.Fprintln(a.Stdout, lang.T(done, "student", j.Student, "deployment", j.Deployment.Name, "seconds", seconds))
			return
		}
		failed++
		text := lang.T("labdeploy.failed", "student", j.Student, "deployment", j.Deployment.Name, "error", err.Error())
		fmt.Fprintln(a.Stdout, diag.Plain(text))
	})
	if a.json {
		if err := a.printJSON(map[string]any{"schema": "swarmgrade-deploy/1", "students": rows}); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if failed > 0 {
		return &diag.Failure{
			Code: diag.Open,
			Msg:  i18n.M("labdeploy.some_failed", "n", failed, "all", len(seats)), Hint: i18n.M("labdeploy.some_failed_hint"),
		}
	}
	if !a.quiet {
		fmt.Fprintln(a.Stderr, lang.T("labdeploy.done", "n", len(seats), "seconds", fmt.Sprintf("%.0f", time.Since(start).Seconds())))
	}
	return nil
}

// labCommands prints what a student would type. The lab need not be up: its
// addresses are then the ones it would have.
func (a *app) labCommands(opt lab.Options, s deployments.Seat) error {
	vars := make(map[string]string, len(s.Vars)+3)
	for k, v := range s.Vars {
		vars[k] = v
	}
	for i := range 3 {
		vars[fmt.Sprintf("node%d", i+1)] = fmt.Sprintf("172.30.0.%d", 11+i)
	}
	if l, err := lab.Find(opt); err == nil {
		for i, n := range l.Nodes() {
			vars[fmt.Sprintf("node%d", i+1)] = n.Addr.String()
		}
	}
	text, err := deployments.Commands(s.Deployment, vars)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "# %s %s: %s\n", s.ID, s.Name, storyIn(s.Deployment.Story, a.lang()))
	fmt.Fprint(a.Stdout, text)
	return nil
}

func storyIn(s deployments.Story, lang i18n.Lang) string {
	if lang == i18n.ZH {
		return s.ZH
	}
	return s.EN
}

func sampleSeats(class string) ([]deployments.Seat, error) {
	if _, ok := deployments.TaskOfClass(class); !ok {
		return nil, usageError(i18n.M("labdeploy.no_class", "class", class, "classes", deployments.Classes()))
	}
	return deployments.SampleSeats(class)
}

// called tells whom a name means: a student's ID, its last two digits, or the name of the
// deployment, also with its task as in 2/handout.
func called(name string) func(deployments.Seat) bool {
	return func(s deployments.Seat) bool {
		return slices.Contains([]string{s.ID, s.Vars["nn"], s.Deployment.Name, s.Deployment.Task + "/" + s.Deployment.Name}, name)
	}
}

// chooseSeats finds students by ID, by its last two digits, or by the name of
// their deployment.
func chooseSeats(seats []deployments.Seat, class string, names []string) ([]deployments.Seat, error) {
	var chosen []deployments.Seat
	for _, name := range names {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(seats, called(name))
		if i < 0 {
			return nil, &diag.Failure{
				Code: diag.Usage,
				Msg:  i18n.M("labdeploy.no_student", "student", name, "class", class),
				Hint: i18n.M("labdeploy.no_student_hint", "first", seats[0].ID, "last", seats[len(seats)-1].ID),
			}
		}
		if !slices.ContainsFunc(chosen, func(s deployments.Seat) bool { return s.ID == seats[i].ID }) {
			chosen = append(chosen, seats[i])
		}
	}
	return chosen, nil
}

// labTargets connects to the lab's engines.
func labTargets(l *lab.Lab) (deployments.Targets, func(), error) {
	var t deployments.Targets
	var clients []*client.Client
	closeAll := func() {
		for _, c := range clients {
			_ = c.Close()
		}
	}
	for _, n := range l.Nodes() {
		c, err := l.Client(n)
		if err != nil {
			closeAll()
			return t, nil, err
		}
		clients = append(clients, c)
		t.Nodes = append(t.Nodes, deployments.Node{Name: n.Name, Address: n.Addr.String(), Client: c})
	}
	t.Manager = t.Nodes[0].Client
	return t, closeAll, nil
}
