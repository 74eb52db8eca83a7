package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// crowd is a class of students whose pages are open, at a server in a process of its own.
type crowd struct {
	b        testing.TB
	w        world
	server   *running
	base     string
	teacher  *reader
	students []string // their tokens
	client   *http.Client
	events   atomic.Int64
}

// BenchmarkServe has 200 students' pages open, each with its stream of events, while the class is graded on the embedded
// cluster in the server's own process, with the fault that the plan shows, and 50 of them wait for a self-check; then while these are
// under way. Pages are asked for all along: how long 95 of 100 answers take at most, and the server's peak memory, the cluster with 200
// students' services included.
func BenchmarkServe(b *testing.B) {
	const students, checks = 200, 50
	for b.Loop() {
		c := newCrowd(b, students)
		end := c.streams()
		c.ask("idle", func() bool { return true })

		c.begins("/class/run?plan=yes")
		began := time.Now()
		for _, token := range c.students[:checks] {
			c.checks(token)
		}
		graded := false
		c.ask("run", func() bool {
			graded = graded || strings.Contains(c.teacher.get("/class/run"), "came to its end")
			return graded
		})
		b.ReportMetric(time.Since(began).Seconds(), "run-s")
		began = time.Now()
		c.ask("checks", func() bool { return strings.Contains(c.teacher.get("/class"), `<span class="n">0</span> waiting`) })
		b.ReportMetric(time.Since(began).Seconds(), "checks-s")
		b.ReportMetric(float64(c.events.Load()), "events")
		b.ReportMetric(c.peak(), "peak-MB")
		end()
		require.Zero(b, c.server.end(b, syscall.SIGTERM), c.server.out)
	}
}

func newCrowd(b testing.TB, n int) *crowd {
	b.Helper()
	c := &crowd{b: b, w: newWorld(b), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	b.Cleanup(c.client.CloseIdleConnections)
	class := fmt.Sprintf("gen-%d", n)
	c.server = c.w.start(b, "serve", "--class", class, "--listen", "127.0.0.1:0")
	for until := time.Now().Add(5 * time.Minute); !strings.Contains(c.server.out.String(), "Ctrl-C"); time.Sleep(50 * time.Millisecond) {
		require.True(b, time.Now().Before(until), c.server.out)
	}
	c.teacher, _ = opens(b, printedLink.FindString(c.server.out.String()))
	c.base = c.teacher.base
	links := c.w.start(b, "serve", "links", "--class", class, "--url", c.base, "--json")
	require.NoError(b, <-links.over, links.out)
	for _, link := range printedLink.FindAllString(links.out.String(), -1) {
		c.students = append(c.students, link[strings.LastIndexByte(link, '/')+1:])
	}
	require.GreaterOrEqual(b, len(c.students), n-shownSamples)
	return c
}

func (c *crowd) request(method, path, token string, body url.Values) *http.Request {
	c.b.Helper()
	req, err := http.NewRequestWithContext(c.b.Context(), method, c.base+path, strings.NewReader(body.Encode()))
	require.NoError(c.b, err)
	req.Header.Set("Cookie", "grade="+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func (c *crowd) page(method, path, token string, body url.Values) string {
	c.b.Helper()
	res, err := c.client.Do(c.request(method, path, token, body))
	require.NoError(c.b, err)
	r := reader{t: c.b}
	return r.text(res)
}

// streams opens one of each student and keeps them until end.
func (c *crowd) streams() (end func()) {
	c.b.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.b.Context()))
	transport := &http.Transport{MaxIdleConnsPerHost: -1}
	var all, open sync.WaitGroup
	var ending atomic.Bool
	for _, token := range c.students {
		open.Add(1)
		all.Go(func() {
			req := c.request(http.MethodGet, "/me/events?after=0", token, nil).WithContext(ctx)
			res, err := transport.RoundTrip(req)
			open.Done()
			if err != nil || res.StatusCode != http.StatusOK {
				c.b.Errorf("no stream: %v", err)
				return
			}
			defer res.Body.Close()
			lines := bufio.NewScanner(res.Body)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				if strings.HasPrefix(lines.Text(), "event:") {
					c.events.Add(1)
				}
			}
			if !ending.Load() {
				c.b.Errorf("a stream ended: %v", lines.Err())
			}
		})
	}
	open.Wait()
	return func() {
		ending.Store(true)
		cancel()
		all.Wait()
	}
}

// begins has the run begun that the plan shows.
func (c *crowd) begins(plan string) {
	c.b.Helper()
	for range 20 {
		page := c.teacher.get(plan)
		page = c.teacher.text(c.teacher.send(page, "/class/run/start", "agreed", field(c.b, agreedField, page)))
		if !strings.Contains(page, "nothing was begun") {
			return
		}
	}
	require.FailNow(c.b, "the plan never held")
}

// checks has a student ask for a self-check.
func (c *crowd) checks(token string) {
	c.b.Helper()
	form := field(c.b, formField, c.page(http.MethodGet, "/me", token, nil))
	c.page(http.MethodPost, "/me/check", token, url.Values{"form": {form}, "task": {""}})
}

// Pages are asked for so often; once in so many the instructor's.
const (
	askedEvery = 50 * time.Millisecond
	teachers   = 5
	askedLeast = 200
)

// ask asks for pages until it is over and there are enough answers to tell, and reports what 95 of 100 took at most.
func (c *crowd) ask(when string, over func() bool) {
	c.b.Helper()
	took := map[string][]time.Duration{}
	looked := time.Now()
	teacher := c.teacher.Jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(c.base, "http://"), Path: "/"})
	token := ""
	for _, cookie := range teacher {
		if strings.HasPrefix(cookie.Name, "grade-") {
			token = cookie.Value
		}
	}
	for i, done := 0, false; i < askedLeast || !done; i++ {
		path, who := "/me", c.students[i*7%len(c.students)]
		if i%teachers == 0 {
			path, who = "/class", token
		}
		start := time.Now()
		c.page(http.MethodGet, path, who, nil)
		took[path] = append(took[path], time.Since(start))
		time.Sleep(askedEvery)
		if time.Since(looked) > 2*time.Second {
			looked, done = time.Now(), over()
		}
	}
	for path, all := range took {
		slices.Sort(all)
		p95 := all[len(all)*95/100]
		if b, ok := c.b.(*testing.B); ok {
			b.ReportMetric(float64(p95.Microseconds())/1000, when+strings.ReplaceAll(path, "/", "-")+"-p95-ms")
		}
		c.b.Logf("%s %s: %d answers, median %v, p95 %v, most %v", when, path, len(all), all[len(all)/2], p95, all[len(all)-1])
	}
}

// peak is the most memory that the server has had, in MB.
func (c *crowd) peak() float64 {
	c.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.server.Process.Pid))
	require.NoError(c.b, err)
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	require.NoError(c.b, err)
	return kb / 1024
}
