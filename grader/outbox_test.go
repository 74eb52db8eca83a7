package grader

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/gradebook"
)

// words writes a text.
func words(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// box is an outbox at a directory, with a gradebook that stays from one to the next.
type box struct {
	*testing.T
	dir  string
	book *gradebook.Gradebook
}

func newBox(t *testing.T) *box {
	t.Helper()
	home := t.TempDir()
	book, err := gradebook.Open(t.Context(), filepath.Join(home, "2024A.db"))
	require.NoError(t, err)
	t.Cleanup(func() { book.Close() })
	return &box{t, filepath.Join(home, "out", "2024A"), book}
}

func (b *box) open() *outbox {
	b.Helper()
	out, err := openOutbox(&Grader{}, b.book, b.dir)
	require.NoError(b, err)
	return out
}

// export writes a text under a name and gives the name that it got.
func (b *box) export(name, text string) (got string) {
	b.Helper()
	out := b.open()
	defer out.close()
	require.NoError(b, out.add(b.Context(), name, nil, words(text), func(path string) { got = path }))
	require.NoError(b, out.flush(b.Context()))
	rel, err := filepath.Rel(b.dir, got)
	require.NoError(b, err)
	return filepath.ToSlash(rel)
}

func (b *box) put(name, text string) {
	b.Helper()
	path := filepath.Join(b.dir, name)
	require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(b, os.WriteFile(path, []byte(text), 0o644))
}

func (b *box) holds(name, want string) {
	b.Helper()
	got, err := os.ReadFile(filepath.Join(b.dir, name))
	require.NoError(b, err)
	require.Equal(b, want, string(got))
}

func (b *box) names() (out []string) {
	b.Helper()
	entries, err := os.ReadDir(b.dir)
	require.NoError(b, err)
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestOutbox(t *testing.T) {
	b := newBox(t)
	require.Equal(t, "成绩.csv", b.export("成绩.csv", "one"))
	info, err := os.Stat(filepath.Join(b.dir, "成绩.csv"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Equal(t, "成绩.csv", b.export("成绩.csv", "two"), "ours is replaced")
	b.holds("成绩.csv", "two")
	// What a write that breaks off has written never stays.
	broken := errors.New("broken off")
	out := b.open()
	err = out.add(t.Context(), "成绩.csv", nil, func(w io.Writer) error { return errors.Join(words("half")(w), broken) }, nil)
	require.ErrorIs(t, err, broken)
	require.NoError(t, out.add(t.Context(), "waits.csv", nil, words("x"), nil))
	out.close()
	require.Equal(t, []string{"成绩.csv"}, b.names())
	b.holds("成绩.csv", "two")
	// Somebody changed it, as far as a byte of the same size.
	b.put("成绩.csv", "twO")
	require.Equal(t, "成绩 (2).csv", b.export("成绩.csv", "three"))
	require.Equal(t, "成绩 (2).csv", b.export("成绩.csv", "four"))
	b.holds("成绩.csv", "twO")
	b.holds("成绩 (2).csv", "four")
	// What is there already is no reason for another.
	b.put("x.zip", "same")
	require.Equal(t, "x.zip", b.export("x.zip", "same"))
	require.Equal(t, "x.zip", b.export("x.zip", "other"))
	b.put(".~lock.x.zip#", "")
	require.Equal(t, "x (2).zip", b.export("x.zip", "third"), "a program has it open")
	require.NoError(t, os.Mkdir(filepath.Join(b.dir, "dir.csv"), 0o755))
	require.Equal(t, "dir (2).csv", b.export("dir.csv", "x"))
}

// TestOutboxKilled: whenever the program is killed, what it wrote is known again.
func TestOutboxKilled(t *testing.T) {
	b := newBox(t)
	b.export("a.csv", "one")
	for _, text := range []string{"two", "three", "four"} { // noted, and not put there
		out := b.open()
		require.NoError(t, out.add(t.Context(), "a.csv", nil, words(text), nil))
		at, err := out.place(t.Context(), out.waiting[0], 1)
		require.NoError(t, err)
		require.Equal(t, "a.csv", at.name)
		require.NoError(t, out.note(t.Context(), out.waiting, []place{at}))
		out.waiting = nil // killed
		out.root.Close()
		b.holds("a.csv", "one")
	}
	require.Equal(t, "a.csv", b.export("a.csv", "five"))
	parts, err := filepath.Glob(filepath.Join(b.dir, partBefore+"*"))
	require.NoError(t, err)
	require.Len(t, parts, 3)
	for _, p := range parts[1:] {
		old := time.Now().Add(-2 * staleAfter)
		require.NoError(t, os.Chtimes(p, old, old))
	}
	b.export("a.csv", "six")
	parts, err = filepath.Glob(filepath.Join(b.dir, partBefore+"*"))
	require.NoError(t, err)
	require.Len(t, parts, 1, "one may be another export's, which is under way")
}

// TestOutboxLinks: nothing in the directory leads out of it.
func TestOutboxLinks(t *testing.T) {
	b := newBox(t)
	away := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(away, "theirs"), []byte("theirs"), 0o644))
	require.NoError(t, os.MkdirAll(b.dir, 0o755))
	for name, to := range map[string]string{"a.csv": filepath.Join(away, "theirs"), "feedback": away, "gone.csv": filepath.Join(away, "new")} {
		if err := os.Symlink(to, filepath.Join(b.dir, name)); err != nil {
			t.Skip(err)
		}
	}
	require.Equal(t, "a (2).csv", b.export("a.csv", "x"))
	require.Equal(t, "gone (2).csv", b.export("gone.csv", "x"))
	out := b.open()
	defer out.close()
	folder, err := out.folder("feedback")
	require.NoError(t, err)
	require.Equal(t, "feedback (2)", folder)
	require.Len(t, out.beside, 1)
	require.Error(t, out.add(t.Context(), "feedback/x.html", nil, words("x"), nil), "os.Root follows nothing out of it")
	require.NoError(t, out.drop(t.Context(), "a.csv"))
	require.Equal(t, []string{filepath.Join(b.dir, "a.csv")}, out.kept)
	_, err = os.Lstat(filepath.Join(b.dir, "a (2).csv"))
	require.ErrorIs(t, err, fs.ErrNotExist, "ours is gone")
	entries, err := os.ReadDir(away)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	got, err := os.ReadFile(filepath.Join(away, "theirs"))
	require.NoError(t, err)
	require.Equal(t, "theirs", string(got))
}

// TestOutboxMany: more pages than are noted at once, again and again, of which somebody has changed one.
func TestOutboxMany(t *testing.T) {
	const n = 150
	b := newBox(t)
	for round := range 2 {
		out := b.open()
		dir, err := out.folder("feedback")
		require.NoError(t, err)
		var got []string
		for i := range n {
			require.NoError(t, out.add(t.Context(), dir+"/"+strconv.Itoa(i)+".html", nil, words(strconv.Itoa(round*n+i)), func(p string) { got = append(got, p) }))
		}
		require.NoError(t, out.flush(t.Context()))
		require.Len(t, got, n)
		require.Len(t, out.beside, round)
		out.close()
		entries, err := os.ReadDir(filepath.Join(b.dir, "feedback"))
		require.NoError(t, err)
		require.Len(t, entries, n+round)
		b.put("feedback/7.html", "mine")
	}
	b.holds("feedback/7.html", "mine")
	b.holds("feedback/7 (2).html", "157")
	b.holds("feedback/149.html", "299")
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, writable(filepath.Join(dir, "a", "b")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	require.Error(t, writable(filepath.Join(dir, "file")))
	require.Error(t, writable(filepath.Join(dir, "file", "below")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is made")
}

// An ID has 64 characters, which may take four bytes each, or twelve.
func TestLongFileNames(t *testing.T) {
	seen := map[string]bool{}
	w := &writing{}
	for _, end := range []string{"a", "b"} {
		name := w.nameOf(longID(63) + end)
		require.Less(t, len(name+" (1000).html"), 255)
		require.False(t, seen[name])
		seen[name] = true
	}
}

func longID(n int) (id string) {
	for range n {
		id += "😀"
	}
	return id
}

// TestOutboxTidies: once a file has its name again, what was written beside it is taken
// away, if nobody has changed it and it was written for this name.
func TestOutboxTidies(t *testing.T) {
	b := newBox(t)
	b.put("a.csv", "somebody's")
	require.Equal(t, "a (2).csv", b.export("a.csv", "1"))
	require.Equal(t, "a (2).csv", b.export("a.csv", "2"), "ours is written over")
	b.put("a (2).csv", "filled in")
	require.Equal(t, "a (3).csv", b.export("a.csv", "3"))
	require.Equal(t, "a (4).csv", b.export("a (4).csv", "of that name"))
	require.NoError(t, os.Remove(filepath.Join(b.dir, "a.csv")))
	require.Equal(t, "a.csv", b.export("a.csv", "5"))
	require.Equal(t, []string{"a (2).csv", "a (4).csv", "a.csv"}, b.names())
	b.holds("a (2).csv", "filled in")
	b.holds("a.csv", "5")
}

// TestOutboxSweeps: what a process that is gone has left of a file goes at once, what one
// that runs is writing stays, and what is of another machine until it is old.
func TestOutboxSweeps(t *testing.T) {
	b := newBox(t)
	gone := exec.Command(os.Args[0], "-test.run=^$")
	require.NoError(t, gone.Run())
	dead := partBefore + here() + "-" + strconv.Itoa(gone.Process.Pid) + "-X" + partBehind
	stay := []string{
		partBefore + "0123456789ab-" + strconv.Itoa(gone.Process.Pid) + "-X" + partBehind,
		partBefore + "ABCDEFGH" + partBehind, // as older versions call them
		newPart(),
		partBefore + here() + "-" + strconv.Itoa(gone.Process.Pid) + "-X",
	}
	b.put(dead, "x")
	for _, name := range stay {
		b.put(name, "x")
	}
	b.open().close()
	if runtime.GOOS == "windows" { // nobody knows of a process there
		stay = append(stay, dead)
	}
	require.ElementsMatch(t, stay, b.names())
	old := time.Now().Add(-2 * staleAfter)
	for _, name := range stay {
		require.NoError(t, os.Chtimes(filepath.Join(b.dir, name), old, old))
	}
	b.open().close()
	require.Equal(t, stay[3:4], b.names(), "it is not called as parts are")
}
