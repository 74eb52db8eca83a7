package gradebook

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// halab is the built-in rubric.
func halab(t *testing.T) *rubric.Rubric {
	t.Helper()
	data, ok := rubrics.Find("ha-lb")
	require.True(t, ok)
	rub, err := rubric.Load(data, "builtin:ha-lb", check.Set{}, nil)
	require.NoError(t, err)
	return rub
}

// oldBook unpacks testdata/layout2.db.gz, which the program wrote before rows
// had checksums: three students graded, one of them twice, both runs judged
// anew with another rubric, a run that was killed, an override, a remark.
func oldBook(t *testing.T) string {
	t.Helper()
	return unpacked(t, "layout2.db.gz")
}

// scores is all that a gradebook says of scores and runs, as text.
func scores(ctx context.Context, g *Gradebook, rub *rubric.Rubric) (string, error) {
	d, err := g.StandingData(ctx, rub, Rules{Attempts: Best})
	if err != nil {
		return "", err
	}
	text := d.Rubric.SHA256 + "\n"
	for _, s := range d.Students {
		points, most, ungraded := judge.Total(s.Verdicts)
		final, set, ok := s.Final()
		text += fmt.Sprintln(s.ID, s.Name, s.Remark, points, most, ungraded, final, set, ok, s.Attempts)
		for _, v := range s.Verdicts {
			text += fmt.Sprintln(v.Check, v.Outcome, v.Points, v.Max, v.Message)
		}
	}
	runs, err := g.Runs(ctx)
	for _, r := range runs {
		text += fmt.Sprintln(r.ID, r.Class, r.Task, r.Status, r.RubricSHA256, r.RosterSHA256, r.Regrades, r.Started.Unix(), r.Finished.Unix())
	}
	return text, err
}

func TestOldLayout(t *testing.T) {
	ctx, g := openBook(t, oldBook(t))
	d, err := g.StandingData(ctx, halab(t), Rules{Attempts: Best})
	require.NoError(t, err)
	require.NoError(t, g.Check(ctx))
	require.NoError(t, g.Damage(), "what had no checksums is taken as it is")
	require.Len(t, d.Students, 3)
	require.Equal(t, "新评分标准", d.Rubric.Title.ZH, "the rubric is that of the verdicts, not today's")
	final, set, ok := d.Students[1].Final()
	require.Equal(t, "39.5", final.String())
	require.True(t, set && ok)
	require.Equal(t, "迟交两天", d.Students[0].Remark)
	runs, err := g.Runs(ctx)
	require.NoError(t, err)
	require.Equal(t, Interrupted, runs[0].Status, "it was killed")
	var without int
	for table := range sealed {
		require.NoError(t, g.db.QueryRow("SELECT count(*) FROM "+table+" WHERE sum IS NULL").Scan(&without))
		require.Zero(t, without, table)
	}
}

// TestFlippedBits: whatever bit of the file is another, either that is told or
// everything that is read is as it was.
func TestFlippedBits(t *testing.T) {
	path := oldBook(t)
	rub := halab(t)
	ctx, g := openBook(t, path)
	want, err := scores(ctx, g, rub)
	require.NoError(t, err)
	require.NoError(t, g.Damage())
	require.NoError(t, g.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	flips := 400
	if testing.Short() {
		flips = 60
	}
	chance := rand.New(rand.NewPCG(2024, 11))
	told := 0
	for range flips {
		at, bit := chance.IntN(len(data)), chance.IntN(8)
		if chance.IntN(4) == 0 { // the file's and the first pages' own structure more often
			at = chance.IntN(3 * 4096)
		}
		data[at] ^= 1 << bit
		require.NoError(t, os.WriteFile(path, data, 0o600))
		data[at] ^= 1 << bit
		got, err := func() (string, error) {
			g, err := Open(ctx, path)
			if err != nil {
				return "", err
			}
			defer g.Close()
			got, err := scores(ctx, g, rub)
			if err == nil {
				err = g.Damage()
			}
			return got, err
		}()
		if err != nil {
			told++
			continue
		}
		require.Equal(t, want, got, "byte %d, bit %d", at, bit)
	}
	t.Logf("of %d flips %d were told, the others had no effect", flips, told)
	require.NotZero(t, told)
}

// TestChangedRows: each row that a score is made of, changed or gone.
func TestChangedRows(t *testing.T) {
	for name, c := range map[string]struct{ sql, student string }{
		"points":           {`UPDATE verdicts SET verdict=replace(verdict,'"max":2','"max":9') WHERE student='2024000001'`, "2024000001"},
		"verdict gone":     {"DELETE FROM verdicts WHERE student='2024000002' AND position=4", "2024000002"},
		"of another":       {"UPDATE verdicts SET student='2024000001', position=position+50 WHERE student='2024000002'", "2024000002"},
		"all verdicts":     {"DELETE FROM verdicts WHERE student='2024000003'", "2024000003"},
		"student gone":     {"PRAGMA foreign_keys=0; DELETE FROM students WHERE student='2024000003'", ""},
		"name":             {"UPDATE students SET name='李四' WHERE student='2024000001'", "2024000001"},
		"override":         {"UPDATE overrides SET points=400", "2024000002"},
		"override gone":    {"DELETE FROM overrides", ""},
		"remark":           {"UPDATE remarks SET text='' ", ""},
		"run gone":         {"PRAGMA foreign_keys=0; DELETE FROM runs WHERE seq=4", "2024000001"},
		"run of another":   {"UPDATE runs SET regrades=NULL WHERE seq=4", "2024000002"},
		"no checksum":      {"UPDATE verdicts SET sum=NULL WHERE student='2024000001'", "2024000001"},
		"no list":          {"DELETE FROM meta", ""},
		"type":             {"UPDATE students SET position='x' WHERE student='2024000001'", ""},
		"interrupted":      {"UPDATE runs SET status='interrupted' WHERE seq=4", "2024000002"},
		"another evidence": {"UPDATE students SET bundle=(SELECT max(bundle) FROM students)", "2024000001"},
	} {
		t.Run(name, func(t *testing.T) {
			path := oldBook(t)
			_, g := openBook(t, path)
			_, err := g.db.Exec(c.sql)
			require.NoError(t, err)
			require.NoError(t, g.Close())
			ctx, again := openBook(t, path)
			d, err := again.StandingData(ctx, halab(t), Rules{Attempts: Best})
			require.NoError(t, err, "what can be read is read")
			require.ErrorIs(t, again.Damage(), ErrDamaged)
			for _, s := range d.Students {
				if s.ID == c.student {
					require.True(t, s.Damaged)
					_, _, ok := s.Final()
					require.False(t, ok, "no score is better than a wrong one")
				}
			}
			_, g = openBook(t, path)
			require.NoError(t, g.Check(ctx), "it can be written to")
			require.ErrorIs(t, again.Damage(), ErrDamaged, "and a check finds it as well")
		})
	}
}
