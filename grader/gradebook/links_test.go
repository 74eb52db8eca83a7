package gradebook

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func hashOf(token string) [32]byte { return sha256.Sum256([]byte(token)) }

func link(student, token string, made, expires time.Time) Link {
	return Link{Student: student, Hash: hashOf(token), Made: made, Expires: expires}
}

// TestLinks: a link is in force until it is revoked, replaced or expired, and then as if
// it had never been.
func TestLinks(t *testing.T) {
	ctx, g := newBook(t)
	now := time.Now()
	opens := func(token, student string) {
		t.Helper()
		l, err := g.LinkOf(ctx, hashOf(token))
		require.NoError(t, err)
		require.Equal(t, student, l.Student)
		require.Equal(t, hashOf(token), l.Hash)
	}
	shut := func(token string) {
		t.Helper()
		_, err := g.LinkOf(ctx, hashOf(token))
		require.Equal(t, ErrNotFound, err, "it is the same whatever the reason")
	}
	require.NoError(t, g.AddLinks(ctx, link("01", "a", now, time.Time{}), link("02", "b", now, now.Add(time.Hour)), link("", "t", now, time.Time{}),
		link("", "u", now, time.Time{}), link("03", "old", now.Add(-time.Hour), now.Add(-time.Minute))))
	opens("a", "01")
	opens("b", "02")
	opens("t", "")
	opens("u", "")
	shut("old")
	shut("never was")
	require.NoError(t, g.AddLinks(ctx, link("01", "a2", now, time.Time{})))
	shut("a")
	opens("a2", "01")
	n, err := g.RevokeLinks(ctx, now, "02", "03", "04")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	shut("b")
	n, err = g.RevokeLinks(ctx, now)
	require.NoError(t, err)
	require.Zero(t, n, "nobody was named")
	n, err = g.RevokeLinks(ctx, now, "")
	require.NoError(t, err)
	require.Equal(t, 2, n)
	shut("t")
	opens("a2", "01")
	all, err := g.Links(ctx)
	require.NoError(t, err)
	require.Len(t, all, 6)
	require.True(t, all[5].InForce(now))
	require.False(t, all[0].InForce(now))
	require.NoError(t, g.Damage())
}

// TestNamedLinks: an instructor's new link takes the place of theirs and of nobody else's.
func TestNamedLinks(t *testing.T) {
	ctx, g := newBook(t)
	now := time.Now()
	named := func(name, token string) Link {
		l := link("", token, now, time.Time{})
		l.Name = name
		return l
	}
	require.NoError(t, g.AddLinks(ctx, named("王老师", "w"), named("李老师", "l"), named("", "u"), named("", "v"), link("01", "s", now, time.Time{})))
	require.NoError(t, g.AddLinks(ctx, named("王老师", "w2")))
	opens := func(want ...string) {
		t.Helper()
		var got []string
		for _, token := range []string{"w", "w2", "l", "u", "v", "s"} {
			if l, err := g.LinkOf(ctx, hashOf(token)); err == nil {
				got = append(got, token+" "+l.Name)
			}
		}
		require.Equal(t, want, got)
	}
	opens("w2 王老师", "l 李老师", "u ", "v ", "s ")
	n, err := g.RevokeNamed(ctx, now, "李老师", "张老师")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	opens("w2 王老师", "u ", "v ", "s ")
	n, err = g.RevokeNamed(ctx, now, "")
	require.NoError(t, err)
	require.Equal(t, 2, n)
	opens("w2 王老师", "s ")
	n, err = g.RevokeLinks(ctx, now, "")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	opens("s ")
	require.NoError(t, g.Damage())
}

// TestLinkExpires at its time, to the second.
func TestLinkExpires(t *testing.T) {
	l := link("01", "a", day, day.Add(time.Hour))
	require.True(t, l.InForce(day.Add(time.Hour-time.Second)))
	require.False(t, l.InForce(day.Add(time.Hour)))
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		l := link("01", "a", now, now.Add(time.Minute))
		require.True(t, l.InForce(time.Now()))
		time.Sleep(time.Minute)
		require.False(t, l.InForce(time.Now()))
	})
}

// TestLinksBounded: what is remembered of a student does not grow, nor do instructors'.
func TestLinksBounded(t *testing.T) {
	ctx, g := newBook(t)
	for i := range 4 * keptLinks {
		require.NoError(t, g.AddLinks(ctx, link("01", fmt.Sprint("a", i), day, time.Time{}), link("02", fmt.Sprint("b", i), day, day.Add(time.Hour))))
	}
	all, err := g.Links(ctx)
	require.NoError(t, err)
	require.Len(t, all, 2*keptLinks)
	_, err = g.LinkOf(ctx, hashOf(fmt.Sprint("a", 4*keptLinks-1)))
	require.NoError(t, err)
	for i := range MaxTeacherLinks {
		require.NoError(t, g.AddLinks(ctx, link("", fmt.Sprint("t", i), day, time.Time{})))
	}
	saysNo(t, g.AddLinks(ctx, link("03", "c", day, time.Time{}), link("", "one more", day, time.Time{})), "links.many_teachers")
	_, err = g.LinkOf(ctx, hashOf("c"))
	require.ErrorIs(t, err, ErrNotFound, "all or nothing")
	_, err = g.LinkOf(ctx, hashOf("t0"))
	require.NoError(t, err)
}

// TestDamagedLink: a link that is not as it was written opens nothing, and that is told.
func TestDamagedLink(t *testing.T) {
	for name, sql := range map[string]string{
		"of another":    "UPDATE links SET student='02' WHERE student='01'",
		"a teacher's":   "UPDATE links SET student='' WHERE student='01'",
		"not revoked":   "UPDATE links SET revoked='' WHERE student='01'",
		"never expires": "UPDATE links SET expires='' WHERE student='01'",
		"of a name":     "UPDATE links SET name='王老师' WHERE student='01'",
		"no checksum":   "UPDATE links SET sum=NULL WHERE student='01'",
		"a bad hash":    "UPDATE links SET hash=hash||'0' WHERE student='01'",
		"a bad time":    "UPDATE links SET expires='soon' WHERE student='01'",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, g := newBook(t)
			now := time.Now()
			require.NoError(t, g.AddLinks(ctx, link("01", "a", now, now.Add(time.Hour)), link("02", "b", now, time.Time{})))
			if name == "not revoked" {
				_, err := g.RevokeLinks(ctx, now, "01")
				require.NoError(t, err)
			}
			_, err := g.db.Exec(sql)
			require.NoError(t, err)
			_, err = g.LinkOf(ctx, hashOf("a"))
			require.Equal(t, ErrNotFound, err)
			_, err = g.LinkOf(ctx, hashOf("b"))
			require.NoError(t, err)
			all, err := g.Links(ctx)
			require.NoError(t, err)
			require.Len(t, all, 1)
			require.ErrorIs(t, g.Damage(), ErrDamaged)
		})
	}
	ctx, g := newBook(t)
	require.NoError(t, g.AddLinks(ctx, link("01", "a", day, time.Time{})))
	_, err := g.db.Exec("DELETE FROM links")
	require.NoError(t, err)
	require.NoError(t, g.Check(ctx))
	require.ErrorIs(t, g.Damage(), ErrDamaged, "one that is gone is missed")
}
