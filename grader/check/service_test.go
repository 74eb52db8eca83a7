package check_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

func TestServiceExists(t *testing.T) {
	requireKind(t, "service-exists", viaNodes, rubric.Credit{}, []kase{
		{"as asked", "", nil, pass("check.service_found").saw("service", "s01").saw("id", "svc-s01")},
		{"as asked, under other variables", "service: web, port: door", (*deployment).otherVars, pass("check.service_found")},

		{"made none", "", (*deployment).noService, fail("check.service_none").saw("service", nil).asked("service", "s01")},
		{"left the zero out of its name", "", func(d *deployment) { d.svc().Name, d.svc().Env = "S-1", nil }, fail("check.service_misnamed").saw("similar", []string{"S-1"})},
		{"named it web, with their own ID", "", func(d *deployment) { d.svc().Name, d.svc().Ports = "web", nil }, fail("check.service_misnamed").says("similar", []string{"web"})},
		{"named it web, on their own port", "", func(d *deployment) { d.svc().Name, d.svc().Env = "web", nil }, fail("check.service_misnamed").says("similar", []string{"web"})},
		{"named it web, on the port of another variable", "service: web, port: gate", func(d *deployment) {
			d.otherVars()
			d.svc().Name, d.svc().Env, d.svc().Ports[0].Published = "web", nil, 9001
		}, fail("check.service_misnamed").says("similar", []string{"web"})},
		{"named it web, elsewhere in every way", "", func(d *deployment) {
			d.svc().Name, d.svc().Env, d.svc().Ports = "web", nil, nil
		}, fail("check.service_none").saw("similar", []string{})},
		{"made none, and a classmate took the port", "", func(d *deployment) {
			d.noService()
			d.svc().Ports[0].Published = 8001
		}, fail("check.service_misnamed").says("similar", []string{"s02"})},
	})
	requireKind(t, "service-exists", viaTasks, rubric.Credit{}, []kase{
		{"named it web, on their own network", "", func(d *deployment) { d.svc().Name = "web" }, fail("check.service_misnamed").says("similar", []string{"web"})},
	})
	// A service that publishes no port is given away by its network alone.
	store := func(name, net string) func(d *deployment) {
		return withRedis(func(d *deployment) { d.noService(); d.store().Name, d.store().Networks = name, []string{net} })
	}
	requireKind(t, "service-exists", viaTasks, rubric.Credit{}, []kase{
		{"Redis as asked", "service: store, unpublished: true, network: network", withRedis(nil), pass("check.service_found").saw("service", "redis-01")},
		{"named it cache, on their own network", "service: store, unpublished: true, network: network", store("cache", ownNet),
			fail("check.service_misnamed").says("similar", []string{"cache"})},
		{"named it cache, elsewhere", "service: store, unpublished: true, network: network", store("cache", "net-more"), fail("check.service_none")},
	})
	requireRefused(t, "service-exists", map[string][]string{
		"service: store, network: net":               {"network check.param_no_var"},
		"service: store, unpublished: true, port: p": nil,
		"service: servcie":                           {"service check.param_no_var"},
		"service: s01, port: \"8001\"":               {"service check.param_no_var", "port check.param_no_var"},
		"service: name, port: id":                    nil,
	})
}

