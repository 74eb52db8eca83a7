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

// TestReleasedBook: a gradebook of the layout that is out there is read, each of
// its students judged anew to the bytes of released.jsonl, and every sentence
// said in both languages. What testdata/layout3.db.gz holds never changes: two
// students through a node failure and two of task 3 on the embedded cluster, one
// of them with something to mend, and an attempt that was judged again.
//
// Evidence is read as it was encoded, and encodes to the same bytes as long as its
// layout is the newest.
func TestReleasedBook(t *testing.T) {
	ctx, g := openBook(t, unpacked(t, "layout3.db.gz"))
	require.NoError(t, g.Check(ctx))
	require.NoError(t, g.Damage())

	kinds := map[string]int{}
	type blob struct{ hash, kind string }
	blobs, err := query(ctx, g, func(row scanner) (b blob, err error) { return b, row.Scan(&b.hash, &b.kind) }, "SELECT hash, kind FROM blobs")
	require.NoError(t, err)
	for _, b := range blobs {
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
		if b.kind == KindBundle { // of an older layout: what it says is the same
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
	const golden = "testdata/released.jsonl"
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
	rub, err := rubric.Load(source, "stored", check.Set{}, nil)
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
