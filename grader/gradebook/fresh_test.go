package gradebook

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// TestEmptyFile: a gradebook without content has lost it. It is told, with what may be a
// copy, and nothing is written over it or beside it.
func TestEmptyFile(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		key   string
		says  []string
	}{
		{"alone", map[string]string{"": ""}, "empty", []string{"mv ", ".empty"}},
		{"with a copy", map[string]string{"": "", ".damaged-01020304": "x", ".bak": "x", ".void": "", ".lock": "x"}, "empty", []string{".damaged-01020304", ".bak"}},
		{"with its log", map[string]string{"": "", "-wal": "log"}, "empty_log", []string{".empty-wal"}},
		{"its log alone", map[string]string{"-wal": "log"}, "only_log", []string{".old"}},
		{"its log and a copy", map[string]string{"-wal": "log", ".bak": "x"}, "only_log", []string{".bak"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "2024A's.db")
			for suffix, text := range c.files {
				require.NoError(t, os.WriteFile(path+suffix, []byte(text), 0o600))
			}
			before := list(t, filepath.Dir(path))
			_, opened := Open(t.Context(), path)
			_, read := Read(t.Context(), path)
			for _, err := range []error{opened, read, Lost(path)} {
				var e *diag.Failure
				require.ErrorAs(t, err, &e)
				require.Equal(t, "gradebook."+c.key, e.Msg.Key)
				require.NotErrorIs(t, err, ErrDamaged, "there is nothing to keep a copy of")
				for _, lang := range i18n.Langs {
					text := lang.Text(e.Msg) + "\n" + lang.Text(e.Hint)
					require.NotContains(t, text, "{")
					require.NotContains(t, text, "gradebook.empty")
					for _, want := range c.says {
						require.Contains(t, text, want)
					}
					require.NotContains(t, text, ".void")
					require.NotContains(t, text, ".lock")
				}
			}
			require.Equal(t, before, list(t, filepath.Dir(path)), "nothing is made, written or taken away")
		})
	}
}

// list gives a directory's files with their content.
func list(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		out[e.Name()] = string(data)
	}
	return out
}

// TestBegunAndKilled: whoever is killed before the first write leaves a gradebook, or none.
func TestBegunAndKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "2024A.db")
	require.NoError(t, fresh(t.Context(), path)) // and killed
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Positive(t, info.Size())
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	require.Len(t, list(t, filepath.Dir(path)), 1, "nothing is left beside it")
	ctx, g := openBook(t, path)
	_, err = g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)

	// What is left of who was killed while laying it out is in nobody's way.
	path = filepath.Join(t.TempDir(), "2024A.db")
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), ".2024A.db.17"), nil, 0o600))
	ctx, g = openBook(t, path)
	_, err = g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	require.NoError(t, Lost(path))
}

// TestBegunByMany: those who begin a gradebook at once all have the same.
func TestBegunByMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "2024A.db")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			g, err := Open(t.Context(), path)
			if err == nil {
				_, err = g.PutBlob(t.Context(), KindRoster, []byte(strings.Repeat("x", i+1)))
				err = errors.Join(err, g.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	_, g := openBook(t, path)
	var n int
	require.NoError(t, g.db.QueryRow("SELECT count(*) FROM blobs").Scan(&n))
	require.Equal(t, len(errs), n)
	require.NoError(t, g.Close())
	require.Len(t, list(t, filepath.Dir(path)), 1)
}

// TestBegunWhereNothingCanBeMade says so in the words that it always had.
func TestBegunWhereNothingCanBeMade(t *testing.T) {
	_, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "2024A.db"))
	var e *diag.Failure
	require.ErrorAs(t, err, &e)
	require.Equal(t, "gradebook.no_dir", e.Msg.Key)
}
