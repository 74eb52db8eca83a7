package main

import (
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// class writes a class file of the world's.
func (w world) class(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(w.dir, "classes"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "classes", name+".yaml"), []byte("class: "+name+"\nrubric: ha-lb\n"+text), 0o600))
}

// says waits until a process has said something.
func (r *running) says(t *testing.T, what *regexp.Regexp) string {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if said := what.FindString(r.out.String()); said != "" {
			return said
		}
		require.True(t, time.Now().Before(until), "%s was never said: %s", what, r.out)
	}
}

// served is up once it has said how it ends.
var upNow = regexp.MustCompile(`Ctrl-C`)

// serve starts a server of a class and waits until it is up.
func (w world) serve(t *testing.T, class string, args ...string) *running {
	t.Helper()
	r := w.start(t, append([]string{"serve", "--class", class, "--listen", "127.0.0.1:0"}, args...)...)
	r.says(t, upNow)
	return r
}

// studentOf opens a student's link of a server that is up.
func (w world) studentOf(t *testing.T, class, student, base string) (*reader, string) {
	t.Helper()
	links := w.start(t, "serve", "links", "--class", class, "--students", student, "--url", base)
	require.NoError(t, <-links.over, links.out.String())
	return opens(t, printedLink.FindString(links.out.String()))
}

// A self-check on the page and a run of the command line, in another process, wait for each other: whichever comes first
// has the cluster, and the other says why it waits.
func TestACheckAndARunOfAnotherProgramWaitForEachOther(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up embedded clusters")
	}
	w := newWorld(t)
	// So slow that there is time to look at both.
	w.class(t, "mini", "cluster: {sim: fault-lab}\nsettings: {rate: 80}\nstudents: [{id: \"2024001\", name: 张三}, {id: \"2024004\", name: 李四}]\n")
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
