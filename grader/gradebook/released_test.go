package gradebook

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

var update = flag.Bool("update", false, "take what the released gradebook is judged to be now")

// unfilled is a placeholder that a sentence was given no value for.
var unfilled = regexp.MustCompile(`\{[a-z][a-zA-Z0-9_]*(\|[^{}]*)?\}`)

// unpacked gives a gzipped file of testdata, in a place of its own.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	data, err := io.ReadAll(z)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "released.db")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// TestReleasedBook: a gradebook of a layout that is out there is read, each of its
// students judged anew to the bytes beside it, and every sentence said in both
// languages. What the files hold never changes.
//
// Layout 3: two students through a node failure and two of task 3 on the embedded
// cluster, one of them with something to mend, and an attempt that was judged again.
// Layout 4: two students whose containers were killed, services scaled and updated, one
// of whom did not get them back; judged again by a rubric that asks for more; and
// changes by hand, one of them taken back.
// Layout 5: the same with links, trials and requests. Layout 6: and a named instructor's link; layout 7 has the
// same. The newest layout has to have one.
func TestReleasedBook(t *testing.T) {
	require.FileExists(t, fmt.Sprintf("testdata/layout%d.db.gz", len(migrations)))
	for name, golden := range map[string]string{"layout3": "released", "layout4": "released4", "layout5": "released4", "layout6": "released4", "layout7": "released4"} {
		t.Run(name, func(t *testing.T) {
			ctx, g := openBook(t, unpacked(t, name+".db.gz"))
			require.NoError(t, g.Check(ctx))
			require.NoError(t, g.Damage())
			storedAsEncoded(t, g)
			sameScores(t, g, "testdata/"+golden+".jsonl")
		})
	}
}

// TestReleasedChanges: what was done by hand is read as it was written.
func TestReleasedChanges(t *testing.T) {
	ctx, g := openBook(t, unpacked(t, "layout4.db.gz"))
	all, err := g.Changes(ctx, "ha-ops")
	require.NoError(t, err)
	said := map[string][]string{}
	for student, changes := range all {
		for _, c := range changes {
			require.NotZero(t, c.When)
			require.NotEmpty(t, c.Who)
			said[student] = append(said[student], fmt.Sprintf("%s task %q check %q %v %s (%v of %v)", c.Kind, c.Task, c.Check, c.Points, c.Reason+c.Text, c.Effect.TotalAfter.Points, c.Effect.TotalAfter.Max))
		}
	}
	require.Equal(t, map[string][]string{
		"2024001": {
			`remark task "" check "" 0 the whole class should see this one (70 of 70)`,
			`points task "1" check "" 69 no report (69 of 70)`,
		},
		"2024009": {
			`points task "1" check "ops.killed" 5 the node was slow (63 of 70)`,
			`remove task "1" check "ops.killed" 0 it was not (58 of 70)`,
			`excused task "1" check "ops.killed-again" 0 网络故障 (58 of 66)`,
			`on-time task "" check "" 0 ill that week (58 of 66)`,
		},
	}, said)
}

// TestReleasedPage: links, trials and requests are read as they were written.
func TestReleasedPage(t *testing.T) {
	t.Run("layout5", func(t *testing.T) { releasedPage(t, 5, 4) })
	t.Run("layout6", func(t *testing.T) {
		g := releasedPage(t, 6, 5)
		l, err := g.LinkOf(t.Context(), hashOf("wang"))
		require.NoError(t, err)
		require.Equal(t, "王老师", l.Name)
	})
}

func releasedPage(t *testing.T, layout, many int) *Gradebook {
	t.Helper()
	ctx, g := openBook(t, unpacked(t, fmt.Sprintf("layout%d.db.gz", layout)))
	for token, student := range map[string]string{"one": "2024001", "nine again": "2024009", "teacher": ""} {
		l, err := g.LinkOf(ctx, hashOf(token))
		require.NoError(t, err, token)
		require.Equal(t, student, l.Student)
		require.Empty(t, l.Name)
	}
	_, err := g.LinkOf(ctx, hashOf("nine"))
	require.ErrorIs(t, err, ErrNotFound)
	links, err := g.Links(ctx)
	require.NoError(t, err)
	require.Len(t, links, many)
	runs, err := g.Runs(ctx)
	require.NoError(t, err)
	last, err := g.LastTrials(ctx, "ha-ops")
	require.NoError(t, err)
	require.Len(t, last, 2)
	for student, trial := range last {
		vs, err := g.VerdictsOf(ctx, runs[len(runs)-1].ID, student)
		require.NoError(t, err)
		require.Equal(t, vs, trial.Verdicts)
		require.NotZero(t, trial.Finished)
	}
	all, err := g.Requests(ctx, "ha-ops")
	require.NoError(t, err)
	var said []string
	for _, r := range all {
		for _, w := range r.Words {
			said = append(said, fmt.Sprintf("%d %s %s %v %q %s", r.ID, r.Check, w.Kind, w.Student, w.Who, w.Text))
		}
	}
	require.Equal(t, []string{
		`1 ops.killed asked true "2024009" 容器其实恢复了`, `1 ops.killed said false "wang" which one?`, `1 ops.killed said true "2024009" the first`,
		`1 ops.killed declined false "wang" 它没有`, `2  asked true "2024009" and the whole task`, `3 ops.killed asked true "2024001" a slip`,
		`3 ops.killed withdrawn true "2024001" `,
	}, said)
	require.NoError(t, g.Damage())
	return g
}

