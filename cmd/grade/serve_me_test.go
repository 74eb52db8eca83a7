package main

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"
)

var (
	printedHost = regexp.MustCompile(`DOCKER_HOST=(\S+)`)
	keptCheck   = regexp.MustCompile(`/me/attempts/check/\d+`)
)

// A student opens their link, checks what they have up, types what the page says, and checks again
// to full marks; each result comes as it is decided, and both checks are kept, for nobody else.
func TestAStudentGetsToFullMarks(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up an embedded cluster")
	}
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "classes"), 0o755))
	r := w.serve(t, "2024A")
	shown := printedLink.FindAllString(r.out.String(), -1)
	require.Len(t, shown, 4, "an instructor's and three students'")
	other, page := opens(t, shown[1])
	require.Contains(t, page, "2024010101")
	student, page := opens(t, shown[2])
	require.Contains(t, page, "2024010102")
	require.Contains(t, page, "Nothing has been graded yet")

	// The first check, as a browser hears of it.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, student.base+"/me/events?after="+field(t, afterField, page), nil)
	require.NoError(t, err)
	events, err := student.Do(req)
	require.NoError(t, err)
	defer events.Body.Close()
	form := url.Values{"form": {field(t, formField, page)}, "task": {"2"}}
	page = student.text(student.do(http.MethodPost, "/me/check", form))
	require.Contains(t, page, `action="/me/cancel"`)
	lines, one := bufio.NewScanner(events.Body), 0
	lines.Buffer(nil, 1<<20)
	for !strings.Contains(lines.Text(), "Checked at") {
		require.True(t, lines.Scan(), "%v: %s", lines.Err(), r.out.String())
		one += strings.Count(lines.Text(), `"append":true`)
	}
	require.Greater(t, one, 5, "what the deployment shows comes before any request is sent, each by itself")
	page = student.get("/me")
	require.Contains(t, page, "38 of 40 points")
	require.Contains(t, page, "To mend: 1 place")
	const hint = "docker service scale s02=3"
	require.Contains(t, page, hint)

	// What the page said to type, as the docker command does it.
	cli, err := client.NewClientWithOpts(client.WithHost(field(t, printedHost, r.out.String())), client.WithAPIVersionNegotiation())
	require.NoError(t, err)
	defer cli.Close()
	svc, _, err := cli.ServiceInspectWithRaw(ctx, "s02", swarm.ServiceInspectOptions{})
	require.NoError(t, err)
	three := uint64(3)
	svc.Spec.Mode.Replicated.Replicas = &three
	_, err = cli.ServiceUpdate(ctx, svc.ID, svc.Version, svc.Spec, swarm.ServiceUpdateOptions{})
	require.NoError(t, err)

	// The second one without a script: ask, be told to wait, ask again, reload.
	until := time.Now().Add(2 * time.Minute)
	refused := 0
	for {
		res := student.do(http.MethodPost, "/me/check", form)
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			break
		}
		require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
		require.True(t, time.Now().Before(until), r.out.String())
		refused++
		time.Sleep(time.Second) // the least time between two checks is not to be had shorter
	}
	require.NotZero(t, refused)
	for page = student.get("/me"); strings.Contains(page, `action="/me/cancel"`); page = student.get("/me") {
		require.True(t, time.Now().Before(until), r.out.String())
		time.Sleep(200 * time.Millisecond)
	}
	require.Contains(t, page, "40 of 40 points")
	require.Contains(t, page, "Everything passes")
	require.NotContains(t, page, hint)

	// Both are kept, and nobody else can open them.
	page = student.get("/me/attempts")
	kept := keptCheck.FindAllString(page, -1)
	require.Len(t, kept, 2)
	require.Contains(t, student.get(kept[1]), hint)
	require.NotContains(t, other.get("/me/attempts"), "/me/attempts/check/")
	for _, path := range kept {
		res := other.do(http.MethodGet, path, nil)
		res.Body.Close()
		require.Equal(t, http.StatusNotFound, res.StatusCode)
	}
	require.Zero(t, r.end(t, syscall.SIGTERM), r.out.String())
	for lines.Scan() { // the stream has ended
	}
}
