package sight

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestPlain(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *evidence.Service)
		plain  bool
	}{
		{"as the handout says", func(*evidence.Service) {}, true},
		{"labels and a host name", func(s *evidence.Service) { s.Labels, s.Hostname = map[string]string{"a": "$(b)"}, "web-{{.Task.Slot}}" }, true},
		{"words in variables", func(s *evidence.Service) {
			s.Env = []string{"NAME=张三", "TZ=Asia/Shanghai", "EMPTY=", "VERSION=1.2-rc_3", "ALONE"}
		}, true},
		{"an address in a variable", func(s *evidence.Service) { s.Env = []string{"WHOAMI_ROGUE=learn:172.30.0.11:8001"} }, false},
		{"an option in a variable", func(s *evidence.Service) { s.Env = []string{"OPTS= -rmore"} }, false},
		{"a path in a variable", func(s *evidence.Service) { s.Env = []string{"LD_PRELOAD=/tmp/x.so"} }, false},
		{"a hidden variable", func(s *evidence.Service) { s.Env = []string{"TOKEN=" + evidence.Hidden} }, false},
		{"code in a variable", func(s *evidence.Service) { s.Env = []string{"NODE_OPTIONS=--import data:text/javascript,0"} }, false},
		{"a command of its own", func(s *evidence.Service) { s.Command = []string{"/whoami"} }, false},
		{"another working directory", func(s *evidence.Service) { s.Dir = "/tmp" }, false},
		{"arguments of its own", func(s *evidence.Service) { s.Args = []string{"-port", "80"} }, false},
		{"the clock's zone is mounted", func(s *evidence.Service) {
			s.Mounts = []evidence.Mount{{Target: "/etc/localtime"}, {Target: "/tmp/cache"}}
		}, true},
		{"a program is mounted", func(s *evidence.Service) { s.Mounts = []evidence.Mount{{Target: "/whoami"}} }, false},
		{"a way up out of a harmless place", func(s *evidence.Service) { s.Mounts = []evidence.Mount{{Target: "/tmp/../app"}} }, false},
		{"a config in a harmless place", func(s *evidence.Service) { s.Configs = []evidence.ConfigRef{{File: "/mnt/notes.txt"}} }, true},
		{"a config over the program", func(s *evidence.Service) { s.Configs = []evidence.ConfigRef{{File: "/whoami"}} }, false},
		{"a config without a path, which is below the root", func(s *evidence.Service) { s.Configs = []evidence.ConfigRef{{File: "whoami"}} }, false},
		{"a config with a path from the root", func(s *evidence.Service) { s.Configs = []evidence.ConfigRef{{File: "usr/bin/curl"}} }, false},
		{"a mount without a root", func(s *evidence.Service) { s.Mounts = []evidence.Mount{{Target: "whoami"}} }, false},
		{"a word that says where programs are", func(s *evidence.Service) { s.Env = []string{"PATH=tmp"} }, false},
		{"a word that says where modules are", func(s *evidence.Service) { s.Env = []string{"PYTHONPATH=tmp"} }, false},
		{"a word that is loaded", func(s *evidence.Service) { s.Env = []string{"LD_PRELOAD=evil.so"} }, false},
		{"a word for a shell", func(s *evidence.Service) { s.Env = []string{"ENV=tmp"} }, false},
		{"a word that says what kind of day it is", func(s *evidence.Service) { s.Env = []string{"APP_ENV=production", "HOME="} }, true},
		{"a check by a program that is mounted", func(s *evidence.Service) {
			s.Configs = []evidence.ConfigRef{{File: "/tmp/curl"}}
			s.Health = &evidence.HealthCheck{Test: []string{"CMD", "/tmp/curl", "-f", "http://localhost/"}}
		}, false},
		{"a secret in its usual place", func(s *evidence.Service) {
			s.Secrets = []evidence.ConfigRef{{File: "password"}, {File: "/run/secrets/p"}}
		}, true},
		{"a secret over the program", func(s *evidence.Service) { s.Secrets = []evidence.ConfigRef{{File: "/whoami"}} }, false},
		{"more variables than a reading keeps", func(s *evidence.Service) { s.Env = make([]string, maxPlainList) }, false},
		{"a secret a way up", func(s *evidence.Service) { s.Secrets = []evidence.ConfigRef{{File: "../../whoami"}} }, false},
	} {
		s := &evidence.Service{Image: "whoami-for-swarm", Env: []string{"STUDENT_ID=2024001"}}
		c.change(s)
		require.Equal(t, c.plain, Plain(s), c.name)
	}
}

func TestPlainHealth(t *testing.T) {
	for _, c := range []struct {
		test  []string
		plain bool
	}{
		{nil, true},
		{[]string{"NONE"}, true},
		{[]string{"CMD"}, true},
		{[]string{"CMD", "/bin/curl", "-f", "http://localhost/"}, true},
		{[]string{"CMD-SHELL", "curl -fsS http://localhost:80/health || exit 1"}, true},
		{[]string{"CMD-SHELL", "wget -qO- http://127.0.0.1/ > /dev/null 2>&1 || exit 1"}, true},
		{[]string{"CMD-SHELL", "nc -z localhost 80"}, true},
		{[]string{"CMD", "wget", "-q", "--spider", "-T", "3", "localhost"}, true},
		{[]string{"CMD", "true"}, true},
		{[]string{"CMD-SHELL", "true; kill 1"}, false},
		{[]string{"CMD-SHELL", "curl -f localhost && kill 1"}, false},
		{[]string{"CMD-SHELL", "curl -f localhost > /whoami"}, false},
		{[]string{"CMD-SHELL", "curl -f $(cat x)"}, false},
		{[]string{"CMD", "curl", "-X", "POST", "http://localhost/health"}, false},
		{[]string{"CMD", "curl", "-f", "http://172.30.0.11:8001/"}, false},
		{[]string{"CMD", "curl", "-fo", "/whoami", "http://localhost/"}, false},
		{[]string{"CMD", "curl", "-f", "http://localhost.example/"}, false},
		{[]string{"CMD", "sh", "/check.sh"}, false},
		{[]string{"/check.sh"}, false},
		{[]string{"CMD", "curl", "-f", "http://localhost:x@172.30.0.11/"}, false},
		{[]string{"CMD", "curl", "-f", "http://2886729739:8001/"}, false},
		{[]string{"CMD", "curl", "-f", "http://localhost?@172.30.0.11/"}, false},
		{[]string{"CMD", "/usr/bin/wget", "-q", "--spider", "localhost"}, true},
		{[]string{"CMD", "/tmp/wget", "-q", "--spider", "localhost"}, false},
		{[]string{"CMD", "tmp/wget", "-q", "--spider", "localhost"}, false},
		{[]string{"CMD", "./wget", "-q", "--spider", "localhost"}, false},
		{[]string{"CMD", "/bin/../tmp/wget", "localhost"}, false},
	} {
		require.Equal(t, c.plain, plainHealth(&evidence.HealthCheck{Test: c.test}), c.test)
	}
}
