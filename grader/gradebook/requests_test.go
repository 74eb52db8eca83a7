package gradebook

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

func asks(student, check, text string) result.Request {
	return result.Request{
		Lab: "ha-lb", Student: student, Task: "1", Check: check,
		Words: []result.Word{{Kind: result.RequestAsked, Text: text, When: day}},
	}
}

func answer(kind result.RequestKind, text string) result.Word {
	return result.Word{Kind: kind, Who: "t", Text: text, When: day.Add(time.Hour)}
}

func own(kind result.RequestKind, text string) result.Word {
	return result.Word{Kind: kind, Student: true, Text: text, When: day.Add(2 * time.Hour)}
}

// saysNo holds that a request was refused in words of both languages.
func saysNo(t require.TestingT, err error, key string) {
	require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
	f := diag.Failures(err)[0]
	require.Equal(t, key, f.Msg.Key)
	for _, lang := range i18n.Langs {
		require.NotEqual(t, f.Msg.Key, lang.Text(f.Msg))
		require.NotEqual(t, f.Hint.Key, lang.Text(f.Hint))
	}
}

// TestRequest: what is asked, answered, asked on and taken back is there word by word.
func TestRequest(t *testing.T) {
	ctx, g := newBook(t)
	id, err := g.Ask(ctx, asks("01", "task1.a", " it \n answered\u2028twice\x00 "))
	require.NoError(t, err)
	require.NoError(t, g.Answer(ctx, id, answer(result.RequestSaid, "which node?")))
	require.NoError(t, g.Answer(ctx, id, own(result.RequestSaid, "all of them")))
	require.NoError(t, g.Answer(ctx, id, answer(result.RequestGraded, "")))
	all, err := g.Requests(ctx, "ha-lb")
	require.NoError(t, err)
	require.Len(t, all, 1)
	r := all[0]
	require.Equal(t, "it answered twice", r.Words[0].Text, "one paragraph")
	require.Equal(t, []string{"01", "t", "01", "t"}, []string{r.Words[0].Who, r.Words[1].Who, r.Words[2].Who, r.Words[3].Who})
	require.Equal(t, []bool{true, false, true, false}, []bool{r.Words[0].Student, r.Words[1].Student, r.Words[2].Student, r.Words[3].Student})
	require.True(t, r.Words[0].When.Equal(day))
	require.False(t, r.Open())
	require.NoError(t, g.Answer(ctx, id, own(result.RequestWithdrawn, "")))
	saysNo(t, g.Answer(ctx, id, answer(result.RequestDeclined, "no")), "requests.withdrawn")
	one, err := g.Request(ctx, id)
	require.NoError(t, err)
	require.False(t, one.Open())
	require.ErrorIs(t, g.Answer(ctx, id+1, answer(result.RequestSaid, "x")), ErrNotFound)
	none, err := g.Requests(ctx, "another")
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, g.Check(ctx))
	require.NoError(t, g.Damage())
}

// TestRequestBounds: how much may be asked and said, by whom.
func TestRequestBounds(t *testing.T) {
	ctx, g := newBook(t)
	_, err := g.Ask(ctx, asks("01", "task1.a", " \n "))
	saysNo(t, err, "requests.empty")
	for _, unseen := range []string{"\u200b", "\u202e \u2066", "\ufeff\u00a0", "\x00\x1b"} {
		_, err = g.Ask(ctx, asks("01", "task1.a", unseen))
		saysNo(t, err, "requests.empty")
	}
	_, err = g.Ask(ctx, asks("01", "task1.a", strings.Repeat("字", result.MaxWord+1)))
	saysNo(t, err, "requests.long")
	id, err := g.Ask(ctx, asks("01", "task1.a", strings.Repeat("字", result.MaxWord)))
	require.NoError(t, err)
	_, err = g.Ask(ctx, asks("01", "task1.a", "again"))
	saysNo(t, err, "requests.same")
	for _, check := range []string{"task1.b", "task1.c"} {
		_, err = g.Ask(ctx, asks("01", check, "x"))
		require.NoError(t, err)
	}
	_, err = g.Ask(ctx, asks("01", "task1.d", "x"))
	saysNo(t, err, "requests.many_open")
	_, err = g.Ask(ctx, asks("02", "task1.d", "x"))
	require.NoError(t, err, "others are not concerned")

	saysNo(t, g.Answer(ctx, id, answer(result.RequestDeclined, "")), "requests.empty")
	for _, w := range []result.Word{answer(result.RequestWithdrawn, "x"), own(result.RequestSet, "x"), own(result.RequestDeclined, "x"), own(result.RequestAsked, "x"), answer("else", "x")} {
		require.Error(t, g.Answer(ctx, id, w), w.Kind)
	}
	require.NoError(t, g.Answer(ctx, id, answer(result.RequestDeclined, strings.Repeat("字", result.MaxText))))
	_, err = g.Ask(ctx, asks("01", "task1.d", "there is room again"))
	require.NoError(t, err)
	saysNo(t, g.Answer(ctx, id, own(result.RequestSaid, "but")), "requests.many_open")
	for i := 5; i <= result.MaxRequests; i++ { // each is answered at once
		all, err := g.Requests(ctx, "ha-lb")
		require.NoError(t, err)
		for _, r := range all {
			if r.Student == "01" && r.Open() {
				require.NoError(t, g.Answer(ctx, r.ID, answer(result.RequestGraded, "")))
			}
		}
		_, err = g.Ask(ctx, asks("01", "task1.a", "once more"))
		require.NoError(t, err)
	}
	_, err = g.Ask(ctx, asks("01", "task1.z", "one too many"))
	saysNo(t, err, "requests.many")

	other, err := g.Requests(ctx, "ha-lb")
	require.NoError(t, err)
	last := other[len(other)-1].ID
	for range result.MaxOwnWords - 1 {
		require.NoError(t, g.Answer(ctx, last, own(result.RequestSaid, "and")))
	}
	saysNo(t, g.Answer(ctx, last, own(result.RequestSaid, "and")), "requests.many_words")
	for range result.MaxWords - result.MaxOwnWords {
		require.NoError(t, g.Answer(ctx, last, answer(result.RequestSaid, "and")))
	}
	saysNo(t, g.Answer(ctx, last, answer(result.RequestSaid, "and")), "requests.many_words")
	require.NoError(t, g.Answer(ctx, last, own(result.RequestWithdrawn, "")), "that is always possible")
}

