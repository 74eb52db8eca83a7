package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/loadgen/policy"
)

// loadWith runs "grade load" and gives its status and both outputs.
func loadWith(lang string, args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	c := command{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(k string) string {
		if k == "LANG" {
			return lang
		}
		return ""
	}}
	status = c.Main(context.Background(), append([]string{"load"}, args...))
	return status, stdout.String(), stderr.String()
}

// containers answers as containers in the given order, "" being a 503.
func containers(t *testing.T, order ...string) string {
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := order[int(n.Add(1)-1)%len(order)]
		if name == "" {
			http.Error(w, "no server\x1b[31m", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "Hostname: %s\nIP: 10.0.0.%d\nSTUDENT_ID: 2024001\n", name, len(name))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestLoadPrints(t *testing.T) {
	for _, c := range []struct {
		name, lang string
		order      []string
		args       []string
		says       []string
		not        []string
	}{
		{
			name: "even", lang: "en", order: []string{"a", "bb", "ccc"}, args: []string{"-n", "600"},
			says: []string{"600 requests", "600 connections", "Even: ", "Order: round robin.", " 33.3 % ", "10.0.0.3", "2024001", "p99.9"},
			not:  []string{"failed", "too few"},
		},
		{
			name: "even, in Chinese", lang: "zh_CN.UTF-8", order: []string{"a", "bb", "ccc"}, args: []string{"-n", "600"},
			says: []string{"分布均匀", "顺序：轮询", "应答数"},
		},
		{
			name: "uneven", lang: "en", order: []string{"a", "a", "a", "a", "bb"}, args: []string{"-n", "600"},
			says: []string{"Uneven: ", "weighted 4:1"},
		},
		{
			name: "failures", lang: "en", order: []string{"a", "bb", "ccc", ""}, args: []string{"-n", "400"},
			says: []string{"100 requests failed (25.0 %)", "http-503", "100  the balancer has no server that is up", "no server\uFFFD[31m"},
		},
		{
			name: "one connection", lang: "en", order: []string{"a"}, args: []string{"-n", "60", "--keepalive"},
			says: []string{"1 connection (kept alive)", "one container gave every answer"},
			not:  []string{"Even", "Uneven"},
		},
		{
			name: "few requests a connection", lang: "zh", order: []string{"a", "bb"}, args: []string{"-n", "20", "--per-conn", "4"},
			says: []string{"用了 5 条连接（每条连接 4 个请求）", "太少，看不出规律", "一条连接承载了多个请求"},
		},
		{
			name: "time is up", lang: "en", order: []string{"a"}, args: []string{"--rate", "100", "--duration", "300ms"},
			says: []string{"Time is up: 30 of 1000 requests were made."},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := loadWith(c.lang, append(c.args, containers(t, c.order...))...)
			require.Equal(t, exitOK, status, errs)
			require.Empty(t, errs)
			for _, s := range c.says {
				require.Contains(t, out, s)
			}
			for _, s := range append(c.not, "loadgen.", "{", "\x1b") {
				require.NotContains(t, out, s)
			}
		})
	}
}

func TestLoadJSON(t *testing.T) {
	url := containers(t, "a", "bb", "ccc")
	status, out, errs := loadWith("en", "-n", "300", "--json", strings.TrimPrefix(url, "http://"))
	require.Equal(t, exitOK, status, errs)
	var got loadReport
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, "swarmgrade-load/1", got.Schema)
	require.Equal(t, 300, got.Trace.Answered())
	require.Len(t, got.Trace.Sequence, 300)
	require.True(t, got.Spread.Even)
	require.Equal(t, policy.RoundRobin, got.Policy.Kind)
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"https://172.30.0.11/"}, exitUsage, "plain http, not https"},
		{[]string{"http://"}, exitUsage, "no address to drive load at"},
		{[]string{"http://me:secret@127.0.0.1/"}, exitUsage, "user name"},
		{[]string{"-n", "0", "127.0.0.1:1"}, exitUsage, "--requests takes a number from 1 to"},
		{[]string{"--rate", "NaN", "127.0.0.1:1"}, exitUsage, "--rate takes a number"},
		{[]string{"--duration", "2h", "127.0.0.1:1"}, exitUsage, "--duration takes a number"},
		{[]string{"--keepalive", "--per-conn", "3", "127.0.0.1:1"}, exitUsage, "only one of these can be given"},
		{[]string{"127.0.0.1:99999"}, exitUsage, "no load can be driven"},
		{[]string{"-n", "3", "127.0.0.1:1"}, exitCluster, "none of the requests to 127.0.0.1:1 got an answer"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			status, _, errs := loadWith("en", c.args...)
			require.Equal(t, c.status, status, errs)
			require.Contains(t, errs, c.says)
			require.NotContains(t, errs, "secret")
		})
	}
}