func TestServiceImage(t *testing.T) {
	image := func(name string) func(d *deployment) { return func(d *deployment) { d.svc().Image = name } }
	const lab = "images: [whoami-for-swarm]"
	requireKind(t, "service-image", viaNodes, rubric.Credit{}, []kase{
		{"the lab's, from its registry", lab, nil, pass("check.image_ok").saw("image", "lab.example/ha/whoami-for-swarm:latest")},
		{"the lab's, of any tag", lab, image("whoami-for-swarm:v9"), pass("check.image_ok")},
		{"one of several", `images: [nginx, "team/web:1.2"]`, image("reg.example:5000/team/web:1.2"), pass("check.image_ok")},
		{"with no tag, where latest is asked for", `images: ["team/web:latest"]`, image("team/web"), pass("check.image_ok")},
		{"from a registry with a port, and no tag", "images: [team/web]", image("reg.example:5000/team/web"), pass("check.image_ok")},
		{"under other variables", "service: web, images: [whoami-for-swarm]", (*deployment).otherVars, pass("check.image_ok")},

		{"ran nginx", lab, image("nginx:alpine"), fail("check.image_other").asked("images", []string{"whoami-for-swarm"})},
		{"ran an image that only ends alike", lab, image("not-whoami-for-swarm"), fail("check.image_other")},
		{"ran another team's", "images: [team/web]", image("lab.example/other/web:latest"), fail("check.image_other")},
		{"ran another tag", `images: ["team/web:1.2"]`, image("team/web:1.1"), fail("check.image_other")},
		{"ran latest where a tag is asked for", `images: ["team/web:1.2"]`, image("team/web"), fail("check.image_other")},
		{"made no service", lab, (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "service-image", map[string][]string{
		"":                           {"images check.param_empty"},
		"images: []":                 {"images check.param_empty"},
		"service: w, images: [team]": {"service check.param_no_var"},
	})
}

func TestServiceEnv(t *testing.T) {
	env := func(list ...string) func(d *deployment) { return func(d *deployment) { d.svc().Env = list } }
	group := func(list ...string) func(d *deployment) {
		return func(d *deployment) {
			d.otherVars()
			d.vars["group"] = "07"
			d.svc().Env = list
		}
	}
	const ofGroup = "service: web, env: GROUP, value: group"
	requireKind(t, "service-env", viaNodes, rubric.Credit{}, []kase{
		{"their own ID", "", nil, pass("check.env_ok").saw("value", "2024001").asked("value", "2024001")},
		{"with blanks around it", "", env("STUDENT_ID= 2024001 "), pass("check.env_ok")},
		{"as a spreadsheet writes it", "", env("STUDENT_ID=002024001"), pass("check.env_zeros")},
		{"set twice, the last time well", "", env("STUDENT_ID=x", "STUDENT_ID=2024001"), pass("check.env_ok")},
		{"another variable", ofGroup, group("GROUP=07"), pass("check.env_ok").saw("env", "GROUP")},

		{"a classmate's ID", "", env("STUDENT_ID=2024002"), fail("check.env_other").saw("value", "2024002")},
		{"left it empty", "", env("STUDENT_ID="), fail("check.env_empty")},
		{"forgot it", "", env("OTHER=1"), fail("check.env_missing").saw("value", nil)},
		{"wrote it in small letters", "", env("student-id=2024001"), fail("check.env_misnamed").saw("similar", "student-id")},
		{"set it twice, the last time badly", "", env("STUDENT_ID=2024001", "STUDENT_ID=x"), fail("check.env_other")},
		{"a group's number without its zero", ofGroup, group("GROUP=7"), fail("check.env_other")},
		{"the ID in place of the group", ofGroup, group("STUDENT_ID=2024001"), fail("check.env_missing")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},

		{"none, where it is optional", "optional: true", env(), pass("check.env_optional")},
		{"misspelt, where it is optional", "optional: true", env("STUDENTID=2024001"), pass("check.env_optional")},
		{"a classmate's, where it is optional", "optional: true", env("STUDENT_ID=2024002"), fail("check.env_other")},
		{"left empty, where it is optional", "optional: true", env("STUDENT_ID="), fail("check.env_empty")},

		{"one whose value was not kept", "env: API_TOKEN, value: nn", env("API_TOKEN=" + evidence.Hidden), open("check.env_hidden").saw("missing", "env/API_TOKEN")},
	})
	requireRefused(t, "service-env", map[string][]string{
		"value: team":  {"value check.param_no_var"},
		"service: svc": {"service check.param_no_var"},
		"value: group": nil,
	})
}

// TestEachServiceIsLookedForByItself: of two services of one student, what is meant for
// one is not taken for the other.
func TestEachServiceIsLookedForByItself(t *testing.T) {
	d := viaTasks()
	withRedis(func(d *deployment) {
		d.svc().Name, d.svc().Env = "web", []string{"STUDENT_ID=2024001"}
		d.svc().Ports = []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "ingress"}}
		d.store().Name = "cache"
	})(d)
	v := d.verdicts(
		&rubric.Check{ID: "page", Kind: "service-exists", Points: 100, Params: params(t, "service-exists", "")},
		&rubric.Check{ID: "store", Kind: "service-exists", Points: 100, Params: params(t, "service-exists", "service: store, unpublished: true, network: network")},
		&rubric.Check{ID: "count", Kind: "counter", Points: 100, Params: params(t, "counter", "store: store")},
	)
	require.Equal(t, []string{"web", "cache"}, v[0].Message.Args["similar"])
	require.Contains(t, i18n.EN.Text(v[0].Hint), "docker service rm web")
	require.Equal(t, []string{"cache"}, v[1].Message.Args["similar"])
	require.Contains(t, i18n.EN.Text(v[1].Hint), "docker service create --name redis-01")
	require.Contains(t, i18n.EN.Text(v[1].Hint), "if the program of s01 asks for cache, have it ask for redis-01")
}
