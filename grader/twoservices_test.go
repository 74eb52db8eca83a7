package grader_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// edgeConfig has an entry for each service; the API's leads to what is given.
func edgeConfig(api string) string {
	return strings.ReplaceAll(`defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend web
    bind *:${webedge}
    default_backend web
frontend api
    bind *:${apiedge}
    default_backend api
backend web
    balance roundrobin
    server w1 ${node1}:${webport} check
    server w2 ${node2}:${webport} check
    server w3 ${node3}:${webport} check
backend api
    balance roundrobin
    server a1 ${node1}:${API} check
    server a2 ${node2}:${API} check
    server a3 ${node3}:${API} check
`, "API", api)
}

// both is what a student of the rubric two-services builds.
func both(name, api, leads string) *deployments.Deployment {
	service := func(name, port string) deployments.Service {
		return deployments.Service{Name: name, Image: "whoami-for-swarm", Replicas: 2, Publish: []deployments.Publish{{Published: port, Target: "80"}}, Env: []string{"STUDENT_ID=${id}"}}
	}
	return &deployments.Deployment{
		Name: name, Task: "both", Services: []deployments.Service{service("${web}", "${webport}"), service(api, "${apiport}")},
		Containers: []deployments.Container{{
			Name: "${edge}", Image: "haproxy", Node: "1", Publish: []deployments.Publish{{Published: "${webedge}", Target: "${webedge}"}, {Published: "${apiedge}", Target: "${apiedge}"}},
			Files: []deployments.File{{Path: "/usr/local/etc/haproxy/haproxy.cfg", Text: edgeConfig(leads)}},
		}},
	}
}

// TestTwoServicesUnderOtherNames: what a rubric's checks name is observed, however
// its variables are called, and each service is judged by its own answers.
func TestTwoServicesUnderOtherNames(t *testing.T) {
	students := []struct {
		did  *deployments.Deployment
		lost map[string]check.Outcome
		hint map[string]string
	}{
		{both("all-as-asked", "${api}", "apiport"), nil, nil},
		{both("api-entry-leads-to-web", "${api}", "webport"), map[string]check.Outcome{"api.through": check.Fail, "api.even": check.Blocked},
			map[string]string{"api.through": ".0.11:8502 check\nline 20 becomes:"}},
		{both("api-misnamed", "${api}x", "apiport"), map[string]check.Outcome{
			"api.there": check.Fail, "api.answers": check.Blocked, "api.through": check.Fail, "api.even": check.Blocked,
		}, map[string]string{
			"api.there":   "remove api03x, and create it again under the right name:",
			"api.through": "docker service create --name api03 --replicas 1 -p 8503:80 whoami-for-swarm:latest",
		}},
	}
	var did []*deployments.Deployment
	for _, s := range students {
		did = append(did, s.did)
	}
	_, j, _ := ownLab(t, "two-services", did)
	plan, err := j.Plan(t.Context(), true)
	require.NoError(t, err)
	require.Len(t, plan.Plan.Students[0].Targets, 8, "three nodes for each service, and each entry")
	require.Len(t, plan.Plan.Students[0].Proxies, 1)
	got, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
	require.NoError(t, err)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	for i, s := range students {
		require.Len(t, d.Students[i].Verdicts, 10, s.did.Name)
		for _, v := range d.Students[i].Verdicts {
			want, lost := s.lost[v.Check]
			if !lost {
				want = check.Pass
			}
			require.Equal(t, want, v.Outcome, "%s %s: %s", s.did.Name, v.Check, i18n.EN.Text(v.Message))
			if v.Outcome == check.Fail {
				require.Contains(t, i18n.EN.Text(v.Hint), s.hint[v.Check], "%s %s", s.did.Name, v.Check)
			}
		}
	}
}

// TestARubricThatNothingPlans is refused with the line that says so.
func TestARubricThatNothingPlans(t *testing.T) {
	source, err := os.ReadFile("testdata/two-services.yaml")
	require.NoError(t, err)
	for name, c := range map[string]struct{ from, to, says string }{
		"two balancers":     {"{name: edge, port: apiedge}", "{name: web, port: apiedge}", "check edge.runs is about a second balancer (web; the rubric's is edge), and one is observed for each student"},
		"another's default": {"via: haproxy, name: edge, port: apiedge}}\n      - {id: web.even", "via: haproxy, port: apiedge}}\n      - {id: web.even", "parameter name: name names variable haproxy, which vars does not have"},
		"two windows": {"kind: spread, points: 2, title: {zh: 网页均匀, en: web even}, needs: [web.through], with: {service: web, via: haproxy, name: edge, port: webedge}}\n      - {id: api.even, kind: spread, points: 2, title: {zh: 接口均匀, en: API even}, needs: [api.through], with: {service: api, via: haproxy, name: edge, port: apiedge}}",
			"kind: recovers, points: 2, title: {zh: 网页恢复, en: web recovers}, with: {service: web, port: webport}}\n      - {id: api.even, kind: recovers, points: 2, title: {zh: 接口恢复, en: API recovers}, with: {service: api, port: apiport}}",
			"check api.even watches api, apiport while a node fails, and another check web, webport"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(string(source), c.from, c.to, 1)
			require.NotEqual(t, string(source), text)
			_, err := rubric.Load([]byte(text), "mine.yaml", check.Set{}, action.Set{})
			require.ErrorContains(t, err, c.says)
		})
	}
}
