package observe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
	"swarmgrade/grader/stats"
)

// maxAmong bounds the containers of a load that may end early: more than a loader tells
// apart are driven with all requests.
const maxAmong = 200

// enough is what a load on a service may end early for: that all of the containers that
// run by the snapshot answer, and nobody else; loads is how many are driven for it. It is
// the zero value where all requests are to be sent, as to containers of which it isn't known
// what they do: these may count requests.
func (x *lookup) enough(svc *evidence.Service, need check.Need, loads int) evidence.Enough {
	if svc == nil || !need.Early() || !x.known(svc, need.Service) {
		return evidence.Enough{}
	}
	names := x.selves(svc)
	slices.Sort(names)
	if n := len(names); n == 0 || n > maxAmong || len(slices.Compact(names)) < n {
		return evidence.Enough{}
	}
	return evidence.Enough{Among: strings.Join(names, " "), Spread: need.Spread, MaxErrors: need.MaxErrors, Loads: loads}
}

// ownName is a host name that a load takes for one container's: nothing in the form of an ID.
var ownName = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.-]{0,252}$`)

// selves are what a service's running containers are to call themselves: the host names
// that it gives them, else the first digits of their IDs; nil if one can't be told.
func (x *lookup) selves(svc *evidence.Service) (names []string) {
	hosts := map[*evidence.Task]string{}
	for name, t := range x.index.Hosts(svc) {
		hosts[t] = name
	}
	for _, t := range x.index.Running(svc) {
		name := hosts[t]
		switch {
		case svc.Hostname != "" && (!ownName.MatchString(name) || sight.LikeID(name)), len(t.ContainerID) < sight.ShortID:
			return nil
		case svc.Hostname == "":
			name = strings.ToLower(sight.Short(t.ContainerID))
		}
		names = append(names, name)
	}
	return names
}

// expected is how many requests a target gets where all is as it should be.
func expected(t evidence.Target) int {
	if t.Enough == (evidence.Enough{}) {
		return t.Requests
	}
	return check.Expected(stats.Want{
		Containers: len(t.Enough.Containers()), Spread: t.Enough.Spread, MaxErrors: t.Enough.MaxErrors, Loads: t.Enough.Loads, Most: t.Requests,
	})
}

// driven is a target as it is driven. A balancer whose first answers do not surely tell
// of later ones gets all its requests; so does one of which there is a doubt, since what
// bears its answers out is counted, and needs numbers.
func (s *Student) driven(t evidence.Target, b *evidence.Bundle, x *lookup) evidence.Target {
	if t.Balanced() && t.Enough != (evidence.Enough{}) && !sight.Steady(x.index, b, s.sightVars(), s.names, t.Address, x.contents[s.names.Balancer]) {
		t.Enough = evidence.Enough{}
	}
	return t
}

// serves reports whether a trace that was kept is one of a target, with HAProxies as they
// are now. One that ended early has to have found out the same.
func serves(kept *evidence.Trace, t evidence.Target, b *evidence.Bundle) bool {
	if kept.Through != "" && kept.Through != through(t, b) {
		return false // a student mends a configuration between an interruption and its end, and starts HAProxy again
	}
	if kept.Stopped == "enough" && kept.Target.Enough != t.Enough {
		return false
	}
	t.Enough = kept.Target.Enough
	return kept.Target == t
}

// through is the state of a student's HAProxies for a load through one; "" for other loads.
func through(t evidence.Target, b *evidence.Bundle) string {
	if !t.Balanced() {
		return ""
	}
	h := sha256.New()
	for i := range b.Proxies {
		px := &b.Proxies[i]
		fmt.Fprintf(h, "%q %q %q %q %v %v ", px.Kind, px.ID, px.ImageID, px.Started, px.Command, px.Env)
		for _, f := range px.Files {
			fmt.Fprintf(h, "%q %q %q ", f.Path, f.SHA256, f.Modified)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// sightVars are a student's names and ports as package sight takes them.
func (s *Student) sightVars() map[string]string {
	vars := maps.Clone(s.Vars)
	if vars == nil {
		vars = map[string]string{}
	}
	vars["id"], vars["name"] = s.Who.ID, s.Who.Name
	return vars
}
