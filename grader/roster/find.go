package roster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
	"swarmgrade/grader/strictyaml"
)

// MaxRosterBytes bounds a roster file.
const MaxRosterBytes = 16 << 20

// Options say which class to load and where to look for it.
type Options struct {
	// Name is a class's name, or a path of its file: whatever has a slash in
	// it or ends in .yaml. A relative one is looked for in Dir before Cwd.
	Name string
	// Dir (the flag --dir), Home ($GRADE_HOME) and Cwd ("" is the working
	// directory) are looked into in this order, for classes/NAME.yaml. Empty
	// Dir and Home are skipped.
	Dir, Home, Cwd string
	// Samples are the classes built in, NAME.yaml at the root with the
	// rosters beside them; nil is none.
	Samples fs.FS
}

// LoadClass finds a class, reads its file and its roster, and checks both. The
// error is a [diag.Problems], or that of ctx.
func LoadClass(ctx context.Context, o Options) (*Class, error) {
	src, err := o.find(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	c, err := src.load(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return c, err
}

// source is a class file that was found.
type source struct {
	name string // as asked for by name; "" if asked for by path
	file string // for messages
	dir  string // what relative paths are relative to, "" in the samples
	data []byte
	fsys fs.FS // the samples, if the class is one of them
}

func (o Options) roots() []string {
	cwd := o.Cwd
	if cwd == "" {
		cwd = "."
	}
	var roots []string
	for _, r := range []string{o.Dir, o.Home, cwd} {
		if r != "" && !slices.Contains(roots, filepath.Clean(r)) {
			roots = append(roots, filepath.Clean(r))
		}
	}
	return roots
}

func (o Options) find(ctx context.Context) (*source, error) {
	if strings.ContainsAny(o.Name, `/\`) || strings.HasSuffix(o.Name, ".yaml") || strings.HasSuffix(o.Name, ".yml") {
		path := o.Name
		if o.Cwd != "" && !filepath.IsAbs(path) {
			path = filepath.Join(o.Cwd, path)
		}
		if o.Dir != "" && !filepath.IsAbs(o.Name) {
			if there := filepath.Join(o.Dir, o.Name); exists(there) {
				path = there
			}
		}
		data, err := regular.Read(ctx, path, strictyaml.MaxBytes)
		if err != nil {
			return nil, unreadable(path, err)
		}
		return newSource("", path, data)
	}
	if strings.TrimSpace(o.Name) == "" {
		return nil, o.notFound()
	}
	for _, root := range o.roots() {
		path := filepath.Join(root, "classes", o.Name+".yaml")
		data, err := regular.Read(ctx, path, strictyaml.MaxBytes)
		switch {
		case err == nil:
			return newSource(o.Name, path, data)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, unreadable(path, err)
		}
	}
	if o.Samples != nil && fs.ValidPath(o.Name) {
		if data, err := fs.ReadFile(o.Samples, o.Name+".yaml"); err == nil {
			return &source{name: o.Name, file: "builtin:" + o.Name, data: data, fsys: o.Samples}, nil
		}
	}
	return nil, o.notFound()
}

// exists reports whether there is something of a name, whatever it is.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func newSource(name, path string, data []byte) (*source, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return &source{name: name, file: path, dir: dir, data: data}, nil
}

// notFound tells where a class was looked for and which there are.
func (o Options) notFound() error {
	var places, names []string
	for _, root := range o.roots() {
		dir := filepath.Join(root, "classes")
		places = append(places, dir)
		found, err := os.ReadDir(dir)
		if err != nil {
			continue // that there is none is what the message is about
		}
		names = append(names, classNames(found)...)
	}
	if o.Samples != nil {
		if found, err := fs.ReadDir(o.Samples, "."); err == nil {
			names = append(names, classNames(found)...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 30 {
		names = append(names[:30:30], "…")
	}
	var hint i18n.Msg
	near := diag.Nearest(o.Name, names)
	switch {
	case near != "":
		hint = i18n.M("roster.class_near", "word", near, "classes", names, "places", places)
	case len(names) > 0:
		hint = i18n.M("roster.class_others", "classes", names, "places", places)
	default:
		hint = i18n.M("roster.class_none", "places", places)
	}
	msg := i18n.M("roster.class_not_found", "name", o.Name)
	if strings.TrimSpace(o.Name) == "" {
		msg = i18n.M("roster.class_unnamed")
	}
	return diag.Problems{{Pos: diag.Pos{File: "--class"}, Msg: msg, Hint: hint}}
}

func classNames(entries []fs.DirEntry) []string {
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok && !e.IsDir() {
			names = append(names, name)
		}
	}
	return names
}

// unreadable is the problem of a file that cannot be read.
func unreadable(path string, err error) error {
	msg, hint := readProblem(path, err)
	return diag.Problems{{Pos: diag.Pos{File: path}, Msg: msg, Hint: hint}}
}

func readProblem(path string, err error) (msg, hint i18n.Msg) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return i18n.M("roster.no_file", "path", path), i18n.M("roster.no_file_hint")
	case errors.Is(err, fs.ErrPermission):
		return i18n.M("roster.no_permission", "path", path), i18n.M("roster.no_permission_hint")
	case errors.Is(err, regular.ErrNotRegular):
		return i18n.M("roster.irregular", "path", path), i18n.M("roster.irregular_hint")
	case errors.Is(err, regular.ErrTooBig):
		return i18n.M("roster.file_too_big", "path", path), i18n.M("roster.file_too_big_hint")
	}
	return i18n.M("roster.not_readable", "path", path, "detail", diag.Reason(err)), i18n.Msg{}
}
