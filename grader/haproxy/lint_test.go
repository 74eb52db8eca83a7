package haproxy

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Every message that the corpus brings up is a sentence in both languages with
// all its values.
func TestEveryFindingCanBeSaid(t *testing.T) {
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	said := map[string]bool{}
	for _, c := range corpus(t) {
		for _, f := range LintWith(ParseText("x.cfg", c.text), onlyLocalhost) {
			said[f.Msg.Key] = true
			for _, lang := range i18n.Langs {
				text := lang.Text(f.Msg)
				require.NotEqual(t, f.Msg.Key, text, c.name)
				require.False(t, hole.MatchString(text), "%s: %s", f.Msg.Key, text)
			}
		}
	}
	require.Greater(t, len(said), 60)
}

func TestTheMessageNamesWhatTheStudentDid(t *testing.T) {
	tests := []struct {
		file string
		line int
		key  string
	}{
		{"bad/handout-task2-unfilled.cfg", 6, "placeholder"},
		{"bad/handout-task2-half-filled.cfg", 12, "placeholder"},
		{"bad/handout-task2-no-newline.cfg", 14, "no_newline"},
		{"bad/handout-task2-full-width.cfg", 12, "full_width"},
		{"bad/handout-task2-misspelt.cfg", 7, "unknown_backend_near"},
		{"bad/handout-task2-ip-placeholder.cfg", 12, "placeholder"},
		{"bad/bom.cfg", 1, "bom"},
		{"bad/nbsp.cfg", 11, "odd_space"},
		{"bad/fullwidth-space.cfg", 11, "odd_space"},
		{"bad/usec.cfg", 12, "unknown_keyword_near"},
		{"bad/out-of-section.cfg", 1, "outside"},
		{"bad/febind-none.cfg", 0, "no_listener"},
		{"bad/srv-in-fe.cfg", 9, "server_in_frontend"},
		{"bad/dupsrv.cfg", 12, "same_server"},
		{"bad/host-unresolved.cfg", 12, "unresolvable"},
		{"bad/mode-mismatch.cfg", 9, "mode_clash"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", tt.file))
			require.NoError(t, err)
			found := LintWith(ParseText("x.cfg", string(raw)), onlyLocalhost)
			require.NotEmpty(t, found)
			require.Equal(t, "haproxy."+tt.key, found[0].Msg.Key, "%+v", found[0])
			if tt.key != "mode_clash" {
				require.Equal(t, tt.line, found[0].Line)
			}
			require.NotEmpty(t, found[0].Text, "HAProxy's own words")
		})
	}
}

func TestACorrectFileGivesNoWarningsButTimeouts(t *testing.T) {
	raw, err := os.ReadFile("testdata/good/handout-task2.cfg")
	require.NoError(t, err)
	for _, f := range Lint(ParseText("haproxy.cfg", string(raw))) {
		require.Equal(t, "haproxy.no_timeouts", f.Msg.Key)
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	for code, key := range map[string]string{"missing": "not_read_missing", "directory": "not_read_directory", "unreadable": "not_read_other"} {
		found := Lint(Parse(nil, evidence.File{Path: "/usr/local/etc/haproxy/haproxy.cfg", Error: code}))
		require.Len(t, found, 1)
		require.Equal(t, "haproxy."+key, found[0].Msg.Key)
		require.Equal(t, Alert, found[0].Severity)
	}
}

func TestLogStopsAfterThePhaseThatFailed(t *testing.T) {
	c := ParseText("x.cfg", "defaults\n mode http\nfrontend f\n bind *:80\n default_backend nosuch\n foo\n")
	lines, starts := Log(c, Lint(c), 1, "2.6.12")
	require.False(t, starts)
	require.Equal(t, []string{
		"[NOTICE]   (1) : haproxy version is 2.6.12",
		"[NOTICE]   (1) : path to executable is /usr/local/sbin/haproxy",
		"[ALERT]    (1) : config : parsing [x.cfg:6] : unknown keyword 'foo' in 'frontend' section",
		"[ALERT]    (1) : config : Error(s) found in configuration file : x.cfg",
		"[ALERT]    (1) : config : Fatal errors found in configuration.",
	}, lines)
}
