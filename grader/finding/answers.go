package finding

import (
	"fmt"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
)

// answers looks at what one student's addresses answered.
func (c *class) answers(s *student) {
	for i := range s.Bundle.Traces {
		tr := &s.Bundle.Traces[i]
		where := "traces/" + tr.Target.ID
		for _, e := range tr.Errors {
			if e.Class == "redirect" && e.Count > 0 {
				c.add(s, Redirects, where, e.Sample, "n", e.Count, "sent", tr.Sent, "to", clip(e.Sample, 100))
			}
		}
		if s.svc == nil {
			continue
		}
		claims, doubts := s.view.Claims(s.svc, tr)
		c.claims(s, tr, claims)
		c.doubts(s, tr, claims, doubts)
		c.faces(s, tr, claims)
	}
}

// claims sums up what was claimed in vain, a finding a kind and target.
func (c *class) claims(s *student, tr *evidence.Trace, claims []sight.Claim) {
	where := "traces/" + tr.Target.ID
	var unknown, forged, foreign, replayed int
	var invented []string
	var doubt sight.Doubt
	first, other := "", ""
	for _, k := range claims {
		n := k.Responder.Count
		replayed += k.Responder.Replayed
		switch k.Author.Standing {
		case sight.Unknown:
			unknown += n
			if len(invented) < 5 && k.Responder.Hostname != "" {
				invented = append(invented, clip(k.Responder.Hostname, 40))
			}
		case sight.Forged:
			if forged == 0 {
				doubt, first = k.Doubt, sight.Claimed(&k.Responder)
			}
			forged += n
		case sight.Foreign:
			foreign += n
			other = k.Author.Service
		}
	}
	if len(invented) > 0 {
		c.add(s, UnknownContainers, where, invented[0], "n", unknown, "sent", tr.Sent, "names", invented)
	}
	if forged > 0 {
		c.add(s, ForgedIdentity, where, first, "n", forged, "sent", tr.Sent, "claimed", clip(first, 60), "why", doubt.Reason())
	}
	if replayed > 0 {
		c.add(s, Replayed, where, "", "n", replayed, "sent", tr.Sent)
	}
	if foreign > 0 {
		f := Finding{Kind: AnswersByOthers, Students: []string{s.id}, Task: s.Bundle.Task,
			Message:  text(AnswersByOthers, "n", foreign, "sent", tr.Sent, "other", other),
			Evidence: []Ref{s.ref(where, other)}}
		if o := c.owner[other]; o != nil && o != s {
			f.Students = append(f.Students, o.id)
			slices.Sort(f.Students)
			f.Evidence = append(f.Evidence, o.ref("snapshot/services/"+other, ""))
		}
		c.out = append(c.out, f)
	}
}

// doubts tells of a HAProxy whose answers are not borne out by its own
// configuration.
func (c *class) doubts(s *student, tr *evidence.Trace, claims []sight.Claim, doubts []sight.Doubt) {
	counted := slices.ContainsFunc(s.Bundle.Traffic, func(t evidence.Traffic) bool { return t.Target == tr.Target.ID })
	refuted := slices.ContainsFunc(claims, func(k sight.Claim) bool { return k.Author.Standing == sight.Forged })
	for _, d := range doubts {
		where := "proxies/" + s.px.Name
		if d.Line > 0 {
			where += fmt.Sprintf(":%d", d.Line)
		}
		switch d.Why {
		case "made":
			c.add(s, OwnAnswers, where, d.Text, "name", s.px.Name, "line", d.Line, "text", d.Text)
		case "made-if":
			if refuted {
				c.add(s, OwnAnswers, where, d.Text, "name", s.px.Name, "line", d.Line, "text", d.Text)
			}
		case "image", "unverified", "command", "line":
			// Counts that bear the answers out settle it.
			if refuted || !counted && len(claims) > 0 && d.Why != "line" {
				c.add(s, NotHAProxy, where, d.Text, "name", s.px.Name, "what", d.Reason())
			}
		}
		if d.Why == "made" || d.Why == "made-if" && refuted {
			return
		}
	}
}

// leastFaces is how many answers of one sort are worth a word. Which client a
// request looks like is a fair coin for each, so that a responder which does not
// look at it gives all of so many answers to one of them with a chance of
// 2^-23: one in eight million.
const leastFaces = 24

// faces tells of answers of one sort that went to one of two clients only.
// Which of the student's own containers answered is no sort: a balancer may
// well choose by a header field.
func (c *class) faces(s *student, tr *evidence.Trace, claims []sight.Claim) {
	if tr.Nonce == "" {
		return
	}
	type group struct{ n, browser int }
	groups := map[string]*group{}
	var order []string
	add := func(sort string, n, browser int) {
		if groups[sort] == nil {
			groups[sort] = &group{}
			order = append(order, sort)
		}
		groups[sort].n += n
		groups[sort].browser += browser
	}
	for _, k := range claims {
		add(string(k.Author.Standing), k.Responder.Count, k.Responder.Browser)
	}
	for _, e := range tr.Errors {
		add(e.Class, e.Count, e.Browser)
	}
	if len(groups) < 2 {
		return
	}
	for _, sort := range order {
		g := groups[sort]
		if g.n < leastFaces || g.browser != 0 && g.browser != g.n {
			continue
		}
		who := "curl"
		if g.browser > 0 {
			who = "browser"
		}
		c.add(s, TwoFaced, "traces/"+tr.Target.ID, sort, "n", g.n, "sort", sort, "client", who)
		return
	}
}

// leastClass is how many students must be observed before what most of them
// have means anything.
const leastClass = 3

// nonces tells of answers that do not show their request although others' do.
func (c *class) nonces() {
	asked, echo := 0, 0
	mesh := map[*student]bool{}
	for _, s := range c.students {
		n, echoed := s.echoes("mesh")
		if n == 0 {
			continue
		}
		asked++
		if echoed*2 > n {
			echo++
			mesh[s] = true
		}
	}
	for _, s := range c.students {
		if n, echoed := s.echoes("mesh"); n > 0 && echoed == 0 && asked >= leastClass && echo*5 >= asked*3 {
			c.add(s, WithoutNonce, "traces/mesh", s.sample("mesh"), "n", n)
		}
		n, echoed := s.echoes("haproxy")
		if mesh[s] && n > 0 && echoed == 0 && s.px != nil {
			c.add(s, WithoutNonce, "traces/haproxy", s.sample("haproxy"), "n", n)
		}
	}
}

// echoes counts the answers of a kind of target, and those that showed their
// own nonce.
func (s *student) echoes(kind string) (n, echoed int) {
	for i := range s.Bundle.Traces {
		tr := &s.Bundle.Traces[i]
		if tr.Target.Kind != kind || tr.Nonce == "" {
			continue
		}
		for _, r := range tr.Responders {
			n += r.Count
			echoed += r.Echoed + r.Replayed // a cache is told of as such
		}
	}
	return n, echoed
}

func (s *student) sample(kind string) string {
	for i := range s.Bundle.Traces {
		for _, r := range s.Bundle.Traces[i].Responders {
			if s.Bundle.Traces[i].Target.Kind == kind {
				return r.Sample + r.Hostname
			}
		}
	}
	return ""
}
