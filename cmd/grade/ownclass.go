package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"swarmgrade/fixtures/classes"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// ownJob is the job of a self-check. Without --class the student is looked for
// in the user's own classes; a sample class is taken by name only, since its
// students are made up and may have anybody's ID.
func (a *app) ownJob(ctx context.Context, f *classFlags, id string) (*job, error) {
	f.students = []string{id}
	if f.class != "" {
		return a.load(ctx, f)
	}
	own := a.ownClasses()
	if len(own) == 0 && len(a.samplesWith(ctx, id)) == 0 {
		a.ui.note(diag.Plain(a.lang().T("cli.check_classless", "student", id)))
		return a.jobOf(ctx, &roster.Class{
			Name: "-", File: "-", Rubric: "ha-lb", Cluster: roster.Cluster{Context: "default"},
			Settings: roster.Settings{Parallel: 1, Rate: 500},
			Students: []roster.Student{{ID: id}},
		}, f)
	}
	class, err := a.classWith(ctx, own, id)
	if err != nil {
		return nil, err
	}
	return a.jobOf(ctx, class, f)
}

// classWith is the one of these classes that has the student: by the whole ID
// if any class has it, else by whatever names a student of a class.
func (a *app) classWith(ctx context.Context, names []string, id string) (*roster.Class, error) {
	var whole, other []*roster.Class
	var unread diag.Problems
	for _, name := range names {
		class, err := roster.LoadClass(ctx, a.classOptions(name))
		if err != nil {
			var problems diag.Problems
			if errors.As(err, &problems) {
				unread = append(unread, problems...)
			}
			continue // another class's mistakes are not this student's, unless nobody has them
		}
		if slices.ContainsFunc(class.Students, func(s roster.Student) bool { return s.ID == id }) {
			whole = append(whole, class)
		} else if len(meant(class, id)) > 0 { // of several, pick says which
			other = append(other, class)
		}
	}
	if len(whole) > 0 {
		other = whole
	}
	switch len(other) {
	case 1:
		return other[0], nil
	case 0:
		if len(unread) > 0 {
			a.ui.failure(unread.Render(a.lang()), "")
		}
		return nil, a.inNoClass(ctx, names, id)
	}
	found := make([]string, len(other))
	for i, c := range other {
		found[i] = fmt.Sprintf("%s (%s)", c.Name, c.File)
	}
	return nil, usageHint(i18n.M("cli.check_many_classes", "student", id, "classes", found),
		i18n.M("cli.check_which_class", "student", id, "class", other[0].Name))
}

// inNoClass says that no class of one's own has a student, and what to type.
func (a *app) inNoClass(ctx context.Context, own []string, id string) error {
	hint := i18n.M("cli.check_name_class", "student", id)
	if samples := a.samplesWith(ctx, id); len(samples) > 0 {
		hint = i18n.M("cli.check_name_sample", "student", id, "class", samples[0])
	}
	if len(own) == 0 {
		return usageHint(i18n.M("cli.check_no_classes", "student", id, "places", a.classPlaces()), hint)
	}
	return usageHint(i18n.M("cli.check_no_class", "student", id, "classes", own), hint)
}

// samplesWith are the sample classes that have a student of this ID.
func (a *app) samplesWith(ctx context.Context, id string) []string {
	return slices.DeleteFunc(classes.Names(), func(name string) bool {
		class, err := roster.LoadClass(ctx, a.classOptions(name))
		return err != nil || !isSample(class) || !slices.ContainsFunc(class.Students, func(s roster.Student) bool { return s.ID == id })
	})
}

// isSample reports whether a class came with the program.
func isSample(class *roster.Class) bool { return strings.HasPrefix(class.File, "builtin:") }

// classRoots are where classes/ is looked for, in this order.
func (a *app) classRoots() []string {
	var roots []string
	for _, dir := range []string{a.dir, a.Getenv("GRADE_HOME"), "."} {
		if dir != "" && !slices.Contains(roots, filepath.Clean(dir)) {
			roots = append(roots, filepath.Clean(dir))
		}
	}
	return roots
}

func (a *app) classPlaces() []string {
	places := a.classRoots()
	for i := range places {
		places[i] = filepath.Join(places[i], "classes")
	}
	return places
}

// ownClasses are the names of the user's own classes, sorted.
func (a *app) ownClasses() []string {
	var names []string
	for _, dir := range a.classPlaces() {
		found, err := os.ReadDir(dir)
		if err != nil {
			continue // that there is none is no mistake
		}
		for _, e := range found {
			if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok && !e.IsDir() {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// classNames are all classes at hand, for hints.
func (a *app) classNames() []string {
	names := append(classes.Names(), a.ownClasses()...)
	slices.Sort(names)
	return slices.Compact(names)
}
