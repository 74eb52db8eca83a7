package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/roster"
)

// TestAPlanSaysWhereLoadComesFrom: how many workers on which swarm, and that they don't stay.
func TestAPlanSaysWhereLoadComesFrom(t *testing.T) {
	for _, c := range []struct {
		workers *roster.Workers
		en, zh  string
	}{
		{nil, "", ""},
		{&roster.Workers{Count: 1}, "load is sent by 1 worker on the class's own swarm, brought for the run and taken away afterwards", "请求由 1 个发压节点发出，放在班级自己的集群上：运行开始时临时放上去，结束后自动清除"},
		{&roster.Workers{Count: 3, Context: "lab"}, "load is sent by 3 workers on the swarm of the Docker context lab", "放在 Docker context lab 的集群上"},
		{&roster.Workers{Count: 3, Endpoints: []string{"ssh://a", "ssh://b"}}, "on the swarm at ssh://a, ssh://b", "放在这个集群（ssh://a, ssh://b）上"},
	} {
		j := &grader.Job{Class: &roster.Class{}}
		j.Class.Settings.Workers = c.workers
		for lang, want := range map[string]string{"en": c.en, "zh": c.zh} {
			a := &app{command: command{Getenv: func(string) string { return "" }}, langStr: lang}
			require.Contains(t, a.planWorkers(j), want)
			require.Equal(t, want == "", a.planWorkers(j) == "")
		}
	}
}
