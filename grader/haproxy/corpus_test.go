package haproxy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	baseDefaults = "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\n"
	baseFrontend = "frontend f\n    bind *:9001\n    default_backend b\n"
	baseBackend  = "backend b\n    balance roundrobin\n    server s1 10.0.0.1:80 check\n"
)

type corpusCase struct {
	name, text string
	good       bool // haproxy starts
	beyond     bool // it refuses for what the text does not show
}

// corpus is every configuration of testdata: whole files, and the lines of
// lines.txt put into a configuration that works.
func corpus(t testing.TB) []corpusCase {
	var out []corpusCase
	for _, verdict := range []string{"good", "bad", "beyond"} {
		files, err := filepath.Glob("testdata/" + verdict + "/*.cfg")
		require.NoError(t, err)
		for _, f := range files {
			raw, err := os.ReadFile(f)
			require.NoError(t, err)
			out = append(out, corpusCase{f, string(raw), verdict == "good", verdict == "beyond"})
		}
	}
	raw, err := os.ReadFile("testdata/lines.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		where, rest, _ := strings.Cut(line, " ")
		verdict, text, _ := strings.Cut(rest, " ")
		text = "    " + strings.ReplaceAll(text, `\n`, "\n") + "\n"
		whole := ""
		switch where {
		case "be":
			whole = baseDefaults + baseFrontend + baseBackend + text
		case "fe":
			whole = baseDefaults + baseFrontend + text + baseBackend
		case "gl":
			whole = "global\n" + text + baseDefaults + baseFrontend + baseBackend
		case "rs":
			whole = baseDefaults + baseFrontend + baseBackend + "resolvers docker\n    nameserver d 127.0.0.11:53\n" + text
		default:
			t.Fatalf("lines.txt: %s", line)
		}
		out = append(out, corpusCase{line, whole, verdict == "good", verdict == "beyond"})
	}
	return out
}

func onlyLocalhost(host string) bool { return host == "localhost" }

func TestLintAgreesWithTheRecordedVerdicts(t *testing.T) {
	cases := corpus(t)
	require.Greater(t, len(cases), 500)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := LintWith(ParseText("x.cfg", c.text), onlyLocalhost)
			if Refused(found) == (c.good || c.beyond) {
				t.Errorf("haproxy says good=%v, lint says:", c.good)
				for _, f := range found {
					t.Errorf("  %s %d %s %v: %s", f.Severity, f.Line, f.Msg.Key, f.Msg.Args, f.Text)
				}
			}
		})
	}
}

func TestRecordedVerdictsAreThoseOfTheRealHAProxy(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("haproxy is not installed")
	}
	if testing.Short() {
		t.Skip("runs haproxy many times")
	}
	if out, _ := exec.Command(bin, "-v").Output(); !strings.Contains(string(out), "version 2.6") {
		t.Skip("verdicts were recorded with 2.6")
	}
	cases := corpus(t)
	const workers = 4
	for w := range workers {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "x.cfg")
			for i := w; i < len(cases); i += workers {
				c := cases[i]
				require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				out, err := exec.CommandContext(ctx, bin, "-c", "-f", file).CombinedOutput()
				require.NoError(t, ctx.Err(), c.name)
				cancel()
				require.Equal(t, c.good, err == nil, "%s: %s", c.name, out)
			}
		})
	}
}
