package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"swarmgrade/grader/result"
)

// junitFormat is outcomes as programs show test results: a suite a student, a case a
// check. A failure is the student's, an error ours (ungraded); skipped is what waits
// for another check, or is excused.
var junitFormat = Format{Name: "junit", Ext: "xml", Media: "application/xml", Roster: true, Write: writeJUnit}

type junitSuite struct {
	XMLName    xml.Name        `xml:"testsuite"`
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string      `xml:"name,attr"`
	ClassName string      `xml:"classname,attr"`
	Time      string      `xml:"time,attr"`
	Skipped   *junitWords `xml:"skipped"`
	Error     *junitWords `xml:"error"`
	Failure   *junitWords `xml:"failure"`
}

type junitWords struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(w io.Writer, d *result.Data, o Options) error {
	o = o.For(d).unscaled()
	var tests, failures, errs int
	suite := func(s *result.Student) junitSuite { return o.to(d, s).suite(d, s) }
	for i := range d.Students { // told twice, as the sums come first and a class's suites are large
		s := suite(&d.Students[i])
		tests, failures, errs = tests+s.Tests, failures+s.Failures, errs+s.Errors
	}
	root := xml.StartElement{Name: xml.Name{Local: "testsuites"}}
	for _, a := range []struct {
		name  string
		value any
	}{
		{"name", inert(d.Class)}, {"tests", tests}, {"failures", failures}, {"errors", errs}, {"time", 0},
	} {
		root.Attr = append(root.Attr, xml.Attr{Name: xml.Name{Local: a.name}, Value: fmt.Sprint(a.value)})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.EncodeToken(root); err != nil {
		return err
	}
	for i := range d.Students {
		if err := enc.Encode(suite(&d.Students[i])); err != nil {
			return fmt.Errorf("write results as XML: %w", err)
		}
	}
	if err := enc.EncodeToken(root.End()); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// suite is a student's. Who has no verdict at all is an error of ours.
func (o Options) suite(d *result.Data, s *result.Student) junitSuite {
	class := inert(d.Class + "." + s.ID)
	out := junitSuite{Name: inert(s.ID), Time: "0", Properties: []junitProperty{{"student", inert(s.ID)}, {"name", inert(s.Name)}}}
	if !d.Run.Started.IsZero() {
		out.Timestamp = d.Run.Started.UTC().Format("2006-01-02T15:04:05")
	}
	parts := o.checkParts(d, s)
	if h := o.Hand(d, s); h.State == Given {
		out.Properties = append(out.Properties, junitProperty{"points", h.Points.String()}, junitProperty{"max", o.OutOf(d).String()})
		parts = o.parts(d, s, h.Points)
		for _, p := range parts { // they add up to the points
			name := inert(p.check)
			if p.check == "" {
				name = p.name
			}
			out.Properties = append(out.Properties, junitProperty{"points of " + name, p.points.String()})
		}
	}
	add := func(c junitCase) {
		c.ClassName, c.Time = class, "0"
		out.Tests++
		switch {
		case c.Failure != nil:
			out.Failures++
		case c.Error != nil:
			out.Errors++
		case c.Skipped != nil:
			out.Skipped++
		}
		out.Cases = append(out.Cases, c)
	}
	for _, p := range parts {
		if p.state == adjusts {
			continue
		}
		v, _ := s.Verdict(p.check)
		c := junitCase{Name: inert(p.check) + " " + p.name}
		words := &junitWords{Type: string(v.Outcome), Message: p.first(), Text: p.text}
		switch p.state {
		case failed:
			c.Failure = words
		case ungraded:
			c.Error = words
		case waits, excused:
			c.Skipped = &junitWords{Message: p.first()}
		}
		add(c)
	}
	if len(s.Verdicts) == 0 {
		text := o.told(Text{Lang: o.Lang}.mainReason(s))
		add(junitCase{Name: o.Lang.T("transfer.nothing_judged"), Error: &junitWords{Type: "ungraded", Message: text, Text: text}})
	}
	return out
}
