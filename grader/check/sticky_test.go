package check_test

import (
	"fmt"
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// cookieLoad is what six clients that keep cookies, and 60 and 32 requests of those
// that don't, saw: which of the student's containers, from 0, answered a client's
// nth request, or -1 for a 503.
type cookieLoad struct {
	kept            func(client, n int) int
	plain, invented func(n int) int
	// set is what the answer of a container sets, value "" is an expired one;
	// anew has it set at each request.
	set  func(container int) []evidence.SetCookie
	anew bool
	host string
	same bool // the invented values are one
}

// bound is how a HAProxy keeps clients by a cookie with such values.
func bound(values ...string) *cookieLoad {
	return &cookieLoad{
		kept:  func(client, _ int) int { return client % 3 },
		plain: func(n int) int { return n % 3 }, invented: func(n int) int { return n % 3 },
		set: func(c int) []evidence.SetCookie {
			return []evidence.SetCookie{{Name: "SRVID", Value: values[c%len(values)], Attributes: "path=/"}}
		},
	}
}

var hashes = []string{"8bfd6ec04d9d4bd4", "10a1b2c3d4e5f607", "0123456789abcdef"}

// loose is how one deals that knows no cookie: each request to the next container.
func loose() *cookieLoad {
	l := bound("")
	l.set = nil
	l.kept = func(client, n int) int { return client + n }
	return l
}

// with is a load changed.
func with(l *cookieLoad, change func(l *cookieLoad)) *cookieLoad { change(l); return l }

func (d *deployment) cookieLoad() evidence.Trace {
	tasks := tasksOf(d.snap, "svc-s01")
	c := evidence.Cookies{Clients: 6, Replays: 20, Plain: 60, Invented: 32}
	tr := evidence.Trace{
		Target: evidence.Target{ID: "cookies", Kind: "cookies", Address: "172.30.0.11:9001", Path: "/", Requests: c.Requests(), Cookies: c, Host: d.cookies.host},
		Sent:   c.Requests(), Errors: []evidence.ErrorClass{{Class: "http-503"}},
	}
	for _, t := range tasks {
		r := page(t, 0).Responder
		tr.Responders = append(tr.Responders, r)
	}
	visit := func(who string, requests int, to func(n int) int) {
		v := evidence.Visit{Who: who, From: len(tr.Sequence), Sent: requests}
		for n := range requests {
			at := to(n)
			if at < 0 || len(tasks) == 0 {
				tr.Errors[0].Count++
				tr.Sequence = append(tr.Sequence, -1)
				continue
			}
			at %= max(len(tasks), 1)
			tr.Responders[at].Count++
			tr.Sequence = append(tr.Sequence, int16(at))
			if d.cookies.set == nil || who == evidence.VisitKept && n > 0 && !d.cookies.anew {
				continue
			}
			for _, s := range d.cookies.set(at) {
				s.At, s.Times = len(tr.Sequence)-1, 1
				if s.Value == "" {
					s.Refused, s.Attributes = "expired", "Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/"
				}
				v.Set = append(v.Set, s)
			}
		}
		if who == evidence.VisitInvented && d.cookies.set != nil {
			v.Names, v.Value, v.Differ = []string{"SRVID"}, "00112233445566aa", !d.cookies.same
		}
		tr.Visits = append(tr.Visits, v)
	}
	for client := range c.Clients {
		visit(evidence.VisitKept, 1+c.Replays, func(n int) int { return d.cookies.kept(client, n) })
	}
	visit(evidence.VisitPlain, c.Plain, d.cookies.plain)
	visit(evidence.VisitInvented, c.Invented, d.cookies.invented)
	if tr.Errors[0].Count == 0 {
		tr.Errors = nil
	}
	return tr
}

// dynamic is a HAProxy that follows the tasks and keeps clients by a hash.
const dynamic = `resolvers docker
    nameserver dns 127.0.0.11:53
defaults
    mode http
frontend http-in
    bind *:9001
    default_backend tasks
backend tasks
    balance roundrobin
    dynamic-cookie-key secret
    cookie SRVID insert dynamic
    server-template web 5 tasks.s01:80 check resolvers docker init-addr none
`

// sticky is a correct one.
func sticky() *deployment {
	d := viaTasks()
	d.configure(dynamic)
	d.cookies = bound(hashes...)
	return d
}

func TestStickyCookie(t *testing.T) {
	unset := func(why, attributes string) *cookieLoad {
		return with(loose(), func(l *cookieLoad) {
			l.set = func(c int) []evidence.SetCookie {
				return []evidence.SetCookie{{Name: "SRVID", Value: hashes[c], Attributes: attributes, Refused: why}}
			}
			l.anew = true
		})
	}
	sees := func(l *cookieLoad, edits ...string) func(d *deployment) {
		return func(d *deployment) {
			d.cookies = l
			for i := 0; i+1 < len(edits); i += 2 {
				d.edit(edits[i], edits[i+1])
			}
		}
	}
	const key = "    dynamic-cookie-key secret\n"
	const line = "    cookie SRVID insert dynamic\n"
	const template = "server-template web 5 tasks.s01:80 check resolvers docker init-addr none"
	const static = "server a 10.0.7.11:80 cookie a\n    server b 10.0.7.12:80 cookie b\n    server c 10.0.7.13:80 cookie c"
	byAddress := with(loose(), func(l *cookieLoad) {
		l.kept = func(int, int) int { return 1 }
		l.plain, l.invented = func(int) int { return 1 }, func(int) int { return 1 }
	})
	full := pass("check.sticky_ok").saw("clients", 6).saw("stuck", 6).saw("containers_without", 3)
	requireKind(t, "sticky-cookie", sticky, rubric.Credit{}, []kase{
		{"a dynamic cookie", "", nil, full.saw("method", "dynamic").saw("containers_invented", 3).saw("cookies", []string{"SRVID"}).asked("containers_without", 3)},
		{"static values", "", sees(bound("a", "b", "c"), key, "", line, "    cookie SRVID insert indirect nocache\n", template, static), full.saw("method", "insert")},
		{"the application's cookie with a prefix", "", sees(with(bound("a~1", "b~1", "c~1"), func(l *cookieLoad) { l.anew = true }), key, "", line, "    cookie SRVID prefix\n", template, static), full.saw("method", "prefix")},
		{"a stick-table on the application's cookie", "", sees(bound("1", "2", "3"), key+line, "    stick-table type string len 32 size 10k\n    stick on req.cook(SRVID)\n"), full.saw("method", "stick-table")},
		{"some other way", "", sees(bound("1"), key+line, ""), full.saw("method", "none")},
		{"by the host that is asked for", "", sees(with(bound(hashes...), func(l *cookieLoad) { l.host = "lab.example.edu" })), full.saw("host", "lab.example.edu")},
		{"under other variables", "service: web, name: lb, port: gate", (*deployment).otherVars, full},
		{"one container", "", func(d *deployment) { d.lose(1) }, pass("check.sticky_ok").saw("containers_without", 1)},
		{"an invented value that sticks", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.invented, l.same = func(int) int { return 2 }, true
		})), full.saw("containers_invented", 1)},
		{"a few failures meanwhile", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(client, n int) int {
				if client == 1 && n > 4 && n < 9 {
					return -1
				}
				return client
			}
		})), full},
		{"the chosen container died", "", func(d *deployment) {
			d.cookies = bound(hashes...)
			d.cookies.kept = func(client, n int) int {
				switch {
				case client%3 != 1 || n < 7:
					return client % 3
				case n < 10:
					return -1
				}
				return 2
			}
			d.meanwhile(func(s *evidence.Snapshot) {
				gone := tasksOf(s, "svc-s01")[1]
				gone.Desired, gone.State = "shutdown", "failed"
			})
		}, pass("check.sticky_ok").saw("stuck", 6)},

		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"was sent nothing, there being no HAProxy", "", func(d *deployment) { d.noProxy(); d.cookies = nil }, fail("check.proxy_none")},
		{"was sent nothing", "", func(d *deployment) { d.cookies = nil }, open("check.load_none")},
		{"could not be reached", "", func(d *deployment) { d.gap("load/cookies", "unreachable") }, open("check.load_gap")},
		{"answers nothing but 503", "", sees(with(loose(), func(l *cookieLoad) {
			l.kept = func(int, int) int { return -1 }
			l.plain, l.invented = func(int) int { return -1 }, func(int) int { return -1 }
		})), fail("check.answers_dead")},
		{"wrote no cookie line", "", sees(loose(), key+line, ""), fail("check.sticky_none").saw("method", "none").saw("stuck", 0)},
		{"forgot the key", "", sees(with(loose(), func(l *cookieLoad) {
			l.set, l.anew = func(int) []evidence.SetCookie { return []evidence.SetCookie{{Name: "SRVID"}} }, true
		}), key, ""), fail("check.sticky_no_key").saw("method", "dynamic-no-key").says("line", 10)},
		{"gave the servers no value", "", sees(with(loose(), func(l *cookieLoad) {
			l.set, l.anew = func(int) []evidence.SetCookie { return []evidence.SetCookie{{Name: "SRVID"}} }, true
		}), key, "", line, "    cookie SRVID insert\n"), fail("check.sticky_no_value").saw("method", "no-value").says("server", "web")},
		{"gave all slots one value", "", sees(with(bound("s1"), func(l *cookieLoad) { l.kept = func(client, n int) int { return client % 3 * max(0, 1-n) } }), key, "", line, "    cookie SRVID insert\n", template, template+" cookie s1"),
			fail("check.sticky_strays").saw("stuck", 2).says("client", 2).says("request", 2)},
		{"balanced by address", "", sees(byAddress, key+line, "", "balance roundrobin", "balance source"), fail("check.sticky_source").saw("method", "source").says("line", 9)},
		{"balanced by address beside a cookie", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(int, int) int { return 1 }
			l.plain, l.invented = func(int) int { return 1 }, func(int) int { return 1 }
		}), "balance roundrobin", "balance source"), fail("check.sticky_source").saw("method", "dynamic")},
		{"a stick-table on the address", "", sees(byAddress, key+line, "    stick-table type ip size 10k\n    stick on src\n"), fail("check.sticky_source").saw("method", "source").says("line", 11)},
		{"sent everybody to one container", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(int, int) int { return 0 }
			l.plain, l.invented = func(int) int { return 0 }, func(int) int { return 0 }
		})), fail("check.sticky_one")},
		{"left one container out", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(client, _ int) int { return client % 2 }
			l.plain = func(n int) int { return n % 2 }
		})), fail("check.sticky_silent").says("reached", 2)},
		{"prefixed a cookie that nobody sets", "", sees(loose(), key, "", line, "    cookie SRVID prefix\n", template, static), fail("check.sticky_app")},
		{"in mode tcp", "", sees(loose(), "mode http", "mode tcp"), fail("check.sticky_tcp")},
		{"for POST only", "", sees(loose(), line, "    cookie SRVID insert dynamic postonly\n"), fail("check.sticky_postonly")},
		{"for HTTPS only", "", sees(unset("secure", "path=/; Secure"), line, "    cookie SRVID insert dynamic secure\n"), fail("check.sticky_refused").says("why", "check.sticky_refused_secure")},
		{"for another host", "", sees(unset("domain", "path=/; domain=.example.org")), fail("check.sticky_refused").says("why", "check.sticky_refused_domain")},
		{"takes the cookie away each time", "", sees(with(loose(), func(l *cookieLoad) {
			l.set, l.anew = func(int) []evidence.SetCookie { return []evidence.SetCookie{{Name: "SRVID"}} }, true
		})), fail("check.sticky_expired")},
		{"deals out in spite of the cookie", "", sees(with(bound(hashes...), func(l *cookieLoad) { l.kept = func(client, n int) int { return client + n } })), fail("check.sticky_strays").saw("stuck", 0)},
		{"refuses invented values", "", sees(with(bound(hashes...), func(l *cookieLoad) { l.invented = func(int) int { return -1 } })), fail("check.sticky_invented").says("n", 32)},
		{"refuses unknown values by a rule", "", sees(with(bound(hashes...), func(l *cookieLoad) { l.invented = func(int) int { return -1 } }),
			"    balance", "    acl known cook(SRVID) a b c\n    acl has cook(SRVID) -m found\n    http-request deny if has !known\n    balance"),
			fail("check.sticky_invented_by").says("how", "check.sticky_how")},
		{"leads unknown values to one container", "", sees(with(bound(hashes...), func(l *cookieLoad) { l.invented = func(int) int { return 2 } }),
			"    balance", "    acl known cook(SRVID) a b c\n    use-server web1 if !known\n    balance"),
			fail("check.sticky_pinned").says("n", 32).says("containers", 3).says("how", "check.sticky_how")},
		{"leads them there for no reason that is known", "", sees(with(bound(hashes...), func(l *cookieLoad) { l.invented = func(int) int { return 2 } })),
			fail("check.sticky_pinned").says("how", "check.sticky_how")},
		{"most come to that container anyway", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.plain = func(n int) int {
				if n%4 > 0 {
					return 2
				}
				return n / 4 % 2
			}
			l.invented = func(int) int { return 2 }
		})), full.saw("containers_invented", 1)},
		{"too few of them were answered", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.invented = func(n int) int {
				if n < 3 {
					return -1
				}
				return 2
			}
		})), full},
		{"was busy with an update", "", func(d *deployment) {
			d.cookies = loose()
			d.meanwhile(func(s *evidence.Snapshot) { tasksOf(s, "svc-s01")[1].ID = "another" })
		}, open("check.unstable")},
	})
	requireKind(t, "sticky-cookie", sticky, perUnit, []kase{
		{"clients stay, and unknown values are refused", "", sees(with(bound(hashes...), func(l *cookieLoad) { l.invented = func(int) int { return -1 } })), partial("check.sticky_invented", "5")},
		{"clients stay, and one container is left out", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(client, _ int) int { return client % 2 }
			l.plain = func(n int) int { return n % 2 }
		})), partial("check.sticky_silent", "5")},
		{"half of the clients stay", "", sees(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(client, n int) int { return client + n*(client%2) }
		})), partial("check.sticky_strays", "5")},
	})
	requireRefused(t, "sticky-cookie", map[string][]string{
		"service: x":        {"service check.param_no_var"},
		`host: "a b"`:       {"host check.param_host"},
		`host: "a:80"`:      {"host check.param_host"},
		"host: lab.example": nil,
	})
}

