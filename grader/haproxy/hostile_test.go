//go:build unix

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

// TestHostileFilesTakeLittleWork: a file as large as may be, made so that each
// of its lines refers to all others, takes about as much processor time as any
// file of its size. What is quadratic in lines takes ten times the bound, or a
// hundred times.
func TestHostileFilesTakeLittleWork(t *testing.T) {
	again, count := strings.Repeat, func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	spent := func() time.Duration {
		var u syscall.Rusage
		require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano())
	}
	for name, text := range map[string]string{
		"defaults of one name":          again("defaults a from a\n", 19999),
		"defaults from the first":       count("defaults d%d from d0\n", 19999),
		"frontends of one name":         again("frontend a\n", 19999),
		"frontends":                     count("frontend a%d\n", 19999),
		"backends with stick":           again("backend b\n stick on src table x\n", 9999),
		"backends that count":           again("backend b\n http-request track-sc0 src\n", 9999),
		"backends misspelt":             "frontend f\n" + count(" use_backend x%d if TRUE\n", 9999) + count("backend y%d\n", 9999),
		"servers that track nobody":     "backend b\n" + count(" server s%d 10.0.0.1:80 track q\n", 19000),
		"rules for servers not there":   "backend b\n" + count(" server s%d 10.0.0.1:80\n", 9000) + again(" use-server zz if TRUE\n", 9000),
		"templates":                     "backend b\n" + again(" server-template s 1-4096 10.0.0.1:80\n", 9999),
		"addresses on one line":         "frontend f\n bind " + again(":80,", 250000) + ":1\n",
		"words of no meaning":           "backend b\n" + again(" balanse\n", 19000),
		"conditions":                    "frontend f\n" + count(" acl a%d path /\n", 9999) + again(" use_backend b if a1 a2 a3 a4 a5 !a6 a7\n", 9000),
		"lines that all inherit":        "defaults\n" + again(" http-request set-header X x\n", 4900) + count("backend a%d\n", 15000),
		"many variables":                `x "` + count("$A%d", 100000) + "\"\n",
		"a variable with a long value":  again(`x "`+again("$A", 500)+"\"\n", 900),
		"lines that are no innocents":   "frontend f\n" + again(" http-request set-header X-Request-Id x\n", 19000),
		"words that turn into hundreds": again(`x "${A[*]}"`+"\n", 19999),
	} {
		px := &evidence.Proxy{Files: []evidence.File{{Path: "h.cfg", Text: text}}, Env: []evidence.EnvVar{{Name: "A", Value: again("v ", MaxVarValue/2)}}}
		before := spent()
		c := Read(px)
		require.LessOrEqual(t, len(Lint(c)), maxFindings+1)
		c.Suspects(c.Proxies, 20)
		c.RouteFor(80)
		c.Offers()
		Environ([]string{"A=x"}, px.Files...)
		require.Less(t, spent()-before, 5*time.Second, name)
	}
}
