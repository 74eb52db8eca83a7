package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// The disk with the gradebook is full: what is recorded stays, whoever wants to record something is told that the disk is full
// and what to do, and once there is room all of it works again, without a new start.
func TestAFullDiskLosesNoScoreAndIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	if !canMount() {
		t.Skip("no file system can be mounted here")
	}
	ctx := t.Context()
	d, s, dir := deskOf(t)
	book := filepath.Join(dir, "gradebook")
	require.NoError(t, os.MkdirAll(book, 0o755))
	require.NoError(t, syscall.Mount("tmpfs", book, "tmpfs", 0, "size=4m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(book, syscall.MNT_DETACH)) })
	require.NoError(t, s.warm(ctx, roster.Cluster{Sim: "fault-lab"}))
	set := func(student string, points rubric.Points) error {
		_, err := d.ByHand(ctx, student, "", grader.ByHand{Kind: result.SetPoints, Points: points, Reason: "shown in class", Who: "wang", When: time.Now()})
		return err
	}
	stands := func(student string) string {
		t.Helper()
		data, err := d.Standing(ctx)
		require.NoError(t, err)
		i := slices.IndexFunc(data.Students, func(s result.Student) bool { return s.ID == student })
		require.GreaterOrEqual(t, i, 0)
		return data.Students[i].Score("", "").Points.String()
	}
	full := func(err error) {
		t.Helper()
		all := diag.Failures(err)
		require.NotEmpty(t, all, "%v", err)
		require.Equal(t, "gradebook.full", all[0].Msg.Key, "%v", err)
		require.Contains(t, i18n.EN.Text(all[0].Hint), "make room")
		require.Contains(t, i18n.ZH.Text(all[0].Hint), "腾出空间")
	}
	check := func() *desk.Ended {
		t.Helper()
		events, stop := d.Subscribe(desk.OfStudent("2024001"), d.Now())
		defer stop()
		_, err := d.Check(ctx, "2024001", desk.CheckOptions{})
		require.NoError(t, err)
		ended := wait[desk.Ended](t, events, nil)
		return &ended
	}
	told := func() bool {
		return slices.ContainsFunc(d.Troubles(), func(x desk.Trouble) bool { return x.Msg.Key == "gradebook.full" })
	}
	run := func() *desk.RunEnded {
		t.Helper()
		class, stop := d.Subscribe(desk.Class, d.Now())
		defer stop()
		o := desk.RunOptions{NoFault: true}
		p, err := d.Plan(ctx, o)
		require.NoError(t, err)
		o.Agreed = p.Fingerprint
		if err := d.Start(ctx, o); err != nil {
			return &desk.RunEnded{Failed: diag.Failures(err)}
		}
		wait[desk.RunOver](t, class, nil)
		return d.Run().Last
	}
	require.Empty(t, run().Failed)
	require.NoError(t, set("2024001", 1050))
	require.Equal(t, "10.5", stands("2024001"))
	made, err := d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024001"}})
	require.NoError(t, err)

	// Full.
	ballast, err := os.Create(filepath.Join(book, "ballast"))
	require.NoError(t, err)
	for n := 1 << 16; n > 0; {
		if _, err = ballast.Write(make([]byte, n)); errors.Is(err, syscall.ENOSPC) {
			n /= 2
			continue
		}
		require.NoError(t, err)
	}
	require.NoError(t, ballast.Close())
	for range 20 { // what room there is in pages that are there already
		if err = set("2024002", 2000); err != nil {
			break
		}
	}
	full(err)
	require.Equal(t, "10.5", stands("2024001"))
	who, err := d.WhoHas(ctx, made[0].Token)
	require.NoError(t, err, "who is in stays in")
	require.Equal(t, "2024001", who.Student)
	require.False(t, gradebook.RunUnderWay(ctx, filepath.Join(book, "six.db")), "nobody's run is waited for")
	ended := check()
	require.NotEmpty(t, ended.Verdicts, "%+v", ended.Failed)
	require.True(t, told(), "the instructor is told why it is not kept: %v", d.Troubles())
	last := run()
	require.NotEmpty(t, last.Failed)
	for _, f := range last.Failed {
		t.Log(i18n.ZH.Text(f.Msg), i18n.ZH.Text(f.Hint), f.Cause)
	}
	full(last.Failed[0])
	require.Equal(t, "10.5", stands("2024001"))

	// Room again.
	require.NoError(t, os.Remove(ballast.Name()))
	require.NoError(t, set("2024002", 2050))
	require.Equal(t, "20.5", stands("2024002"))
	require.Equal(t, "10.5", stands("2024001"))
	require.NotEmpty(t, check().Verdicts)
	require.False(t, told())
	last = run()
	require.Empty(t, last.Failed)
	require.Equal(t, "10.5", stands("2024001"))
	data, err := d.Standing(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, data.Students[1].Verdicts)
}