func TestStickyMoved(t *testing.T) {
	back := func(l *cookieLoad, then ...func(tr *evidence.Trace)) func(d *deployment) {
		return func(d *deployment) {
			d.cookies = l
			tr := d.cookieLoad()
			d.cookies = nil
			tr.Target.ID, tr.Target.Kind, tr.Target.Cookies.Jars = "returning", "returning", tr.Jars()
			for _, f := range then {
				f(&tr)
			}
			d.bundle.Traces = []evidence.Trace{tr}
		}
	}
	unanswered := func(clients, from int) *cookieLoad {
		return with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(client, n int) int {
				if client < clients && n >= from {
					return -1
				}
				return client % 3
			}
		})
	}
	requireKind(t, "sticky-moved", sticky, perUnit, []kase{
		{"each is kept", "", back(bound(hashes...)), pass("check.moved_ok").saw("clients", 6).saw("kept", 6)},
		{"a few failures at first", "", back(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(client, n int) int {
				if client == 2 && n < 5 {
					return -1
				}
				return client % 2
			}
		})), pass("check.moved_ok")},
		{"two are not answered", "", back(unanswered(2, 0)), partial("check.moved_lost", "6.66").saw("lost", 2)},
		{"two are answered now and then", "", back(unanswered(2, 5)), partial("check.moved_lost", "6.66")},
		{"dealt anew each time", "", back(with(bound(hashes...), func(l *cookieLoad) {
			l.kept = func(client, n int) int { return client + n*(client%2) }
		})), partial("check.moved_strays", "5")},
		{"nobody had a cookie", "", back(bound(hashes...), func(tr *evidence.Trace) { tr.Target.Cookies.Jars = "" }), open("check.moved_no_jar")},
		{"nobody came", "", back(bound(hashes...), func(tr *evidence.Trace) { tr.Visits = nil }), open("check.moved_no_jar")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"was sent nothing", "", func(d *deployment) { d.cookies = nil }, open("check.load_none")},
	})
}

