package grader_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

const countingClass = `class: counting
roster: counting.csv
rubric: counter.yaml
cluster: {endpoints: [unix:///nowhere.sock], nodes: {manager-1: 127.0.0.1}}
`

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
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	home := t.TempDir()
	source, err := os.ReadFile("testdata/counter.yaml")
	require.NoError(t, err)
	const flask = `<h3>Hello World!</h3><b>Hostname:</b> {hostname}<br/>I have been seen b'{hits}' times on port 80.`
	students := []struct {
		id        string
		did       *deployments.Deployment
		answers   check.Outcome
		key, hint string // of the check counts; "" for one that passed
	}{
		{"2024001", counting("as-asked", flask, 1, nil), check.Pass, "check.counter_ok", ""},
		{"2024002", counting("as-asked-in-chinese", `<p>容器 {hostname}（本容器 {n} 次），第{hits}次访问，2026年11月29日</p>`, 1, nil), check.Pass, "check.counter_ok", ""},
		{"2024003", counting("counts-in-each-container", `Hostname: {hostname}\nHits: {n}\n`, 1, nil), check.Pass, "check.counter_each", "docker service logs web03"},
		{"2024004", counting("no-store-and-counts-in-each", `Hostname: {hostname}\nHits: {n}\n`, 0, nil), check.Pass,
			"check.counter_each", "docker service create --name redis04 --network app-2024004 redis:alpine"},
		{"2024005", counting("two-replicas-of-the-store", flask, 2, nil), check.Pass, "check.counter_stores", "docker service scale redis05=1"},
		{"2024006", counting("no-number", `Hostname: {hostname}\nHello World!\n`, 1, nil), check.Pass, "check.counter_none", "docker service logs web06"},
		{"2024007", counting("store-on-another-network", flask, 1, func(d *deployments.Deployment) {
			d.Networks = append(d.Networks, deployments.Network{Name: "other-${id}", Driver: "overlay"})
			d.Services[1].Networks = []string{"other-${id}"}
		}), check.Fail, "check.answers_dead", "docker service update --network-add app-2024007 redis07"},
		{"2024008", counting("one-container", flask, 1, func(d *deployments.Deployment) { d.Services[0].Replicas = 1 }),
			check.Pass, "check.counter_single", "docker service scale web08=2"},
		{"2024009", counting("whoami-that-shows-its-request", "", 1, nil), check.Pass, "check.counter_stuck", "docker service logs web09"},
	}
	list := "学号,姓名\n"
	for _, s := range students {
		list += s.id + ",学生" + s.id[5:] + "\n"
	}
	for name, text := range map[string]string{
		"classes/counting.yaml": countingClass, "classes/counter.yaml": string(source), "classes/counting.csv": list,
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(home, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(text), 0o600))
	}
	g := &grader.Grader{Dir: home}
	j, err := g.Open(t.Context(), grader.Select{Class: "counting"})
	require.NoError(t, err)
	cluster, to := emptyCluster(t)
	for _, s := range students {
		vars := j.Vars[s.id]
		vars["id"] = s.id
		require.NoError(t, deployments.Apply(t.Context(), to, s.did, vars))
	}
	handIn(t, g, cluster)
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
