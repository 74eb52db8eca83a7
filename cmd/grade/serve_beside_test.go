package main

import (
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A self-check on the page and a run of the command line, in another process, wait for each other: whichever comes first
// has the cluster, and the other says why it waits.
func TestACheckAndARunOfAnotherProgramWaitForEachOther(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up embedded clusters")
	}
	w := newWorld(t)
	// So slow that there is time to look at both.
	w.class(t, "mini", "cluster: {sim: fault-lab}\nsettings: {rate: 30}\nstudents: [{id: \"2024001\", name: 张三}, {id: \"2024004\", name: 李四}]\n")
	r := w.serve(t, "mini")
	teacher, _ := opens(t, printedLink.FindString(r.out.String()))
	student, page := w.studentOf(t, "mini", "2024001", teacher.base)
	other, _ := w.studentOf(t, "mini", "2024004", teacher.base)
	grade := func() *running { return w.start(t, "--class", "mini", "--task", "1", "--no-fault") }
	over := func(run *running) {
		t.Helper()
		require.ErrorContains(t, <-run.over, "exit status 3", "what a fault shows is open: %s", run.out)
	}

	// A check that is under way when a run begins.
	student.text(student.send(page, "/me/check", "task", "1"))
	student.wants("/me", "requests sent")
	run := grade()
	run.says(t, regexp.MustCompile(`self-checks on the class's page are under way`))
	page = student.wants("/me", "Checked at")
	require.NotContains(t, page, "graded from elsewhere", "it was waited for")
	over(run)

	// And one that is asked for while a run goes on.
	run = grade()
	teacher.wants("/class/run", "Another program grades this class")
	page = other.text(other.send(other.get("/me"), "/me/check", "task", "1"))
	require.Contains(t, page, "being graded from elsewhere")
	require.NotContains(t, page, "requests sent")
	over(run)
	other.wants("/me", "Checked at")
	require.Zero(t, r.end(t, syscall.SIGTERM), r.out.String())
	w.requireNothing(t, r, nil)
}
