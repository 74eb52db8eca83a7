package roster

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/strictyaml"
)

// Late is what is taken off for work that comes after it was due.
type Late struct {
	// Due is when the work must be in: a time with its zone, such as
	// 2024-06-01T23:59:00+08:00.
	Due time.Time `yaml:"due"`
	// PerDay is what each day that has begun after Due takes off: a share of the
	// points that can be had (10%), or points of the whole lab (5), of which
	// each task loses its part.
	PerDay Amount `yaml:"per_day"`
	// Cap is the most that is taken off, in either form; without it there is no
	// bound but the points that were won.
	Cap Amount `yaml:"cap"`
	// Grace is how long after Due nothing is taken off: a duration such as 10m or
	// 1h30m, at most 720h. Days count from its end.
	Grace time.Duration `yaml:"grace"`
	// Column is the roster's column with due times of single students, such as
	// 2024-06-08 23:59, in the zone of Due unless they have their own; where it is
	// blank Due holds.
	Column string `yaml:"column"`
	// Dues are those times, by the student's ID.
	Dues map[string]time.Time
}

// Amount is a share of points or a number of them, in hundredths.
type Amount struct {
	Hundredths int64
	Percent    bool
}

const (
	maxGrace      = 720 * time.Hour
	maxLatePoints = 1000000
)

var amountForm = regexp.MustCompile(`^([0-9]{1,7}(?:\.[0-9]{1,2})?) ?(%?)$`)

func (l *loader) late(n *yaml.Node, c *Class) *Late {
	d := l.doc
	o := d.Object(n, "due", "per_day", "cap", "grace", "column")
	late := &Late{PerDay: l.amount(o.Need("per_day")), Cap: l.amount(o.Get("cap"))}
	due := o.Need("due")
	if text := d.Text(due); text != "" {
		var ok bool
		if late.Due, ok = zoned(text); !ok {
			d.Report(due, i18n.M("roster.bad_due", "text", clip(text)), i18n.M("roster.bad_due_hint"))
		}
	}
	if x := o.Get("grace"); x != nil {
		d.Decode(x, &late.Grace)
		if late.Grace > maxGrace {
			d.Report(x, i18n.M("roster.bad_grace", "text", clip(x.Value), "hours", int(maxGrace.Hours())), i18n.Msg{})
		}
	}
	if x := o.Get("column"); x != nil {
		late.Column = d.Text(x)
		l.dues(x, late, c)
	}
	return late
}

// amount reads 10% or 5.
func (l *loader) amount(n *yaml.Node) (a Amount) {
	text := l.doc.Text(n)
	if text == "" {
		return a
	}
	if m := amountForm.FindStringSubmatch(text); m != nil {
		v, err := strconv.ParseFloat(m[1], 64)
		a = Amount{Hundredths: int64(math.Round(v * 100)), Percent: m[2] != ""}
		if err == nil && v > 0 && (!a.Percent && v <= maxLatePoints || v <= 100) {
			return a
		}
	}
	l.doc.Report(n, i18n.M("roster.bad_amount", "text", clip(text)), i18n.M("roster.bad_amount_hint"))
	return Amount{}
}

// dues reads the column with due times of single students.
func (l *loader) dues(n *yaml.Node, late *Late, c *Class) {
	if late.Column == "" || late.Due.IsZero() || len(c.Students) == 0 {
		return // which is told elsewhere
	}
	names := make([]string, len(c.Headings))
	for i, h := range c.Headings {
		names[i] = h.Name
	}
	if !slices.Contains(names, late.Column) {
		l.doc.Report(n, i18n.M("roster.no_due_column", "column", clip(late.Column)), strictyaml.Suggest(late.Column, names))
		return
	}
	late.Dues = map[string]time.Time{}
	for _, s := range c.Students {
		text := s.Columns[late.Column]
		if text == "" {
			continue
		}
		at, ok := ownDue(text, late.Due.Location())
		if !ok {
			l.roster.Add(s.Pos, s.Source, 0, i18n.M("roster.bad_own_due", "id", s.ID, "column", late.Column, "text", clip(text)), i18n.M("roster.bad_own_due_hint"))
			continue
		}
		late.Dues[s.ID] = at
	}
}

// zoned reads a time with its zone; seconds may be left out.
func zoned(text string) (time.Time, bool) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(form, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// ownDue reads a time as people write it, or as a worksheet keeps it: days since
// the end of 1899. A date with no time of day could be its beginning or its end, so
// that it is none.
func ownDue(text string, zone *time.Location) (time.Time, bool) {
	if at, ok := zoned(text); ok {
		return at, true
	}
	if days, err := strconv.ParseFloat(text, 64); err == nil {
		if !(days > 20000 && days < 100000) || days == math.Trunc(days) { // 1954 to 2173, and no NaN
			return time.Time{}, false
		}
		seconds := time.Duration(math.Round(days*24*60*60)) * time.Second
		epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
		at := epoch.Add(seconds)
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone), true
	}
	text = strings.NewReplacer("/", "-", "T", " ", "：", ":").Replace(text)
	for _, form := range []string{"2006-1-2 15:04", "2006-1-2 15:04:05", "2006-1-2 15:04Z07:00", "2006-1-2 15:04:05Z07:00", "2006-1-2 15:04 Z07:00", "2006-1-2 15:04:05 Z07:00"} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
