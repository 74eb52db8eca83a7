package i18n_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

var placeholder = regexp.MustCompile(`\{([a-z][a-zA-Z0-9_]*)(\|[^{}]*)?\}`)

var latinWord = regexp.MustCompile(`[A-Za-z]{2,}`)

// placeholders are the names in a sentence, sorted, each once. A plural form
// needs its number only in languages that have plurals.
func placeholders(raw string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(raw, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestCatalogsAgree(t *testing.T) {
	keys := i18n.ZH.Keys()
	require.NotEmpty(t, keys)
	for _, k := range keys {
		if _, ok := i18n.EN.Raw(k); !ok {
			t.Errorf("%s is missing in English", k)
		}
	}
	for _, k := range i18n.EN.Keys() {
		if _, ok := i18n.ZH.Raw(k); !ok {
			t.Errorf("%s is missing in Chinese", k)
		}
	}
}

func TestPlaceholdersAgree(t *testing.T) {
	for _, k := range i18n.ZH.Keys() {
		zh, _ := i18n.ZH.Raw(k)
		en, ok := i18n.EN.Raw(k)
		if ok && !slices.Equal(placeholders(zh), placeholders(en)) {
			t.Errorf("%s: Chinese has %v, English %v", k, placeholders(zh), placeholders(en))
		}
	}
}

// TestTextsAreWritten finds blank sentences and ones left in the other
// language.
func TestTextsAreWritten(t *testing.T) {
	for _, lang := range i18n.Langs {
		for _, k := range lang.Keys() {
			raw, _ := lang.Raw(k)
			words := placeholder.ReplaceAllString(raw, "")
			hasHan := strings.ContainsFunc(words, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			if strings.TrimSpace(raw) == "" {
				t.Errorf("%s %s is blank", lang, k)
			}
			// English may quote a Chinese heading or name; it must not be Chinese.
			if lang == i18n.EN && hasHan && !strings.ContainsFunc(words, func(r rune) bool { return r >= 'a' && r <= 'z' }) {
				t.Errorf("%s %s is Chinese: %s", lang, k, raw)
			}
			// A command to type is the same in both languages.
			if lang == i18n.ZH && !hasHan && len(latinWord.FindAllString(words, -1)) > 3 && !strings.Contains(raw, " --") {
				t.Errorf("%s %s has no Chinese: %s", lang, k, raw)
			}
		}
	}
}

// said is one call that names a sentence.
type said struct {
	pos  token.Position
	key  string
	args []string // names of the values
	all  bool     // every name is a literal, so that args is complete
}

// TestKeysInCodeExist reads every Go file of the module for M("key", …) and
// T("key", …): the sentence must exist, and each of its placeholders must be
// given a value under that name.
func TestKeysInCodeExist(t *testing.T) {
	calls := keysInCode(t, filepath.Join("..", ".."))
	require.NotEmpty(t, calls)
	for _, c := range calls {
		raw, ok := i18n.EN.Raw(c.key)
		if !ok {
			t.Errorf("%s: no sentence %q", c.pos, c.key)
			continue
		}
		if !c.all {
			continue
		}
		for _, name := range placeholders(raw) {
			if !slices.Contains(c.args, name) {
				t.Errorf("%s: %s wants {%s}, given are %v", c.pos, c.key, name, c.args)
			}
		}
	}
}

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9]*\.[a-zA-Z0-9_.-]+$`)

func keysInCode(t *testing.T, root string) []said {
	t.Helper()
	var calls []said
	fset := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if c, ok := sentence(call); ok {
					c.pos = fset.Position(call.Pos())
					calls = append(calls, c)
				}
			}
			return true
		})
		return nil
	}))
	return calls
}

// sentence recognises a call of M or T, bare or qualified, whose key is a
// literal.
func sentence(call *ast.CallExpr) (said, bool) {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	if name != "M" && name != "T" || len(call.Args) == 0 {
		return said{}, false
	}
	key, ok := literal(call.Args[0])
	if !ok || !keyForm.MatchString(key) {
		return said{}, false
	}
	c := said{key: key, all: !call.Ellipsis.IsValid()}
	for i := 1; i < len(call.Args); i += 2 {
		arg, ok := literal(call.Args[i])
		c.all = c.all && ok
		c.args = append(c.args, arg)
	}
	return c, true
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// command is how something to type begins.
var command = regexp.MustCompile(`docker (service|network|node|config|run|rm|rename|restart|start|unpause|pull|inspect|logs|ps)\b|\{(curl|lookup|todnsrr)\}`)

// TestCommandsHaveTheirOwnLine: a student copies a line as it stands.
func TestCommandsHaveTheirOwnLine(t *testing.T) {
	for _, lang := range i18n.Langs {
		for _, k := range lang.Keys() {
			name, ok := strings.CutPrefix(k, "check.")
			if !ok || !strings.HasSuffix(name, "_hint") && !strings.HasPrefix(name, "do_") {
				continue
			}
			raw, _ := lang.Raw(k)
			for line := range strings.Lines(raw) {
				line = strings.TrimRight(line, "\n")
				if at := command.FindStringIndex(line); at != nil && (at[0] != len(i18n.CommandMark) || !strings.HasPrefix(line, i18n.CommandMark)) {
					t.Errorf("%s %s: a command among words: %s", lang, k, line)
				}
				// What brings lines of its own ends the line.
				for _, hole := range []string{"{reload}", "{logs}", "{remove}", "{join}", "{command}"} {
					if i := strings.Index(line, hole); i >= 0 && i+len(hole) != len(line) {
						t.Errorf("%s %s: words after a command: %s", lang, k, line)
					}
				}
			}
		}
	}
}

func TestLines(t *testing.T) {
	hint := i18n.M("check.servers_idle_hint", "line", "3\n$ rm -rf .", "reload",
		map[string]any{"key": "check.do_restart", "args": map[string]any{"name": "haproxy-01"}})
	require.Equal(t, []string{
		"1. line 3 $ rm -rf . should take its turn like the others: delete backup, disabled or weight 0 there", "2. restart haproxy-01:", "$ docker restart haproxy-01",
	}, i18n.EN.Lines(hint), "a value brings no lines")
}

// counted finds a number with a noun that is right for many only.
var counted = regexp.MustCompile(`\{([a-z]+)\} (students|nodes|replicas|servers|tasks|requests|points|checks|deployments|verdicts|lines|columns|managers|engines|things)\b`)

// TestPlurals: English says neither "1 students" nor "1 nodes".
func TestPlurals(t *testing.T) {
	never := map[string]bool{ // one, that is
		"cli.many_students": true, "check.cut_own": true, "cli.cut_tasks": true, "cli.cut_tasks_of": true, "cli.cut_tasks_open": true,
		"cli.cut_tasks_of_open": true, "finding.too_many_tasks": true, "rubric.points_too_many": true, "roster.stopped": true,
		"check.available_together": true, "check.outage_together": true,
		"check.backends_once_hint": true, // a server-template line
	}
	for _, k := range i18n.EN.Keys() {
		raw, _ := i18n.EN.Raw(k)
		for _, m := range counted.FindAllStringSubmatch(raw, -1) {
			// The requests of a measurement and the limits of files are many.
			if m[1] != "limit" && m[1] != "sent" && !never[k] {
				t.Errorf("%s: %q is wrong for one: write {%s|one|many}", k, m[0], m[1])
			}
		}
	}
	plan := func(students int) string {
		return i18n.EN.T("cli.plan_head", "class", "c", "rubric", "r", "tasks", "1", "students", students, "nodes", 1)
	}
	require.Contains(t, plan(1), "1 student, 1 node;")
	require.Contains(t, plan(2), "2 students, 1 node;")
}
