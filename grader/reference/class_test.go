package reference_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/naming"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/strictyaml"
	"swarmgrade/rubrics"
)

const classPage = "../../fixtures/classes/README.md"

// everyClassKey is a class with every object that there can be in one.
const everyClassKey = `
class: x
title: X
roster: x.csv
rubric: ha-lb
cluster:
  endpoints: [tcp://127.0.0.1:2375, ssh://127.0.0.1]
  tls: {ca: a, cert: b, key: c}
  ssh: {identity: a, known_hosts: b}
  nodes: {a: 127.0.0.1}
fault: {kind: node-stop, user: root}
late: {due: "2024-06-01T23:59:00+08:00", per_day: 10%, cap: 50%, grace: 10m, column: due}
settings: {parallel: 1, rate: 1, attempts: best, lang: zh, workers: {context: lab, count: 3}}
`

func classFormat(t *testing.T) format {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.csv"), []byte("id,name,due\n01,a,\n"), 0o600))
	file := filepath.Join(dir, "x.yaml")
	return format{src: readSource(t, "roster"), base: everyClassKey, load: func(t *testing.T, data []byte) error {
		require.NoError(t, os.WriteFile(file, data, 0o600))
		_, err := roster.LoadClass(t.Context(), roster.Options{Name: file})
		return err
	}}
}

// TestClassPage: what fixtures/classes/README.md says of class files and rosters
// is what the code says.
func TestClassPage(t *testing.T) {
	p, f := readPage(t, classPage), classFormat(t)
	require.NoError(t, f.load(t, []byte(f.base)))
	bare := readClass(t, "class: x\nrubric: ha-lb\ncluster: {sim: x}\nstudents: [{id: '01', name: a}]\n")
	for _, at := range []place{
		{name: "class", typ: "Class", field: map[string]string{"class": "Name"}, instead: map[string]string{"students": "roster"}},
		{name: "cluster", path: []any{"cluster"}, typ: "Cluster", instead: map[string]string{"context": "endpoints", "sim": "endpoints"}},
		{name: "tls", path: []any{"cluster", "tls"}, typ: "TLS"},
		{name: "ssh", path: []any{"cluster", "ssh"}, typ: "SSH"},
		{name: "fault", path: []any{"fault"}, typ: "Fault", defaults: bare.Fault},
		{name: "late", path: []any{"late"}, typ: "Late"},
		{name: "settings", path: []any{"settings"}, typ: "Settings", defaults: bare.Settings},
		{name: "workers", path: []any{"settings", "workers"}, typ: "Workers", instead: map[string]string{"endpoints": "context"}},
	} {
		p.put(t, "fields of "+at.name, f.table(t, at))
	}
	p.put(t, "columns", columns(t, f.src))
	p.put(t, "limits", limits(t, f.src))
	p.same(t)
}

func readClass(t *testing.T, text string) *roster.Class {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	c, err := roster.LoadClass(t.Context(), roster.Options{Name: file})
	require.NoError(t, err)
	return c
}

// columns are the headings by which a roster's two columns are known, each of
// them tried.
func columns(t *testing.T, src *source) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| column | headings | where none of those is there |\n|---|---|---|\n")
	other := map[string]string{"idHeadings": "姓名", "nameHeadings": "学号"}
	for _, name := range []string{"idHeadings", "nameHeadings"} {
		strong, weak := src.words(t, name, "strong"), src.words(t, name, "weak")
		for _, h := range append(append([]string{}, strong...), weak...) {
			list, err := roster.ReadRoster(t.Context(), []byte(h+","+other[name]+"\n01,01\n"), "x.csv")
			require.NoError(t, err, h)
			require.Len(t, list.Students, 1, h)
			require.Empty(t, list.Headings, h)
		}
		column := map[string]string{"idHeadings": "ID", "nameHeadings": "name"}[name]
		b.WriteString("| " + column + " | " + strings.Join(strong, ", ") + " | " + strings.Join(weak, ", ") + " |\n")
	}
	return b.String()
}

// limits are those of rosters and class files.
func limits(t *testing.T, src *source) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| at most | |\n|---|---|\n")
	line := func(n int64, what string) {
		b.WriteString("| " + strconv.FormatInt(n, 10) + " | " + what + " |\n")
	}
	line(src.number(t, "MaxStudents"), "students")
	line(src.number(t, "MaxIDLength"), "characters of an ID")
	line(src.number(t, "MaxNameLength"), "characters of a name")
	line(src.number(t, "maxColumns"), "columns")
	line(src.number(t, "maxHeading"), "characters of a further column's heading; what is longer is cut")
	line(src.number(t, "maxCell"), "characters of a further column's value; what is longer is cut")
	line(src.number(t, "headingRows"), "rows in which the heading is looked for")
	line(src.number(t, "MaxRosterBytes")>>20, "MiB of a roster")
	line(strictyaml.MaxBytes>>20, "MiB of a class file or a rubric")
	return b.String()
}

