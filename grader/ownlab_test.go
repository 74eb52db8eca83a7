package grader_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
)

// ownLab brings students up on an embedded cluster, each with a deployment, in a class
// of a rubric under testdata; they are 2024001, 2024002 and so on.
func ownLab(t *testing.T, rubric string, did []*deployments.Deployment) (*grader.Grader, *grader.Job, deployments.Targets) {
	t.Helper()
	g, j, to, _ := ownLabOn(t, rubric, did)
	return g, j, to
}

// ownLabOn gives the cluster as well.
func ownLabOn(t *testing.T, rubric string, did []*deployments.Deployment) (*grader.Grader, *grader.Job, deployments.Targets, *sim.Cluster) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	source, err := os.ReadFile(filepath.Join("testdata", rubric+".yaml"))
	require.NoError(t, err)
	list := "学号,姓名\n"
	for i := range did {
		list += fmt.Sprintf("2024%03d,学生%d\n", i+1, i+1)
	}
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "classes"), 0o755))
	for name, text := range map[string]string{
		"own.csv": list, "lab.yaml": string(source),
		"own.yaml": "class: own\nroster: own.csv\nrubric: lab.yaml\ncluster: {endpoints: [unix:///nowhere.sock], nodes: {manager-1: 127.0.0.1}}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(home, "classes", name), []byte(text), 0o600))
	}
	g := &grader.Grader{Dir: home}
	j, err := g.Open(t.Context(), grader.Select{Class: "own"})
	require.NoError(t, err)
	cluster, to := emptyCluster(t)
	for i, d := range did {
		id := fmt.Sprintf("2024%03d", i+1)
		vars := j.Vars[id]
		vars["id"] = id
		require.NoError(t, deployments.Apply(t.Context(), to, d, vars))
	}
	handIn(t, g, cluster)
	return g, j, to, cluster
}
