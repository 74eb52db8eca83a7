package gradebook

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

func TestOpenMakesAPrivateFile(t *testing.T) {
	ctx, g := newBook(t)
	_, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(g.Path() + suffix)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), suffix)
	}
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "application_id": "1398228818", "user_version": "7",
	} {
		var got string
		require.NoError(t, g.db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got))
		require.Equal(t, want, got, pragma)
	}
}

// A directory with characters that mean something in a URI is a directory.
func TestOpenOddPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "成绩 100% ?mode=memory#x")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "a b.gradebook")
	ctx, g := openBook(t, path)
	_, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	require.FileExists(t, path)
	entries, err := os.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	database := func(name, statements string) string {
		path := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		defer db.Close()
		_, err = db.Exec(statements)
		require.NoError(t, err)
		return path
	}
	ctx, g := openBook(t, filepath.Join(dir, "cut"))
	_, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	whole, err := os.ReadFile(filepath.Join(dir, "cut"))
	require.NoError(t, err)
	garbled := append([]byte{}, whole...)
	copy(garbled[100:], strings.Repeat("\xff", 3000))

	tests := []struct{ name, path, key string }{
		{"no directory", filepath.Join(dir, "none", "x"), "gradebook.no_dir"},
		{"text file", write("text", strings.Repeat("学号,姓名\n", 100)), "gradebook.corrupt"},
		{"garbled", write("garbled", string(garbled)), "gradebook.corrupt"},
		{"other program's", database("other", "CREATE TABLE t (x)"), "gradebook.foreign"},
		{"newer", database("newer", "PRAGMA application_id=1398228818; PRAGMA user_version=99"), "gradebook.newer"},
	}
	if runtime.GOOS == "linux" {
		tests = append(tests, struct{ name, path, key string }{"not writable", "/sys/gradebook", "gradebook.read_only"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, _ := os.ReadFile(tt.path)
			_, err := Open(t.Context(), tt.path)
			var e *diag.Failure
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.key, e.Msg.Key, "%v", err)
			after, _ := os.ReadFile(tt.path)
			require.True(t, bytes.Equal(before, after), "a file that is refused stays as it is")
			for _, lang := range i18n.Langs {
				msg, hint := e.Msg, e.Hint
				for _, text := range []string{lang.Text(msg), lang.Text(hint)} {
					require.NotContains(t, text, "gradebook.", "a sentence is missing")
					require.NotContains(t, text, "{")
				}
			}
		})
	}
}

func TestBlobs(t *testing.T) {
	ctx, g := newBook(t)
	text := []byte(strings.Repeat("观测到的事实 ", 1000))
	hash, err := g.PutBlob(ctx, KindRoster, text)
	require.NoError(t, err)
	again, err := g.PutBlob(ctx, KindRoster, text)
	require.NoError(t, err)
	require.Equal(t, hash, again)
	got, err := g.Blob(ctx, hash)
	require.NoError(t, err)
	require.Equal(t, text, got)

	var n, size int
	require.NoError(t, g.db.QueryRow("SELECT count(*), max(length(data)) FROM blobs").Scan(&n, &size))
	require.Equal(t, 1, n)
	require.Less(t, size, len(text)/10)

	_, err = g.Blob(ctx, "sha256:00")
	require.ErrorIs(t, err, ErrNotFound)

	// Bytes changed behind our back are found out.
	other, err := pack([]byte("别的内容"))
	require.NoError(t, err)
	for _, damaged := range [][]byte{other, []byte("x"), {}} {
		_, err = g.db.Exec("UPDATE blobs SET data=? WHERE hash=?", damaged, hash)
		require.NoError(t, err)
		_, err = g.Blob(ctx, hash)
		var e *diag.Failure
		require.ErrorAs(t, err, &e)
		require.Equal(t, "gradebook.damaged", e.Msg.Key)
	}
}

func TestFaults(t *testing.T) {
	ctx, g := newBook(t)
	run, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	require.NoError(t, g.SaveFault(ctx, run.ID, map[string]string{"kind": "node-stop", "target": "manager-2"}))
	faults, err := g.Faults(ctx, run.ID)
	require.NoError(t, err)
	require.Len(t, faults, 1)
	require.JSONEq(t, `{"kind":"node-stop","target":"manager-2"}`, string(faults[0]))
	require.Error(t, g.SaveFault(ctx, "no such run", 1))
}

func TestErrorUnwraps(t *testing.T) {
	cause := errors.New("cause")
	e := failure(i18n.M("gradebook.corrupt", "file", "f"), i18n.Msg{}, cause)
	require.ErrorIs(t, e, cause)
	require.Contains(t, e.Error(), "cause")
}
