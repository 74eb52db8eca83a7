package grader_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
)

// plainClass is a class of three that was never graded.
func plainClass(t *testing.T) (*grader.Job, string) {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "classes"), 0o755))
	for name, text := range map[string]string{
		"own.csv": "学号,姓名\n0020240101,张三\n0020240102,李四\n0020240103,王五\n", "own.yaml": "class: own\nroster: own.csv\nrubric: ha-lb\ncluster: {sim: lab}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(home, "classes", name), []byte(text), 0o600))
	}
	j, err := (&grader.Grader{Dir: home, Tool: "test"}).Open(t.Context(), grader.Select{Class: "own"})
	require.NoError(t, err)
	return j, home
}

// TestLinksOfNamedInstructors: each has one of their own, which says who they are and ends by name.
func TestLinksOfNamedInstructors(t *testing.T) {
	j, _ := plainClass(t)
	ctx := t.Context()
	links, err := j.NewLinks(ctx, grader.LinkOptions{Teacher: true, Names: []string{" 王  老师 ", "李老师", "王 老师"}})
	require.NoError(t, err)
	require.Len(t, links, 2, "each has one")
	who, err := j.WhoHas(ctx, links[0].Token)
	require.NoError(t, err)
	require.Equal(t, grader.Who{Teacher: true, Name: "王 老师"}, who)
	again, err := j.NewLinks(ctx, grader.LinkOptions{Teacher: true, Names: []string{"王 老师"}})
	require.NoError(t, err)
	_, err = j.WhoHas(ctx, links[0].Token)
	require.Equal(t, grader.ErrNoLink, err, "a new one ends the former")
	all, err := j.Links(ctx)
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, "李老师", all[1].Name)

	for _, name := range []string{"", " ", "a\x00b", "a\u202eb", "\xff", strings.Repeat("王", 41)} {
		_, err := j.NewLinks(ctx, grader.LinkOptions{Teacher: true, Names: []string{"好", name}})
		require.Equal(t, diag.Usage, diag.Code(err), "%q", name)
	}
	_, err = j.RevokeLinks(ctx, grader.LinkOptions{Teacher: true, Names: []string{"李老师", "张老师"}})
	require.Equal(t, diag.Usage, diag.Code(err))
	require.Equal(t, "links.others_named_hint", diag.Failures(err)[0].Hint.Key)
	_, err = j.WhoHas(ctx, links[1].Token)
	require.NoError(t, err, "all or none")
	n, err := j.RevokeLinks(ctx, grader.LinkOptions{Teacher: true, Names: []string{"李老师"}})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = j.WhoHas(ctx, again[0].Token)
	require.NoError(t, err)
	n, err = j.RevokeLinks(ctx, grader.LinkOptions{Teacher: true})
	require.NoError(t, err)
	require.Equal(t, 1, n, "whatever their names")
	_, err = j.RevokeLinks(ctx, grader.LinkOptions{Teacher: true, Names: []string{"王 老师"}})
	require.Equal(t, "links.none_named_hint", diag.Failures(err)[0].Hint.Key)
}