// TestRequestsAnyOrder: whatever is asked and answered in whatever order, no bound is
// passed, and what was taken is read back as it was said.
func TestRequestsAnyOrder(t *testing.T) {
	ctx, g := newBook(t)
	labs := 0
	rapid.Check(t, func(t *rapid.T) {
		labs++
		lab := fmt.Sprint("lab", labs)
		want := map[int64][]result.Word{}
		var ids []int64
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			text := rapid.StringOfN(rapid.RuneFrom([]rune("a <&\n\x1b\u202e字")), 1, 8, -1).Draw(t, "text")
			if len(ids) == 0 || rapid.Bool().Draw(t, "ask") {
				r := asks(rapid.SampledFrom([]string{"01", "02"}).Draw(t, "student"), rapid.SampledFrom([]string{"", "a", "b", "c", "d"}).Draw(t, "check"), text)
				r.Lab = lab
				id, err := g.Ask(ctx, r)
				if err != nil {
					require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
					continue
				}
				ids = append(ids, id)
				want[id] = append(want[id], result.Word{Kind: result.RequestAsked, Student: true, Who: r.Student, Text: result.OneParagraph(text), When: day})
				continue
			}
			id := rapid.SampledFrom(ids).Draw(t, "id")
			w := answer(rapid.SampledFrom(result.RequestKinds[1:5]).Draw(t, "kind"), text)
			if rapid.Bool().Draw(t, "own") {
				w = own(rapid.SampledFrom([]result.RequestKind{result.RequestSaid, result.RequestWithdrawn}).Draw(t, "own kind"), text)
			}
			if err := g.Answer(ctx, id, w); err != nil {
				require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
				continue
			}
			if w.Text = result.OneParagraph(text); w.Student {
				w.Who = want[id][0].Who
			}
			want[id] = append(want[id], w)
		}
		all, err := g.Requests(ctx, lab)
		require.NoError(t, err)
		require.Len(t, all, len(want))
		open, same := map[string]int{}, map[string]int{}
		for _, r := range all {
			require.Len(t, r.Words, len(want[r.ID]))
			for i, w := range r.Words {
				require.True(t, w.When.Equal(want[r.ID][i].When))
				w.When = want[r.ID][i].When
				require.Equal(t, want[r.ID][i], w)
			}
			if r.Open() {
				open[r.Student]++
				same[r.Student+" "+r.Check]++
			}
		}
		for _, n := range open {
			require.LessOrEqual(t, n, result.MaxOpenRequests)
		}
		for _, n := range same {
			require.Equal(t, 1, n)
		}
	})
}

// TestAskAtOnce: bounds hold for who asks in many places at the same time, through two
// openings of the file.
func TestAskAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "2024A.gradebook")
	ctx, g := openBook(t, path)
	_, h := openBook(t, path)
	var took atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			book := g
			if i%2 == 0 {
				book = h
			}
			if _, err := book.Ask(ctx, asks("01", fmt.Sprint("check", i), "x")); err == nil {
				took.Add(1)
			} else {
				saysNo(t, err, "requests.many_open")
			}
		})
	}
	all.Wait()
	require.EqualValues(t, result.MaxOpenRequests, took.Load())
	require.NoError(t, g.Check(ctx))
	require.NoError(t, g.Damage())
}

