package main

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// TestADeskKeepsLinksAndRequests before anybody was graded, and tells who listens; none of it
// needs a cluster.
func TestADeskKeepsLinksAndRequests(t *testing.T) {
	ctx := t.Context()
	d, s, _ := deskOf(t)
	class, stop := d.Subscribe(desk.Class, d.Now())
	defer stop()
	own, leave := d.Subscribe(desk.OfStudent("2024001"), d.Now())
	defer leave()

	_, err := d.WhoHas(ctx, "0123456789abcdefghjkmnpqrs")
	require.ErrorIs(t, err, grader.ErrNoLink)
	links, err := d.Links(ctx)
	require.NoError(t, err)
	require.Empty(t, links)
	made, err := d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024001"}, Teacher: true})
	require.NoError(t, err)
	require.Len(t, made, 2)
	wait[desk.LinksChanged](t, class, nil)
	for i, want := range []grader.Who{{Teacher: true}, {Student: "2024001"}} {
		who, err := d.WhoHas(ctx, made[i].Token)
		require.NoError(t, err)
		require.Equal(t, want, who)
	}
	began := time.Now()
	for range 100 {
		_, err := d.WhoHas(ctx, made[1].Token)
		require.NoError(t, err)
	}
	t.Logf("a hundred tokens told in %s", time.Since(began))
	links, err = d.Links(ctx)
	require.NoError(t, err)
	require.Len(t, links, 2, "ours show at once")
	n, err := d.RevokeLinks(ctx, grader.LinkOptions{Students: []string{"2024001"}})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = d.WhoHas(ctx, made[1].Token)
	require.ErrorIs(t, err, grader.ErrNoLink)

	id, err := d.Ask(ctx, result.Request{Student: "2024001", Check: "task1.recovers", Words: []result.Word{{Text: "我的服务恢复了", When: time.Now()}}})
	require.NoError(t, err)
	require.Equal(t, desk.RequestChanged{Student: "2024001", ID: id}, wait[desk.RequestChanged](t, own, nil))
	require.NoError(t, d.Say(ctx, "2024001", id, result.Word{Kind: result.RequestSaid, Text: "请再看", When: time.Now()}))
	require.Error(t, d.Say(ctx, "2024002", id, result.Word{Kind: result.RequestSaid, Text: "不是我的", When: time.Now()}))
	require.NoError(t, d.Answer(ctx, id, result.Word{Kind: result.RequestDeclined, Who: "老师", Text: "没有证据", When: time.Now()}))
	for range 2 {
		wait[desk.RequestChanged](t, own, nil)
	}
	all, err := d.Requests(ctx)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Len(t, all[0].Words, 3)
	require.False(t, all[0].Open())

	// What there is none of.
	_, err = d.Check(ctx, "2024999", desk.CheckOptions{})
	require.Equal(t, diag.Usage, diag.Code(err))
	_, err = d.Check(ctx, "2024001", desk.CheckOptions{Task: "9"})
	require.Equal(t, diag.Usage, diag.Code(err))
	_, err = d.Trials(ctx, "2024999")
	require.Error(t, err)
	runs, err := d.Runs(ctx)
	require.NoError(t, err)
	require.Empty(t, runs)
	one, err := d.Student(ctx, "2024001")
	require.NoError(t, err)
	require.Len(t, one.Students, 1)
	_, err = d.ByHand(ctx, "2024001", "", grader.ByHand{Kind: result.Excused, Reason: "病假", Who: "老师", When: time.Now()})
	require.Equal(t, diag.Usage, diag.Code(err), "nobody was graded yet")
	require.Nil(t, s.sim, "no cluster was needed")
}

// TestADeskTellsOfADamagedGradebook whichever page met with it.
func TestADeskTellsOfADamagedGradebook(t *testing.T) {
	ctx := t.Context()
	d, _, dir := deskOf(t)
	made, err := d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024001"}})
	require.NoError(t, err)
	require.Empty(t, d.Troubles())
	db, err := sql.Open("sqlite", filepath.Join(dir, "gradebook", "six.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, "UPDATE links SET student='2024002'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = d.WhoHas(ctx, made[0].Token)
	require.ErrorIs(t, err, grader.ErrNoLink)
	var said []string
	for _, x := range d.Troubles() {
		said = append(said, i18n.EN.Text(x.Msg)+" → "+i18n.EN.Text(x.Hint))
	}
	require.Len(t, said, 2, "what is the matter, and where a copy is")
	require.Contains(t, said[0]+said[1], "1 record is not as written (links)")
	require.Contains(t, said[0]+said[1], "a copy of it as it is was kept as")
}
