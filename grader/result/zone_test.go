package result

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOneZone(t *testing.T) {
	utc := time.Date(2026, 11, 30, 5, 49, 0, 0, time.UTC)
	zone := time.FixedZone("", 8*3600)
	d := &Data{
		Run: Run{Started: utc}, Sets: []Set{{Observed: utc}}, Faults: []Fault{{Injected: utc}},
		Students: []Student{{
			History: []Change{{When: utc}}, Overrides: []Override{{When: utc}}, Requests: []Request{{Words: []Word{{When: utc}}}},
			Attempts: []Attempt{{Late: &Lateness{Due: utc.In(time.FixedZone("", 3600)), At: utc}}, {Forgiven: &Forgiven{Due: utc, At: utc, When: utc}}},
		}},
	}
	d.OneZone()
	require.Equal(t, time.UTC, d.Run.Started.Location(), "nothing says of which zone the class is")
	d.Late = &Late{Due: utc.AddDate(0, 0, -1).In(zone)}
	d.OneZone()
	s := d.Students[0]
	for i, at := range []time.Time{
		d.Run.Started, d.Sets[0].Observed, d.Faults[0].Injected, s.History[0].When, s.Overrides[0].When, s.Requests[0].Words[0].When,
		s.Attempts[0].Late.Due, s.Attempts[0].Late.At, s.Attempts[1].Forgiven.Due, s.Attempts[1].Forgiven.At, s.Attempts[1].Forgiven.When,
	} {
		require.Equal(t, "2026-11-30 13:49 +08:00", at.Format("2006-01-02 15:04 -07:00"), i)
		require.True(t, at.Equal(utc))
	}
	require.True(t, d.Run.Finished.IsZero())
	require.True(t, d.Sets[0].Judged.IsZero())
}