// TestRequestsReported: what was asked is with the student in what counts and in each run, also
// of who was in no run, and changes no score. Another lab of the same work takes it along.
func TestRequestsReported(t *testing.T) {
	ctx, g := newBook(t)
	rub := halab(t)
	b := begin(day, "01", "02")
	b.Rubric = rub
	run, err := g.BeginRun(ctx, b)
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, run.ID, "01", marks("1", 10, 5)))
	require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))
	before, err := g.StandingData(ctx, rub, Rules{Attempts: Best})
	require.NoError(t, err)
	mark, err := g.Mark(ctx)
	require.NoError(t, err)
	id, err := g.Ask(ctx, asks("01", "task1.b", "look"))
	require.NoError(t, err)
	_, err = g.Ask(ctx, asks("03", "task1.b", "I was away"))
	require.NoError(t, err)
	moved, err := g.Mark(ctx)
	require.NoError(t, err)
	require.NotEqual(t, mark, moved, "who keeps what was read has to read it again")
	require.NoError(t, g.AddChangesSince(ctx, mark, Change{"ha-lb", "02", result.Change{Kind: result.Remark, Text: "x", When: day}}),
		"and yet no change by hand has to be worked out anew")
	d, err := g.StandingData(ctx, rub, Rules{Attempts: Best})
	require.NoError(t, err)
	require.Equal(t, result.RequestCount{All: 2, Open: 2}, d.Requests())
	require.Equal(t, "03", d.Students[2].ID)
	require.Equal(t, before.Students[0].Tally(), d.Students[0].Tally())
	require.Equal(t, id, d.Students[0].Requests[0].ID)
	d, err = g.RunData(ctx, run.ID, rub, Rules{Attempts: Best})
	require.NoError(t, err)
	require.Len(t, d.Students[0].Requests, 1)
	s := d.Students[0]
	s.Only(func(task string) bool { return task == "2" })
	require.Empty(t, s.Requests)

	n, err := g.CarryRequests(ctx, "ha-lb", "new-lab", []string{"01", "02"})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = g.CarryRequests(ctx, "ha-lb", "new-lab", []string{"01", "02"})
	require.NoError(t, err)
	require.Zero(t, n, "once")
	there, err := g.Requests(ctx, "new-lab")
	require.NoError(t, err)
	require.Equal(t, "look", there[0].Words[0].Text)
}

// TestMarkMoves: a mark is another when verdicts come in while a run is under way, and
// stays when a link or a trial is added.
func TestMarkMoves(t *testing.T) {
	ctx, g := newBook(t)
	last := ""
	moves := func(want bool, what string) {
		t.Helper()
		now, err := g.Mark(ctx)
		require.NoError(t, err)
		require.Equal(t, want, now != last, what)
		last = now
	}
	moves(true, "the first")
	run, err := g.BeginRun(ctx, begin(day, "01", "02"))
	require.NoError(t, err)
	moves(true, "a run")
	require.NoError(t, g.SaveVerdicts(ctx, run.ID, "01", marks("1", 10, 5)))
	moves(true, "verdicts")
	require.NoError(t, g.SaveVerdicts(ctx, run.ID, "01", marks("1", 10, 6)))
	moves(true, "others in their place")
	require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))
	moves(true, "its end")
	require.NoError(t, g.AddLinks(ctx, Link{Student: "01", Hash: [32]byte{1}, Made: day}))
	require.NoError(t, g.SaveTrial(ctx, trial("01", "1", 10)))
	moves(false, "no score")
	id, err := g.Ask(ctx, asks("01", "task1.b", "look"))
	require.NoError(t, err)
	moves(true, "a request")
	require.NoError(t, g.Answer(ctx, id, answer(result.RequestSet, "")))
	moves(true, "an answer")
	require.NoError(t, g.SetRemark(ctx, "ha-lb", "01", "x", day))
	moves(true, "by hand")
	moves(false, "nothing")
}

// TestDamagedRequest: a request or a word that is not as it was written is left out and told; no
// score is touched.
func TestDamagedRequest(t *testing.T) {
	for name, c := range map[string]struct {
		sql             string
		requests, words int
	}{
		"of another":   {"UPDATE requests SET student='02' WHERE seq=1", 1, 1},
		"another lab":  {"UPDATE requests SET lab='x' WHERE seq=1", 1, 1},
		"gone":         {"PRAGMA foreign_keys=0; DELETE FROM requests WHERE seq=1", 1, 1},
		"a word":       {"UPDATE words SET text='never said' WHERE seq=1", 2, 2},
		"whose word":   {"UPDATE words SET own=0 WHERE seq=1", 2, 2},
		"a time":       {"UPDATE words SET at='x' WHERE seq=1", 2, 2},
		"a word moved": {"UPDATE words SET request=2 WHERE seq=2", 2, 2},
		"a word gone":  {"DELETE FROM words WHERE seq=2", 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, g := newBook(t)
			id, err := g.Ask(ctx, asks("01", "task1.a", "look"))
			require.NoError(t, err)
			require.NoError(t, g.Answer(ctx, id, answer(result.RequestDeclined, "no")))
			_, err = g.Ask(ctx, asks("02", "task1.a", "look"))
			require.NoError(t, err)
			_, err = g.db.Exec(c.sql)
			require.NoError(t, err)
			all, err := g.Requests(ctx, "ha-lb")
			require.NoError(t, err)
			require.Len(t, all, c.requests)
			words := 0
			for _, r := range all {
				words += len(r.Words)
			}
			require.Equal(t, c.words, words)
			require.ErrorIs(t, g.Damage(), ErrDamaged)
			require.False(t, g.isSuspect("01"))
		})
	}
}