func TestCookiePrivate(t *testing.T) {
	of := func(values ...string) func(d *deployment) {
		return func(d *deployment) { d.cookies = bound(values...) }
	}
	leak := func(what, form, means string) want {
		return fail("check.private_leak").saw("leak", what).saw("form", form).saw("means", means)
	}
	id := hexID("s01.2")
	requireKind(t, "cookie-private", sticky, rubric.Credit{}, []kase{
		{"hashes", "", nil, pass("check.private_ok").saw("values", 3)},
		{"static names", "", of("a", "b", "c"), pass("check.private_ok")},
		{"the value is a task's address", "", of("10.0.7.11", "10.0.7.12", "10.0.7.13"), leak("task", "plain", "10.0.7.11")},
		{"one value is a task's address with a port", "", of("a", "b", "http%3A%2F%2F10.0.7.13%3A80"), leak("task", "plain", "10.0.7.13")},
		{"it is in hexadecimal digits", "", of("0a00070b"), leak("task", "hex", "10.0.7.11")},
		{"it is in base64", "", of("MTAuMC43LjExOjgw"), leak("task", "base64", "10.0.7.11")},
		{"it is a node's address", "", of("172.30.0.12"), leak("node", "plain", "172.30.0.12")},
		{"it is a container's ID", "", of(id[:12]), leak("id", "plain", id[:12])},
		{"the application sets one", "", func(d *deployment) {
			d.cookies.set = func(c int) []evidence.SetCookie {
				return []evidence.SetCookie{{Name: "SRVID", Value: hashes[c]}, {Name: "node", Value: fmt.Sprintf("10.0.7.%d", 11+c)}}
			}
		}, leak("task", "plain", "10.0.7.11").saw("cookie", "node")},
		{"a response rule sets one", "", func(d *deployment) {
			d.edit("    balance", "    http-response add-header Set-Cookie node=%[dst]\n    balance")
			d.cookies.set = func(int) []evidence.SetCookie { return []evidence.SetCookie{{Name: "node", Value: "10.0.7.11"}} }
		}, leak("task", "plain", "10.0.7.11")},
		{"set none", "", func(d *deployment) { d.cookies = loose() }, fail("check.private_none")},
		{"set an empty one", "", of(""), fail("check.private_none")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"was sent nothing", "", func(d *deployment) { d.cookies = nil }, open("check.load_none")},
	})
}
