package rubric

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
)

// credit reads partial credit. counted is false if the check's points could
// not be read, so that nothing is compared with them.
func (l *loader) credit(n *yaml.Node, c *Check, counted bool) {
	if c.Kind != "" && !l.kinds.Measures(c.Kind) {
		l.doc.Report(n, i18n.M("rubric.no_measure", "kind", c.Kind), i18n.M("rubric.no_measure_hint"))
	}
	if counted && c.Points == 0 {
		l.report(n, "rubric.credit_of_nothing")
	}
	if n.Kind == yaml.ScalarNode {
		c.Credit.PerUnit = l.doc.OneOf(n, "per_unit") != ""
		return
	}
	o := l.doc.Object(n, "bands", "linear")
	bands, linear := o.Get("bands"), o.Get("linear")
	switch {
	case bands != nil && linear != nil:
		l.doc.Report(o.Key("linear"), i18n.M("rubric.credit_twice"), i18n.M("rubric.credit_twice_hint"))
	case bands != nil:
		l.bands(bands, c, counted)
	case linear != nil:
		l.linear(linear, c)
	case n.Kind == yaml.MappingNode:
		l.doc.Report(n, i18n.M("rubric.credit_empty"), i18n.M("rubric.credit_twice_hint"))
	}
}

// bands reads a scale whose first step that fits counts: steps must go from
// the best down, or the later ones could never be reached.
func (l *loader) bands(n *yaml.Node, c *Check, counted bool) {
	items := l.doc.List(n)
	if n.Kind == yaml.SequenceNode && len(items) == 0 {
		l.report(n, "rubric.bands_empty")
	}
	var before *Band
	for _, item := range items {
		o := l.doc.Object(item, "at_least", "at_most", "points")
		least, most := o.Get("at_least"), o.Get("at_most")
		points, ok := l.points(o.Need("points"))
		b := Band{AtLeast: l.float(least), AtMost: l.float(most), Points: points}
		if item.Kind == yaml.MappingNode && (least == nil) == (most == nil) {
			l.report(item, "rubric.band_bound")
			ok = false
		}
		if ok && counted && c.Points > 0 && points >= c.Points {
			l.doc.Report(o.Get("points"), i18n.M("rubric.band_full", "points", points, "max", c.Points), i18n.M("rubric.band_full_hint", "max", c.Points))
		}
		if !ok || b.AtLeast == nil && b.AtMost == nil {
			continue
		}
		if before != nil {
			l.bandOrder(o.Key("points"), least, most, *before, b)
		}
		before = &b
		c.Credit.Bands = append(c.Credit.Bands, b)
	}
}

func (l *loader) bandOrder(points, least, most *yaml.Node, a, b Band) {
	at := least
	if at == nil {
		at = most
	}
	switch {
	case (a.AtLeast == nil) != (b.AtLeast == nil):
		l.report(at, "rubric.band_mixed")
	case b.AtLeast != nil && *b.AtLeast >= *a.AtLeast:
		l.report(at, "rubric.band_falling", "got", *b.AtLeast, "before", *a.AtLeast)
	case b.AtMost != nil && *b.AtMost <= *a.AtMost:
		l.report(at, "rubric.band_rising", "got", *b.AtMost, "before", *a.AtMost)
	case b.Points >= a.Points:
		l.report(points, "rubric.band_points", "got", b.Points, "before", a.Points)
	}
}

func (l *loader) linear(n *yaml.Node, c *Check) {
	o := l.doc.Object(n, "from", "to")
	from, to := l.float(o.Need("from")), l.float(o.Need("to"))
	if from == nil || to == nil {
		return
	}
	if *from == *to {
		l.doc.Report(n, i18n.M("rubric.linear_flat", "value", *from), i18n.M("rubric.linear_flat_hint"))
		return
	}
	c.Credit.Linear = &Linear{From: *from, To: *to}
}

func (l *loader) float(n *yaml.Node) *float64 {
	s := l.doc.Decimal(n)
	if s == "" {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return &f
}