// storedAsEncoded: evidence is read as it was encoded, and encodes to the same bytes as
// long as its layout is the newest.
func storedAsEncoded(t *testing.T, g *Gradebook) {
	t.Helper()
	ctx := t.Context()
	kinds := map[string]int{}
	type blob struct{ hash, kind string }
	blobs, err := query(ctx, g, func(row scanner) (b blob, err error) { return b, row.Scan(&b.hash, &b.kind) }, "SELECT hash, kind FROM blobs")
	require.NoError(t, err)
	for _, b := range blobs {
		if b.kind == KindDraft { // to which nothing was added: the bundle
			b.kind = KindBundle
		}
		kinds[b.kind]++
		data, err := g.Blob(ctx, b.hash)
		require.NoError(t, err)
		var v any
		switch b.kind {
		case KindSnapshot:
			v, err = evidence.DecodeSnapshot(data)
		case KindBundle:
			v, err = evidence.DecodeBundle(data)
		case KindWindow:
			v, err = evidence.DecodeWindow(data)
		default:
			continue
		}
		require.NoError(t, err, b.kind)
		again, err := evidence.Encode(v)
		require.NoError(t, err)
		if b.kind == KindBundle && !bytes.Contains(data, []byte(evidence.BundleSchema)) { // what it says is the same
			v2, err := evidence.DecodeBundle(again)
			require.NoError(t, err)
			require.Equal(t, v, v2)
			continue
		}
		require.Equal(t, b.hash, evidence.Hash(again), "a %s that is written anew is another", b.kind)
	}
	for _, kind := range []string{KindSnapshot, KindBundle, KindWindow, KindRubric} {
		require.NotZero(t, kinds[kind], kind)
	}
}

// sameScores holds what the students of a book are given now, a line a verdict, against
// what they were given when it was released.
func sameScores(t *testing.T, g *Gradebook, golden string) {
	t.Helper()
	ctx := t.Context()
	var judged bytes.Buffer
	runs, err := g.Runs(ctx)
	require.NoError(t, err)
	for _, r := range runs {
		stored, err := g.Verdicts(ctx, r.ID)
		require.NoError(t, err)
		require.NotEmpty(t, stored)
		for _, vs := range stored {
			for _, v := range vs {
				saidWhole(t, v.Message)
				saidWhole(t, v.Hint)
			}
		}
		if r.Regrades == "" {
			judgedAnew(t, g, r, &judged)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(golden, judged.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), judged.String(), "the scores of what is stored are others: if that is meant, -update and say so in the changelog")
}

// judgedAnew writes what a run's students are given now, a line a verdict.
func judgedAnew(t *testing.T, g *Gradebook, r Run, to io.Writer) {
	t.Helper()
	ctx := t.Context()
	var hash string
	require.NoError(t, g.db.QueryRow("SELECT rubric_blob FROM runs WHERE id=?", r.ID).Scan(&hash))
	source, err := g.Blob(ctx, hash)
	require.NoError(t, err)
	rub, err := rubric.Load(source, "stored", check.Set{}, action.Set{})
	require.NoError(t, err)
	students, err := g.Students(ctx, r.ID)
	require.NoError(t, err)
	for _, s := range students {
		c, err := g.Case(ctx, r.ID, s.ID)
		require.NoError(t, err)
		for _, v := range judge.New(rub).Verdicts(strings.Split(c.Bundle.Task, ","), c, s.Bundle) {
			saidWhole(t, v.Message)
			saidWhole(t, v.Hint)
			line, err := json.Marshal(v)
			require.NoError(t, err)
			fmt.Fprintf(to, "%s %s\n", s.ID, line)
		}
	}
}

func saidWhole(t *testing.T, m i18n.Msg) {
	t.Helper()
	if m.Empty() {
		return
	}
	for _, lang := range i18n.Langs {
		text := lang.Text(m)
		require.NotEqual(t, m.Key, text, "%s has no such sentence", lang)
		require.Empty(t, unfilled.FindAllString(text, -1), "%s %s: %s", lang, m.Key, text)
	}
}
