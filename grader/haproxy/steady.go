package haproxy

import (
	"slices"
	"strings"
)

// Steady reports whether a proxy treats a later request of the load as it treated an
// earlier one, as far as its lines tell: nothing that it counts, draws, reads off a clock
// or is told by a server decides. A line that is not known to be such makes it not so; a
// rule whose condition is known to hold for no request of the load bears on none.
//
// A server that fails is taken out and comes back: that is no reason.
func (p *Proxy) Steady() bool {
	acls := ACLsForLoad(p.ACLs)
	return !slices.ContainsFunc(p.Lines, func(l Line) bool { return !steady(l, acls) })
}

// ruleWords are the first words of lines that a condition may end.
var ruleWords = []string{
	"http-request", "http-response", "http-after-response", "tcp-request", "tcp-response", "redirect", "use_backend", "use-server",
	"force-persist", "ignore-persist",
}

func steady(l Line, acls map[string]Truth) bool {
	if len(l.Words) == 0 {
		return true
	}
	if slices.Contains(ruleWords, strings.ToLower(l.Words[0])) {
		args, cond := cutCond(l.Words)
		switch cond.ForLoad(acls) {
		case Unknown:
			return false
		case False:
			return true
		}
		l.Words = args
	}
	return innocentLists()["steady"].has(l) && !slices.ContainsFunc(l.Words[1:], func(w string) bool {
		return w == "observe" || w == "slowstart" || strings.HasPrefix(w, "agent-")
	})
}
