//go:build unix && !race

package haproxy

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestHostileFilesTakeLittleWork: a file made so that each of its lines refers
// to all others takes work in proportion to its length. Of a file four times as
// long, what is linear takes four times the processor time, what is quadratic
// sixteen times; what takes less than a second at the most lines that a file
// may have is no attack.
func TestHostileFilesTakeLittleWork(t *testing.T) {
	type maker func(part int) string
	again := func(s string, n int) maker { return func(part int) string { return strings.Repeat(s, n/part) } }
	count := func(format string, n int) maker {
		return func(part int) string {
			var b strings.Builder
			for i := range n / part {
				fmt.Fprintf(&b, format, i)
			}
			return b.String()
		}
	}
	text := func(s string) maker { return func(int) string { return s } }
	for name, makers := range map[string][]maker{
		"defaults of one name":          {again("defaults a from a\n", 19999)},
		"defaults from the first":       {count("defaults d%d from d0\n", 19999)},
		"frontends of one name":         {again("frontend a\n", 19999)},
		"frontends":                     {count("frontend a%d\n", 19999)},
		"backends with stick":           {again("backend b\n stick on src table x\n", 9999)},
		"backends that count":           {again("backend b\n http-request track-sc0 src\n", 9999)},
		"backends misspelt":             {text("frontend f\n"), count(" use_backend x%d if TRUE\n", 9999), count("backend y%d\n", 9999)},
		"servers that track nobody":     {text("backend b\n"), count(" server s%d 10.0.0.1:80 track q\n", 19000)},
		"rules for servers not there":   {text("backend b\n"), count(" server s%d 10.0.0.1:80\n", 9000), again(" use-server zz if TRUE\n", 9000)},
		"templates":                     {text("backend b\n"), again(" server-template s 1-4096 10.0.0.1:80\n", 9999)},
		"addresses on one line":         {text("frontend f\n bind "), again(":80,", 50000), text(":1\n")},
		"words of no meaning":           {text("backend b\n"), again(" balancee\n", 19000)},
		"conditions":                    {text("frontend f\n"), count(" acl a%d path /\n", 9999), again(" use_backend b if a1 a2 a3 a4 a5 !a6 a7\n", 9000)},
		"conditions on the way":         {text("frontend f\n bind :80\n"), count(" acl a%d path /x\n", 9999), again(" use_backend b if a1 a2 !a3 or a4 { path /y }\n", 9000), text("backend b\n")},
		"lines that all inherit":        {text("defaults\n"), again(" http-request set-header X x\n", 4900), count("backend a%d\n", 15000)},
		"many variables":                {text(`x "`), count("$A%d", 100000), text("\"\n")},
		"a variable with a long value":  {again(`x "`+strings.Repeat("$A", 500)+"\"\n", 900)},
		"lines that are no innocents":   {text("frontend f\n"), again(" http-request set-header X-Request-Id x\n", 19000)},
		"words that turn into hundreds": {again(`x "${A[*]}"`+"\n", 19999)},
	} {
		t.Run(name, func(t *testing.T) {
			work := func(part int) time.Duration {
				var b strings.Builder
				for _, m := range makers {
					b.WriteString(m(part))
				}
				px := &evidence.Proxy{Files: []evidence.File{{Path: "h.cfg", Text: b.String()}},
					Env: []evidence.EnvVar{{Name: "A", Value: strings.Repeat("v ", MaxVarValue/2)}}}
				before := processor(t)
				c := Read(px)
				require.LessOrEqual(t, len(Lint(c)), maxFindings+1)
				c.Suspects(c.Proxies, 20)
				c.RouteFor(80)
				c.Offers()
				Environ([]string{"A=x"}, px.Files...)
				return processor(t) - before
			}
			quarter, whole := work(4), work(1)
			require.True(t, whole < time.Second || whole < 10*quarter, "a quarter takes %v, the whole %v", quarter, whole)
		})
	}
}

// processor is the time that this process has computed so far.
func processor(t *testing.T) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano())
}