var (
	classLine  = regexp.MustCompile(`(?m)^class: (\S+)`)
	rosterLine = regexp.MustCompile(`(?m)^roster: (\S+)`)
)

// TestClassExamples: each class of the page loads with its roster, and its
// students get names of their own where the rubric is built in.
func TestClassExamples(t *testing.T) {
	examples := readPage(t, classPage).examples("yaml", "class")
	require.GreaterOrEqual(t, len(examples), 3)
	for _, e := range examples {
		t.Run("line "+strconv.Itoa(e[0].Line), func(t *testing.T) {
			name := classLine.FindStringSubmatch(e[0].Text)
			require.NotNil(t, name)
			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, "classes"), 0o700))
			write := func(file, text string) {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "classes", file), []byte(text), 0o600))
			}
			write(name[1]+".yaml", e[0].Text)
			if list := rosterLine.FindStringSubmatch(e[0].Text); list != nil {
				require.Equal(t, "roster", e[1].Kind, "the roster follows the class")
				write(list[1], e[1].Text)
			}
			class, err := roster.LoadClass(t.Context(), roster.Options{Name: name[1], Cwd: dir})
			require.NoError(t, err)
			require.NotEmpty(t, class.Students)
			require.Empty(t, class.Notes)
			data, ok := rubrics.Find(class.Rubric)
			if !ok {
				return
			}
			rub, err := rubric.Load(data, class.Rubric, check.Set{}, action.Set{})
			require.NoError(t, err)
			_, err = naming.Derive(rub, class)
			require.NoError(t, err)
		})
	}
}

// TestClassWords: what comments say of forms and lengths in words is so.
func TestClassWords(t *testing.T) {
	f := classFormat(t)
	long := func(n int) string { return strings.Repeat("a", n) }
	tests := []struct {
		path  []any
		key   string
		value any
		says  string
	}{
		{nil, "class", "云计算-1_a." + long(50), ""}, {nil, "class", long(64), ""}, {nil, "class", long(65), "roster.bad_class"}, {nil, "class", ".a", "roster.bad_class"},
		{[]any{"cluster"}, "sim", long(64), ""}, {[]any{"cluster"}, "sim", long(65), "roster.bad_sim"},
		{[]any{"cluster"}, "sim", "a_b", "roster.bad_sim"},
		{[]any{"cluster"}, "endpoints", []any{"unix:///a", "tcp://a:1", "ssh://a", "ssh://u@a:22"}, ""},
		{[]any{"cluster"}, "endpoints", []any{"tcp://a", "ssh://a"}, "roster.endpoint_port"},
		{[]any{"cluster"}, "endpoints", []any{}, "roster.no_endpoints"},
		{[]any{"cluster"}, "context", "a", "roster.bad_context"}, // two characters at least
		{[]any{"cluster", "tls"}, "key", nil, "roster.tls_pair"},
		{[]any{"fault"}, "limit", 5, "roster.fault_key"}, // it belongs to another kind
		{[]any{"fault"}, "stop", "a", "yaml.missing_key"},
		{[]any{"late"}, "per_day", "5", ""}, {[]any{"late"}, "per_day", "2.5 %", ""}, {[]any{"late"}, "per_day", "101%", "roster.bad_amount"},
		{[]any{"late"}, "per_day", "0", "roster.bad_amount"}, {[]any{"late"}, "cap", "-1", "roster.bad_amount"},
		{[]any{"late"}, "due", "2024-06-01 23:59", "roster.bad_due"}, {[]any{"late"}, "due", "2024-06-01T23:59:00Z", ""},
		{[]any{"late"}, "grace", "720h", ""}, {[]any{"late"}, "grace", "721h", "roster.bad_grace"}, {[]any{"late"}, "grace", "10", "yaml.want_duration"},
		{[]any{"late"}, "column", "dew", "roster.no_due_column"}, {[]any{"late"}, "per_day", nil, "yaml.missing_key"},
	}
	for _, tt := range tests {
		f.says(t, tt.path, tt.key, tt.value, tt.says)
	}
}
