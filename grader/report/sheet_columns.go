package report

import (
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
	folding "golang.org/x/text/width"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/takeback"
)

// scoreColumns say what each column of the score sheet is, so that what is typed over it
// can be told.
func (b *book) scoreColumns(l layout, n int) []takeback.Head {
	out := make([]takeback.Head, n)
	for i := range out {
		out[i].What = takeback.WhatRoster // behind the remark
	}
	set := func(at int, h takeback.Head) {
		if at > 0 {
			out[at-1] = h
		}
	}
	set(1, takeback.Head{What: takeback.WhatID})
	set(2, takeback.Head{What: takeback.WhatName})
	for i, at := range l.tasks {
		set(at, takeback.Head{What: takeback.WhatPoints, Task: b.taskSheets[i].task})
	}
	for _, at := range []int{l.automatic, l.max, l.final, l.soFar} {
		set(at, takeback.Head{What: takeback.WhatPoints, Computed: true})
	}
	for _, at := range []int{l.open, l.byHand, l.late} {
		set(at, takeback.Head{What: takeback.WhatPoints})
	}
	for _, at := range []int{l.override, l.reason, l.remark} {
		set(at, takeback.Head{What: takeback.WhatInput})
	}
	set(l.rate, takeback.Head{What: takeback.WhatShare, Computed: true})
	for _, at := range []int{l.keyBefore, l.keyWithin, l.keyAmong} {
		set(at, takeback.Head{What: takeback.Else}) // whoever reads back looks at them otherwise
	}
	set(l.cause, takeback.Head{What: takeback.WhatWords})
	return out
}

// columns say what each column of a task's sheet is.
func (t *taskSheet) columns(n int) []takeback.Head {
	out := make([]takeback.Head, n) // the links are formulas of no interest
	set := func(at int, h takeback.Head) {
		if at > 0 {
			h.Task = t.task
			out[at-1] = h
		}
	}
	set(1, takeback.Head{What: takeback.WhatID})
	set(2, takeback.Head{What: takeback.WhatName})
	for i, c := range t.checks {
		set(3+i, takeback.Head{What: takeback.WhatPoints, Check: c.Check})
	}
	set(t.sum, takeback.Head{What: takeback.WhatPoints, Computed: true})
	set(t.set, takeback.Head{What: takeback.WhatPoints})
	set(t.late, takeback.Head{What: takeback.WhatPoints})
	set(t.score, takeback.Head{What: takeback.WhatPoints, Computed: true})
	set(t.most, takeback.Head{What: takeback.WhatPoints})
	set(t.rate, takeback.Head{What: takeback.WhatShare, Computed: true})
	set(t.cause, takeback.Head{What: takeback.WhatWords})
	set(t.why, takeback.Head{What: takeback.WhatWords})
	return out
}

// rosterHeads are the headings of the roster's further columns. One that is called like
// another of the sheet's, in either language, or like the one of a task, says that it is
// the roster's: whoever types or sorts has to see which is which, and so has whoever
// reads it back.
func (b *book) rosterHeads(own []any, more []string) []string {
	taken := map[string]bool{"": true}
	take := func(text string) {
		first, _, _ := strings.Cut(text, "\n")
		taken[alike(text)], taken[alike(first)] = true, true
	}
	for _, h := range own {
		if c, ok := h.(excelize.Cell); ok {
			text, _ := c.Value.(string)
			take(text)
		}
	}
	for _, lang := range i18n.Langs {
		for _, key := range []string{
			"id", "name", "open_points", "by_hand", "late", "max", "reason", "override", "override_reason", "final", "rate", "remark", "key_before", "key_within", "key_among",
		} {
			take(lang.T("report." + key))
		}
		take(lang.T("report.automatic", "max", b.totalMax().String()))
		for _, t := range b.taskSheets {
			take(lang.T("report.subtotal", "task", clip(oneLine(t.task), 12), "max", t.max.String()))
		}
	}
	return apart(b.lang, taken, more)
}

// apart are a roster's headings, where none is as one that is taken (see [alike]) or as
// another.
func apart(lang i18n.Lang, taken map[string]bool, more []string) []string {
	out := make([]string, len(more))
	var clash []int
	for i, h := range more {
		out[i] = cellText(oneLine(h))
		if taken[alike(out[i])] {
			clash = append(clash, i)
			continue
		}
		taken[alike(out[i])] = true
	}
	for _, i := range clash {
		head := out[i]
		for n := 1; taken[alike(out[i])]; n++ {
			out[i] = lang.T("report.roster_column", "head", clip(head, 40))
			if n > 1 {
				out[i] = lang.T("report.roster_column_n", "head", clip(head, 40), "n", n)
			}
		}
		taken[alike(out[i])] = true
	}
	return slices.Clip(out)
}

// alike is a heading without what people do not see the difference of.
func alike(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(folding.Fold.String(s)), ""))
}
