package report

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/rubric"
)

// scoreRules are what guides who fills in the scores: bounds and colours.
//
// The sheet has no protection: programs sort no range with a locked cell in it while
// a sheet is protected, whatever else it allows, and some do not filter either. What
// the program has counted is kept from slips by a validation that takes nothing.
func (b *book) scoreRules(name string, l layout) error {
	f, last := b.f, len(b.d.Students)+1
	if last == 1 {
		return nil
	}
	span := func(from, to int) string { return ref(from, 2) + ":" + ref(to, last) }
	total := b.o.full(b.d)

	bounds := excelize.NewDataValidation(true)
	bounds.SetSqref(span(l.override, l.override))
	// Points, or the word that nothing counts. The library writes a formula here as it is, so
	// that it may have no "<" in it.
	typed := ref(l.override, 2)
	if err := bounds.SetRange(fmt.Sprintf(`OR(AND(ISNUMBER(%[1]s),N(%[1]s)>=0,%[2]s>=N(%[1]s)),%[1]s=%[3]s)`, typed, total, quoteText(b.lang.T("hand.excused"))), "",
		excelize.DataValidationTypeCustom, excelize.DataValidationOperatorBetween); err != nil {
		return err
	}
	bounds.SetInput(b.t("override_title"), b.t("override_prompt", "max", total.String()))
	bounds.SetError(excelize.DataValidationErrorStyleStop, b.t("override_title"), b.t("override_error", "max", total.String()))
	why := excelize.NewDataValidation(true)
	why.SetSqref(span(l.reason, l.reason))
	why.SetInput(b.t("reason_title"), b.t("reason_prompt"))
	end := max(l.remark+len(l.more), l.soFar)
	counted := span(1, l.override-1) + " " + span(l.keyWithin, l.keyWithin) + " " + span(l.final, l.keyAmong) + " A1:" + ref(end, 1)
	if end > l.remark {
		counted += " " + span(l.remark+1, end)
	}
	for _, dv := range []*excelize.DataValidation{bounds, why, b.untyped(counted)} {
		if err := f.AddDataValidation(name, dv); err != nil {
			return err
		}
	}
	for _, at := range []int{l.automatic, l.final} {
		if err := b.colours(name, span(at, at), fmt.Sprintf("$%s/$%s", ref(at, 2), ref(l.max, 2)), "$"+ref(at, 2), "$"+ref(l.max, 2)); err != nil {
			return err
		}
	}
	if err := b.colours(name, span(l.rate, l.rate), "$"+ref(l.rate, 2), "$"+ref(l.rate, 2), "1"); err != nil {
		return err
	}
	// An override with no reason stands out.
	if err := f.SetConditionalFormat(name, span(l.reason, l.reason), []excelize.ConditionalFormatOptions{{
		Type: "formula", Format: &b.st.badOverride,
		Criteria: fmt.Sprintf(`AND(ISNUMBER(%s),LEN(TRIM(%s))=0)`, "$"+ref(l.override, 2), "$"+ref(l.reason, 2)),
	}}); err != nil {
		return err
	}
	texts := "A2:" + ref(leadColumns, last) + " " + span(l.keyBefore, l.keyBefore) + " " + span(l.keyWithin, l.keyWithin) + " " + span(l.keyAmong, l.keyAmong)
	if n := len(l.more); n > 0 {
		texts += " " + span(l.remark+1, l.remark+n)
	}
	return f.AddIgnoredErrors(name, texts, excelize.IgnoredErrorsNumberStoredAsText)
}

// untyped is a validation of cells into which nothing is typed.
func (b *book) untyped(cells string) *excelize.DataValidation {
	dv := excelize.NewDataValidation(true)
	dv.SetSqref(cells)
	dv.Type, dv.Formula1 = "custom", "FALSE"
	dv.SetError(excelize.DataValidationErrorStyleStop, b.t("counted_title"), b.t("counted_error"))
	return dv
}

// bands are shares of the most points, the best first, with what a cell of that share
// is filled with: maxima differ, so that points alone say little.
var bands = []struct {
	least float64
	fill  string
}{{0.9, "D5EBCB"}, {0.75, "ECF3D3"}, {0.6, "FFF0C2"}, {0, "F6C6C0"}}

// band is which of the bands points of a maximum are in.
func band(points, most rubric.Points) int {
	if most <= 0 {
		return 0
	}
	for i, x := range bands {
		if float64(points) >= x.least*float64(most) {
			return i
		}
	}
	return len(bands) - 1
}

// colours fills cells by the share that a formula comes to; points and most are the
// cells it is made of, all of one row.
func (b *book) colours(name, span, share, points, most string) error {
	var rules []excelize.ConditionalFormatOptions
	for i, x := range bands {
		criteria := fmt.Sprintf("IF(AND(ISNUMBER(%s),N(%s)>0),ROUND(%s,4)>=%v,FALSE)", points, most, share, x.least)
		if x.least == 0 {
			criteria = fmt.Sprintf("AND(ISNUMBER(%s),N(%s)>0)", points, most)
		}
		rules = append(rules, excelize.ConditionalFormatOptions{Type: "formula", Criteria: criteria, Format: &b.st.bands[i], StopIfTrue: true})
	}
	return b.f.SetConditionalFormat(name, span, rules)
}

// shareFormula is points as a share of the most, nothing where either is missing.
func shareFormula(points, most string) string {
	return fmt.Sprintf(`IF(AND(ISNUMBER(%[1]s),N(%[2]s)>0),ROUND(%[1]s/%[2]s,4),"")`, points, most)
}

// quoteText is text as formulas have it.
func quoteText(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
