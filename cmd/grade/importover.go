package main

import (
	"slices"

	"swarmgrade/grader/takeback"
)

// showOvers names the cells that were typed over and are not read, and says where to type
// instead.
func (t *taking) showOvers() {
	o := t.x.Overs
	if len(o.Cells) == 0 {
		return
	}
	t.say("import.over", "n", len(o.Cells)+o.More)
	for _, c := range o.Cells[:min(len(o.Cells), listed)] {
		t.say("import.over_line", "cell", t.w.AtSheet(c.Sheet, c.Ref), "student", c.ID, "name", c.Name, "head", c.Head.Label(),
			"was", t.orBlank(c.Was), "now", t.orBlank(c.Now))
	}
	if more := len(o.Cells) - listed + o.More; more > 0 {
		t.say("import.over_more", "n", more)
	}
	has := func(whats ...takeback.What) bool {
		return slices.ContainsFunc(o.Cells, func(c takeback.Over) bool { return slices.Contains(whats, c.Head.What) })
	}
	if has(takeback.WhatPoints, takeback.WhatShare) {
		t.say("import.over_points", "class", t.j.Class.Name, "head", t.w.HeadOf(takeback.Override), "reason", t.w.HeadOf(takeback.Reason), "flags", t.rubricFlags())
	}
	if has(takeback.WhatWords) {
		t.say("import.over_words", "reason", t.w.HeadOf(takeback.Reason), "remark", t.w.HeadOf(takeback.Remark))
	}
	if has(takeback.WhatID, takeback.WhatName, takeback.WhatRoster) {
		t.say("import.over_roster", "file", t.j.Class.File, "class", t.j.Class.Name)
	}
}

func (t *taking) orBlank(text string) string {
	if text == "" {
		return t.a.lang().T("import.blank")
	}
	return text
}

type importOver struct {
	Sheet   string `json:"sheet"`
	Cell    string `json:"cell"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Heading string `json:"heading"`
	Task    string `json:"task,omitempty"`
	Check   string `json:"check,omitempty"`
	Was     string `json:"was"`
	Now     string `json:"now"`
}

func oversJSON(o takeback.Overs) (out []importOver, more int) {
	for _, c := range o.Cells {
		out = append(out, importOver{c.Sheet, c.Ref, c.ID, c.Name, c.Head.Label(), c.Head.Task, c.Head.Check, c.Was, c.Now})
	}
	return out, o.More
}
