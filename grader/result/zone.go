package result

import "time"

// OneZone has all moments be told in the zone of the due time, where there is one: a due
// time of the class's and the clock of a machine that is somewhere else, or keeps UTC,
// would stand side by side as if they were of one clock. What moments they are stays.
func (d *Data) OneZone() {
	if d.Late == nil || d.Late.Due.IsZero() {
		return
	}
	zone := d.Late.Due.Location()
	in := func(times ...*time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				*t = t.In(zone)
			}
		}
	}
	in(&d.Run.Started, &d.Run.Finished)
	for i := range d.Faults {
		in(&d.Faults[i].Injected, &d.Faults[i].Restored)
	}
	for i := range d.Sets {
		in(&d.Sets[i].Observed, &d.Sets[i].Judged)
	}
	for i := range d.Students {
		s := &d.Students[i]
		for k := range s.History {
			in(&s.History[k].When)
		}
		for k := range s.Overrides {
			in(&s.Overrides[k].When)
		}
		for k := range s.Requests {
			for w := range s.Requests[k].Words {
				in(&s.Requests[k].Words[w].When)
			}
		}
		for k := range s.Attempts {
			if l := s.Attempts[k].Late; l != nil {
				in(&l.Due, &l.At)
			}
			if f := s.Attempts[k].Forgiven; f != nil {
				in(&f.Due, &f.At, &f.When)
			}
		}
	}
}
