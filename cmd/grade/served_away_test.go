package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/result"
)

// The gradebook is away for a moment, as a program that keeps folders alike moves it: nobody becomes nobody, and no other
// one is begun in its place, which would collide with it as it comes back.
func TestAGradebookThatIsAwayIsNotBegunAnew(t *testing.T) {
	ctx := t.Context()
	d, _, dir := deskOf(t)
	made, err := d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024001"}})
	require.NoError(t, err)
	_, err = d.WhoHas(ctx, made[0].Token)
	require.NoError(t, err)
	file := filepath.Join(dir, "gradebook", "six.db")
	require.NoError(t, os.Rename(file, file+".away"))
	_, err = d.WhoHas(ctx, made[0].Token)
	require.NotErrorIs(t, err, grader.ErrNoLink)
	require.Equal(t, "desk.book_away", diag.Failures(err)[0].Msg.Key)
	_, err = d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024002"}})
	require.Equal(t, "away", diag.Code(err))
	_, err = d.Ask(ctx, result.Request{Student: "2024001", Task: "1", Words: []result.Word{{Text: "why?", When: time.Now()}}})
	require.Equal(t, "away", diag.Code(err))
	require.NoFileExists(t, file)
	require.NoError(t, os.Rename(file+".away", file))
	who, err := d.WhoHas(ctx, made[0].Token)
	require.NoError(t, err)
	require.Equal(t, "2024001", who.Student)
}

// Somebody edits the class's files while it is served: everybody goes on with what was read last, and the instructor is told
// where the mistake is until it is mended.
func TestAClassThatIsBeingEditedGoesOn(t *testing.T) {
	ctx := t.Context()
	d, _, dir := deskOf(t)
	made, err := d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024001"}})
	require.NoError(t, err)
	_, err = d.WhoHas(ctx, made[0].Token)
	require.NoError(t, err)
	file := filepath.Join(dir, "classes", "six.yaml")
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	told := func() bool {
		_, err := d.WhoHas(ctx, made[0].Token)
		require.NoError(t, err)
		class, err := d.Class(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, class.Students)
		_, err = d.Standing(ctx)
		require.NoError(t, err)
		return slices.ContainsFunc(d.Troubles(), func(x desk.Trouble) bool { return x.Msg.Key == "desk.unread_at" })
	}
	require.False(t, told())
	require.NoError(t, os.WriteFile(file, append(slices.Clone(good), "nonsense: 1\n"...), 0o600))
	require.Eventually(t, told, 20*time.Second, 50*time.Millisecond)
	events, stop := d.Subscribe(desk.OfStudent("2024001"), d.Now())
	defer stop()
	_, err = d.Check(ctx, "2024001", desk.CheckOptions{})
	require.NoError(t, err)
	ended := wait[desk.Ended](t, events, nil)
	require.Equal(t, "desk.unread", ended.Failed[0].Msg.Key, "nothing of the files is told to a student")
	require.NoError(t, os.WriteFile(file, good, 0o600))
	require.Eventually(t, func() bool { return !told() }, 20*time.Second, 50*time.Millisecond)
}
