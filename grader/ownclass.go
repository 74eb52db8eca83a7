package grader

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// NoClass is the name and the file of the class of a self-check where there is no
// class file.
const NoClass = "-"

// OpenOwn is the job of a self-check. Without --class the student is looked for
// in the user's own classes; a sample class is taken by name only, since its
// students are made up and may have anybody's ID.
func (g *Grader) OpenOwn(ctx context.Context, sel Select, id string) (*Job, error) {
	sel.Students, sel.Argument = []string{id}, true
	if sel.Class != "" {
		return g.Open(ctx, sel)
	}
	own := g.OwnClasses()
	if len(own) == 0 && len(g.samplesWith(ctx, id)) == 0 {
		g.note("cli.check_classless", "student", id)
		return g.OpenClass(ctx, &roster.Class{
			Name: NoClass, File: NoClass, Rubric: "ha-lb", Cluster: roster.Cluster{Context: "default"},
			Settings: roster.Settings{Parallel: 1, Rate: 500},
			Students: []roster.Student{{ID: id}},
		}, sel)
	}
	class, err := g.classWith(ctx, own, id)
	if err != nil {
		return nil, err
	}
	return g.OpenClass(ctx, class, sel)
}

// classWith is the one of these classes that has the student: by the whole ID
// if any class has it, else by whatever names a student of a class.
func (g *Grader) classWith(ctx context.Context, names []string, id string) (*roster.Class, error) {
	var whole, other []*roster.Class
	var unread diag.Problems
	for _, name := range names {
		class, err := roster.LoadClass(ctx, g.classOptions(name))
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
			g.tell(Unread{unread})
		}
		return nil, g.inNoClass(ctx, names, id)
	}
	found := make([]string, len(other))
	for i, c := range other {
		found[i] = fmt.Sprintf("%s (%s)", c.Name, c.File)
	}
	return nil, diag.Misuse(i18n.M("cli.check_many_classes", "student", id, "classes", found),
		i18n.M("cli.check_which_class", "student", id, "class", other[0].Name))
}

// inNoClass says that no class of one's own has a student, and what to type.
func (g *Grader) inNoClass(ctx context.Context, own []string, id string) error {
	hint := i18n.M("cli.check_name_class", "student", id)
	if samples := g.samplesWith(ctx, id); len(samples) > 0 {
		hint = i18n.M("cli.check_name_sample", "student", id, "class", samples[0])
	}
	if len(own) == 0 {
		return diag.Misuse(i18n.M("cli.check_no_classes", "student", id, "places", g.classPlaces()), hint)
	}
	return diag.Misuse(i18n.M("cli.check_no_class", "student", id, "classes", own), hint)
}

// samplesWith are the sample classes that have a student of this ID.
func (g *Grader) samplesWith(ctx context.Context, id string) []string {
	return slices.DeleteFunc(slices.Clone(g.SampleNames), func(name string) bool {
		class, err := roster.LoadClass(ctx, g.classOptions(name))
		return err != nil || !IsSample(class) || !slices.ContainsFunc(class.Students, func(s roster.Student) bool { return s.ID == id })
	})
}

// IsSample reports whether a class came with the program.
func IsSample(class *roster.Class) bool { return strings.HasPrefix(class.File, "builtin:") }

// classRoots are where classes/ is looked for, in this order.
func (g *Grader) classRoots() []string {
	var roots []string
	for _, dir := range []string{g.Dir, g.Home, "."} {
		if dir != "" && !slices.Contains(roots, filepath.Clean(dir)) {
			roots = append(roots, filepath.Clean(dir))
		}
	}
	return roots
}

func (g *Grader) classPlaces() []string {
	places := g.classRoots()
	for i := range places {
		places[i] = filepath.Join(places[i], "classes")
	}
	return places
}

// OwnClasses are the names of the user's own classes, sorted.
func (g *Grader) OwnClasses() []string {
	var names []string
	for _, dir := range g.classPlaces() {
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

// ClassNames are all classes at hand, for hints.
func (g *Grader) ClassNames() []string {
	names := append(slices.Clone(g.SampleNames), g.OwnClasses()...)
	slices.Sort(names)
	return slices.Compact(names)
}