// TestLinksOfClass: who has a link is let in as who they are; all else is the same nothing.
func TestLinksOfClass(t *testing.T) {
	j, home := plainClass(t)
	ctx := t.Context()
	nobody := func(token string) {
		t.Helper()
		who, err := j.WhoHas(ctx, token)
		require.Equal(t, grader.ErrNoLink, err)
		require.Zero(t, who)
	}
	nobody("0123456789abcdefghjkmnpqrs") // there is no gradebook yet
	links, err := j.NewLinks(ctx, grader.LinkOptions{})
	require.NoError(t, err)
	require.Len(t, links, 3)
	shape := regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{26}$`)
	seen := map[string]bool{}
	for _, l := range links {
		require.Regexp(t, shape, l.Token)
		require.False(t, seen[l.Token])
		seen[l.Token] = true
		who, err := j.WhoHas(ctx, l.Token)
		require.NoError(t, err)
		require.Equal(t, grader.Who{Student: l.Student.ID}, who)
	}
	who, err := j.WhoHas(ctx, " "+strings.ToUpper(links[0].Token)+"\n")
	require.NoError(t, err, "as a person types it")
	require.Equal(t, "0020240101", who.Student)
	for _, bad := range []string{"", "x", links[0].Token[1:], links[0].Token + "0", strings.Repeat("0", 26), strings.Repeat("u", 26), strings.Repeat("\x00", 26), strings.Repeat("a", 1<<20)} {
		nobody(bad)
	}

	teacher, err := j.NewLinks(ctx, grader.LinkOptions{Teacher: true, Expires: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Len(t, teacher, 1)
	who, err = j.WhoHas(ctx, teacher[0].Token)
	require.NoError(t, err)
	require.Equal(t, grader.Who{Teacher: true}, who)
	_, err = j.WhoHas(ctx, links[0].Token)
	require.NoError(t, err, "an instructor's link ends nobody's")

	more, err := j.NewLinks(ctx, grader.LinkOptions{Missing: true})
	require.NoError(t, err)
	require.Empty(t, more, "all have one")
	again, err := j.NewLinks(ctx, grader.LinkOptions{Students: []string{"李四"}})
	require.NoError(t, err)
	nobody(links[1].Token)
	_, err = j.NewLinks(ctx, grader.LinkOptions{Students: []string{"nobody"}})
	require.Error(t, err)
	n, err := j.RevokeLinks(ctx, grader.LinkOptions{Students: []string{"0020240102"}})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	nobody(again[0].Token)
	n, err = j.RevokeLinks(ctx, grader.LinkOptions{})
	require.NoError(t, err)
	require.Equal(t, 2, n, "all students', and no instructor's")
	_, err = j.WhoHas(ctx, teacher[0].Token)
	require.NoError(t, err)
	more, err = j.NewLinks(ctx, grader.LinkOptions{Missing: true})
	require.NoError(t, err)
	require.Len(t, more, 3)
	infos, err := j.Links(ctx)
	require.NoError(t, err)
	require.Equal(t, "张三", infos[0].Name)

	// What is kept is of no use to who reads the file.
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(filepath.Join(home, "gradebook", "own.db"+suffix))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		for _, l := range append(more, teacher...) {
			require.NotContains(t, string(data), l.Token)
		}
	}

	// Who has left the class is let in no more.
	require.NoError(t, os.WriteFile(filepath.Join(home, "classes", "own.csv"), []byte("学号,姓名\n0020240102,李四\n"), 0o600))
	left, err := (&grader.Grader{Dir: home}).Open(ctx, grader.Select{Class: "own"})
	require.NoError(t, err)
	_, err = left.WhoHas(ctx, more[0].Token)
	require.Equal(t, grader.ErrNoLink, err)
	_, err = left.WhoHas(ctx, more[1].Token)
	require.NoError(t, err)
}

// TestLinksAtOnce: many who are let in while links are made and revoked are each who they
// are, or nobody.
func TestLinksAtOnce(t *testing.T) {
	_, home := plainClass(t)
	open := func() *grader.Job {
		j, err := (&grader.Grader{Dir: home}).Open(t.Context(), grader.Select{Class: "own"})
		require.NoError(t, err)
		return j
	}
	first, err := open().NewLinks(t.Context(), grader.LinkOptions{})
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 4 {
		j, mine := open(), first[i%3]
		all.Go(func() {
			for range 5 {
				who, err := j.WhoHas(t.Context(), mine.Token)
				if err == nil && who.Student != mine.Student.ID || err != nil && !errors.Is(err, grader.ErrNoLink) {
					t.Errorf("%v %v", who, err)
				}
			}
		})
	}
	var last atomic.Pointer[grader.NewLink]
	j := open()
	all.Go(func() {
		for range 3 {
			links, err := j.NewLinks(t.Context(), grader.LinkOptions{Students: []string{"0020240101"}})
			if err != nil {
				t.Error(err)
				return
			}
			last.Store(&links[0])
		}
	})
	all.Wait()
	who, err := open().WhoHas(t.Context(), last.Load().Token)
	require.NoError(t, err)
	require.Equal(t, "0020240101", who.Student)
	_, err = open().WhoHas(t.Context(), first[0].Token)
	require.Equal(t, grader.ErrNoLink, err)
}

func writeTokens(w io.Writer, links []grader.NewLink) error {
	for _, l := range links {
		if _, err := io.WriteString(w, l.Student.ID+","+l.Token+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// TestLinksFile: links go into a new file that only its owner reads; where there is
// something already, nothing is written and nobody's link ends.
func TestLinksFile(t *testing.T) {
	j, home := plainClass(t)
	ctx := t.Context()
	file := filepath.Join(home, "links.csv")
	links, err := j.LinksInto(ctx, grader.LinkOptions{}, file, writeTokens)
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(data), links[2].Token)

	into := filepath.Join(home, "elsewhere")
	require.NoError(t, os.Symlink(into, filepath.Join(home, "trap.csv")))
	for _, there := range []string{file, filepath.Join(home, "trap.csv"), home} {
		_, err = j.LinksInto(ctx, grader.LinkOptions{}, there, writeTokens)
		require.Equal(t, diag.Usage, diag.Code(err))
	}
	require.NoFileExists(t, into)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, data, after)
	_, err = j.WhoHas(ctx, links[0].Token)
	require.NoError(t, err)

	none := filepath.Join(home, "none.csv")
	_, err = j.LinksInto(ctx, grader.LinkOptions{Missing: true}, none, writeTokens)
	require.NoError(t, err)
	require.NoFileExists(t, none, "all have one")
	full := errors.New("full")
	_, err = j.LinksInto(ctx, grader.LinkOptions{}, none, func(io.Writer, []grader.NewLink) error { return full })
	require.ErrorIs(t, err, full)
	require.NoFileExists(t, none)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err = j.LinksInto(gone, grader.LinkOptions{}, none, writeTokens)
	require.Error(t, err)
	require.NoFileExists(t, none)
}

// TestLinksSheet: links stand beside the IDs in a copy of one's own list; those that have
// no place in it are given back.
func TestLinksSheet(t *testing.T) {
	j, home := plainClass(t)
	list := filepath.Join(home, "list.xlsx")
	x := excelize.NewFile()
	for cell, v := range map[string]string{
		"A1": "学号", "B1": "姓名", "C1": "链接", "A2": "0020240102", "B2": "李四", "A3": "0020240101", "B3": "张三", "C3": "在别处",
	} {
		require.NoError(t, x.SetCellStr("Sheet1", cell, v))
	}
	require.NoError(t, x.SaveAs(list))
	before, err := os.ReadFile(list)
	require.NoError(t, err)
	url := func(token string) string { return "https://lab.example.edu/k/" + token }
	out := filepath.Join(home, "filled.xlsx")
	filled, left, err := j.LinksIntoSheet(t.Context(), grader.LinkOptions{}, grader.LinkSheet{File: list, Out: out}, url)
	require.NoError(t, err)
	require.Equal(t, 1, filled.Written)
	require.Len(t, left, 2, "one is not in the list, of one something else stands there")
	got, err := excelize.OpenFile(out)
	require.NoError(t, err)
	defer got.Close()
	text, err := got.GetCellValue("Sheet1", "C2")
	require.NoError(t, err)
	token := strings.TrimPrefix(text, "https://lab.example.edu/k/")
	who, err := j.WhoHas(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, "0020240102", who.Student)
	kept, err := got.GetCellValue("Sheet1", "C3")
	require.NoError(t, err)
	require.Equal(t, "在别处", kept)
	after, err := os.ReadFile(list)
	require.NoError(t, err)
	require.Equal(t, before, after)
	info, err := os.Stat(out)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	// A sheet that has no place for links is told before anybody's link ends.
	_, _, err = j.LinksIntoSheet(t.Context(), grader.LinkOptions{}, grader.LinkSheet{File: list, Out: filepath.Join(home, "x.xlsx"), Options: columnNamed("没有这列")}, url)
	require.Equal(t, diag.Usage, diag.Code(err))
	_, err = j.WhoHas(t.Context(), token)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(home, "x.xlsx"))
}
