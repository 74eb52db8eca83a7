package check

import (
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/sight"
)

// unlike are words of server lines by which HAProxy asks its servers, or their health,
// at another place than where the lab's containers listen, or in a way that they
// don't understand; and how many words follow each.
var unlike = map[string]int{
	"port": 1, "addr": 1, "ssl": 0, "check-ssl": 0, "send-proxy": 0, "send-proxy-v2": 0, "check-send-proxy": 0,
	"agent-check": 0, "proto": 1, "check-proto": 1,
}

// unlikeIn is the first of those words that holds for a server, "" if none does.
func unlikeIn(s haproxy.Server) string {
	for _, words := range [][]string{s.Options, s.Inherited} {
		for i := 0; i < len(words); i += 1 + haproxy.Lookup("server", words[i]).Least {
			w := words[i]
			_, ok := unlike[w]
			switch w {
			case "ssl":
				ok = s.SSL
			case "port":
				ok = s.CheckPort != 0 && s.CheckPort != s.Port()
			case "addr":
				ok = s.CheckAddr != s.Addr.Host
			}
			if ok {
				return w
			}
		}
	}
	return ""
}

// speech says by which lines a HAProxy whose servers are at the right addresses does not
// get through to them all the same, and what these lines ought to be; empty if none
// explains failures of that class.
func (in *Input) speech(px *evidence.Proxy, backends []*haproxy.Proxy, class string) (word string, l haproxy.Line, edits []edit) {
	if !strings.HasPrefix(class, "http-50") && class != "http-400" && class != "reset" && class != "eof" {
		return "", l, nil
	}
	done := map[string]bool{}
	mend := func(line haproxy.Line) {
		where := line.File + " " + strconv.Itoa(line.Num)
		if text := understood(line); !done[where] && text != "" {
			done[where] = true
			edits = append(edits, edit{line, "line", text})
		}
	}
	for _, be := range backends {
		for _, s := range sight.ServersOf(be) {
			w := unlikeIn(s)
			if w == "" {
				continue
			}
			if word == "" {
				word = w
			}
			mend(s.Line)
			for _, line := range in.defaultServers(px, be) {
				mend(line)
			}
		}
	}
	if len(edits) == 0 {
		return "", l, nil
	}
	return word, edits[0].line, edits
}

// defaultServers are the lines that add to a backend's servers: its own, and those of
// the sections with defaults.
func (in *Input) defaultServers(px *evidence.Proxy, be *haproxy.Proxy) (out []haproxy.Line) {
	for _, sec := range in.View.Config(px).Sections {
		if sec.Kind != "defaults" && sec != be.Section {
			continue
		}
		for _, line := range sec.Lines {
			if line.Word(0) == "default-server" {
				out = append(out, line)
			}
		}
	}
	return out
}

// understood is a server line without the words that are unlike; "" if it has none.
func understood(l haproxy.Line) string {
	words := slices.Clone(l.Words)
	from := min(len(words), 3) // name and address may be called anything
	if l.Word(0) == "default-server" {
		from = 1
	}
	for i := from; i < len(words); {
		if after, ok := unlike[words[i]]; ok {
			words = slices.Delete(words, i, min(i+1+after, len(words)))
			continue
		}
		i += 1 + haproxy.Lookup("server", words[i]).Least
	}
	if len(words) == len(l.Words) || len(words) == 1 {
		return ""
	}
	return written(words)
}

// strangeDNS are the name servers that servers' names are asked of where none of them is
// Docker's, which alone knows the names of services; nil if it is asked.
func (in *Input) strangeDNS(px *evidence.Proxy, backends []*haproxy.Proxy) []haproxy.Line {
	for _, r := range in.View.Config(px).Resolvers {
		if r.ParseConf || slices.ContainsFunc(r.Nameservers, func(l haproxy.Line) bool { return strings.HasSuffix(l.Word(2), "127.0.0.11:53") }) {
			continue
		}
		for _, be := range backends {
			if slices.ContainsFunc(sight.ServersOf(be), func(s haproxy.Server) bool { return s.Resolvers == r.Name }) {
				return r.Nameservers
			}
		}
	}
	return nil
}
