package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabDeployWithoutALab(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		status int
		out    string // in stdout
		err    string // in stderr
	}{
		{"commands by last digits", []string{"--commands", "01"}, exitOK, "-p 8001:80 -e STUDENT_ID=2024001 whoami-for-swarm\n", ""},
		{"commands by deployment", []string{"--commands", "stack-prefix"}, exitOK, "--name lab_s", ""},
		{"commands of another class", []string{"--class", "lab-task1", "--commands", "2024001"}, exitOK, "--replicas 2", ""},
		{"no such student", []string{"--commands", "nobody"}, exitUsage, "", "class lab has no student or deployment nobody"},
		{"no such class", []string{"--class", "nowhere"}, exitUsage, "", "no sample class nowhere has deployments; there are: 2024A, fault-lab, lab, lab-task1, lab-task3"},
		{"parallel out of range", []string{"--parallel", "0"}, exitUsage, "", "--parallel is 0"},
		{"lab not up", []string{"--students", "01"}, exitCluster, "", "grade lab up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			c := command{Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &errOut, Getenv: func(string) string { return "" }}
			args := append([]string{"lab", "deploy", "--lang", "en", "--state", t.TempDir()}, tt.args...)
			require.Equal(t, tt.status, c.Main(t.Context(), args), errOut.String())
			require.Contains(t, out.String(), tt.out)
			require.Contains(t, errOut.String(), tt.err)
		})
	}
}
