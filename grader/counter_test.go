package grader_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

// counting is what a student of the rubric counting builds: a page, and a store of so
// many replicas on a network; none for 0.
func counting(name, page string, replicas int, change func(d *deployments.Deployment)) *deployments.Deployment {
	d := &deployments.Deployment{
		Name: name, Task: "counting",
		Networks: []deployments.Network{{Name: "app-${id}", Driver: "overlay"}},
		Services: []deployments.Service{{
			Name: "${web}", Image: "whoami-for-swarm", Replicas: 3, Publish: []deployments.Publish{{Published: "${webport}", Target: "80"}},
			Env: []string{"STUDENT_ID=${id}", "REDIS_HOST=${store}", "WHOAMI_PAGE=" + page}, Networks: []string{"app-${id}"},
		}},
	}
	if replicas > 0 {
		d.Services = append(d.Services, deployments.Service{Name: "${store}", Image: "redis:alpine", Replicas: replicas, Networks: []string{"app-${id}"}})
	}
	if change != nil {
		change(d)
	}
	return d
}

// TestCounting: whether replicas count on together is seen by the numbers on their
// pages, and each way in which they don't is told by its own words.
func TestCounting(t *testing.T) {
	const flask = `<h3>Hello World!</h3><b>Hostname:</b> {hostname}<br/>I have been seen b'{hits}' times on port 80.`
	students := []struct {
		did       *deployments.Deployment
		answers   check.Outcome
		key, hint string // of the check counts; "" for one that passed
	}{
		{counting("as-asked", flask, 1, nil), check.Pass, "check.counter_ok", ""},
		{counting("as-asked-in-chinese", `<p>容器 {hostname}（本容器 {n} 次），第{hits}次访问，2026年11月29日</p>`, 1, nil), check.Pass, "check.counter_ok", ""},
		{counting("counts-in-each-container", `Hostname: {hostname}\nHits: {n}\n`, 1, nil), check.Pass, "check.counter_each", "docker service logs web03"},
		{counting("no-store-and-counts-in-each", `Hostname: {hostname}\nHits: {n}\n`, 0, nil), check.Pass,
			"check.counter_each", "docker service create --name redis04 --network app-2024004 redis:alpine"},
		{counting("two-replicas-of-the-store", flask, 2, nil), check.Pass, "check.counter_stores", "docker service scale redis05=1"},
		{counting("no-number", `Hostname: {hostname}\nHello World!\n`, 1, nil), check.Pass, "check.counter_none", "docker service logs web06"},
		{counting("store-on-another-network", flask, 1, func(d *deployments.Deployment) {
			d.Networks = append(d.Networks, deployments.Network{Name: "other-${id}", Driver: "overlay"})
			d.Services[1].Networks = []string{"other-${id}"}
		}), check.Fail, "check.answers_dead", "docker service update --network-add app-2024007 redis07"},
		{counting("one-container", flask, 1, func(d *deployments.Deployment) { d.Services[0].Replicas = 1 }),
			check.Pass, "check.counter_single", "docker service scale web08=2"},
		{counting("whoami-that-shows-its-request", "", 1, nil), check.Pass, "check.counter_stuck", "docker service logs web09"},
	}
	var did []*deployments.Deployment
	for _, s := range students {
		did = append(did, s.did)
	}
	_, j, _ := ownLab(t, "counter", did)
	got, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
	require.NoError(t, err)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	for i, s := range students {
		require.Len(t, d.Students[i].Verdicts, 3, s.did.Name)
		for _, v := range d.Students[i].Verdicts {
			t.Logf("%s %s: %s: %s", s.did.Name, v.Check, v.Outcome, i18n.EN.Text(v.Message))
			switch v.Check {
			case "answers":
				require.Equal(t, s.answers, v.Outcome, s.did.Name)
			case "counts":
				require.Equal(t, s.key, v.Message.Key, s.did.Name)
				require.Equal(t, s.hint == "", v.Outcome == check.Pass, s.did.Name)
				require.Contains(t, strings.Join(i18n.EN.Lines(v.Hint), "\n"), s.hint, s.did.Name)
			}
		}
	}
}

// TestOneStudentOfAllThreeTasks: whoever did everything gets all points, and neither of
// two services is taken for the other where both are misnamed.
func TestOneStudentOfAllThreeTasks(t *testing.T) {
	j, _, _ := discovering(t, &grader.Grader{}, grader.Select{Task: "all"}, map[string][]string{
		"2024001": {"discovery/names published-too", "discovery/counter handout"},
		"2024002": {"discovery/counter service-misnamed", "discovery/mesh handout"},
	})
	got, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
	require.NoError(t, err)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	require.Len(t, d.Students[0].Verdicts, 21)
	for _, v := range d.Students[0].Verdicts {
		require.Equal(t, check.Pass, v.Outcome, "%s: %s", v.Check, i18n.EN.Text(v.Message))
	}
	for _, v := range d.Students[1].Verdicts {
		switch v.Check {
		case "counter.service":
			require.Contains(t, i18n.EN.Text(v.Message), "but web-02 looks like yours")
		case "mesh.answers", "counter.store", "counter.network":
			require.Equal(t, check.Pass, v.Outcome, "%s: %s", v.Check, i18n.EN.Text(v.Message))
		}
	}
}