// Every class that evidence knows has an explanation of its own.
func TestLoadErrorMeanings(t *testing.T) {
	seen := map[string]bool{}
	for _, class := range []string{
		"refused", "timeout", "reset", "eof", "unreachable", "malformed", "too-large", "redirect",
		"http-404", "http-502", "http-503", "http-504", "http-418", "http-500",
	} {
		text := loadErrorMeaning(class)
		require.False(t, seen[text.Key], "%s is explained as another is", class)
		seen[text.Key] = true
	}
}

// TestLoadLimits: a limit that is not kept makes the exit status 1, is shown
// beside those that are, and is in the JSON.
func TestLoadLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		order  []string
		args   []string
		status int
		says   []string
	}{
		{"all kept", []string{"a", "bb", "ccc"}, []string{"-n", "600", "--max-failed", "0", "--p99", "4s", "--min-containers", "3", "--even"}, 0,
			[]string{"✓ max-failed 0, limit 0", "✓ p99 ", "✓ min-containers 3, limit 3", "✓ even, by a large enough sample"}},
		{"a quarter fails", []string{"a", "bb", "ccc", ""}, []string{"-n", "600", "--max-failed", "1%"}, 1, []string{"✗ max-failed 25.00%, limit 1%"}},
		{"as many as may fail", []string{"a", "bb", "ccc", ""}, []string{"-n", "600", "--max-failed", "25%"}, 0, []string{"✓ max-failed 25.00%, limit 25%"}},
		{"one too many", []string{"a", ""}, []string{"-n", "10", "--max-failed", "4"}, 1, []string{"✗ max-failed 5, limit 4"}},
		{"slow", []string{"a"}, []string{"-n", "5", "--p50", "1ns"}, 1, []string{"✗ p50 "}},
		{"uneven", []string{"a", "a", "a", "bb"}, []string{"-n", "600", "--even"}, 1, []string{"✗ uneven"}},
		{"even, but too few to tell", []string{"a", "bb"}, []string{"-n", "10", "--even"}, 1, []string{"✗ too few answers to be sure that they are even"}},
		{"one container", []string{"a"}, []string{"-n", "10", "--min-containers", "2"}, 1, []string{"✗ min-containers 1, limit 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := containers(t, c.order...)
			status, out, errs := loadWith("en", append(c.args, url)...)
			require.Equal(t, c.status, status, errs)
			for _, want := range c.says {
				require.Contains(t, out, want)
			}
		})
	}
	status, out, _ := loadWith("en", "--json", "-n", "10", "--min-containers", "2", containers(t, "a"))
	require.Equal(t, exitMend, status)
	var report loadReport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, []loadThreshold{{Name: "min-containers", Limit: "2", Seen: "1"}}, report.Thresholds)
}

// TestNearest: a suggestion is nearly what was typed, or there is none.
func TestNearest(t *testing.T) {
	names := []string{"check", "doctor", "export", "plan", "runs", "show"}
	for typed, want := range map[string]string{
		"chek": "check", "chekc": "check", "exprot": "export", "paln": "plan", "run": "runs", "shwo": "show", "doctro": "doctor",
		"": "", "x": "", "cloud": "", "2024001": "", "a-word-that-is-far-too-long-to-be-a-verb-of-ours": "",
	} {
		got, _ := nearest(typed, names)
		require.Equal(t, want, got, typed)
	}
}

// TestTablesOfALoadMoveNoCursor: what workers and servers call things is shown as text.
func TestTablesOfALoadMoveNoCursor(t *testing.T) {
	var out bytes.Buffer
	const evil = "a\x1b[2J\rb\u202e"
	newLoadView(&ui{out: &out}, i18n.EN).print(loadReport{
		Trace: evidence.Trace{
			Sent: 2, Responders: []evidence.Responder{{Identity: evidence.Identity{Hostname: evil, StudentID: evil, Addresses: []string{evil}}, Count: 1, Rule: "x"}},
			Errors: []evidence.ErrorClass{{Class: "http-" + evil, Count: 1, Sample: evil}},
		},
		Machines: []loadMachine{{Worker: evil}, {Worker: evil, Tries: 2}},
	})
	require.NotContains(t, out.String(), "\x1b")
	require.NotContains(t, out.String(), "\r")
	require.NotContains(t, out.String(), "\u202e")
	require.GreaterOrEqual(t, strings.Count(out.String(), "[2J"), 6)
}
