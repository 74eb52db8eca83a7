package swarm

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/roster"
)

// storeContext writes a Docker context as the docker command does.
func storeContext(t *testing.T, name, meta string, pems ...string) (dir string) {
	dir = t.TempDir()
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	at := filepath.Join(dir, "contexts", "meta", id)
	require.NoError(t, os.MkdirAll(at, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(at, "meta.json"), []byte(meta), 0o644))
	at = filepath.Join(dir, "contexts", "tls", id, "docker")
	require.NoError(t, os.MkdirAll(at, 0o755))
	for _, p := range pems {
		require.NoError(t, os.WriteFile(filepath.Join(at, p), nil, 0o600))
	}
	t.Setenv("DOCKER_CONFIG", dir)
	return dir
}

func TestContext(t *testing.T) {
	dir := storeContext(t, "class", `{"Name":"class","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://node:2376","SkipTLSVerify":true}}}`,
		"ca.pem", "cert.pem", "key.pem")
	s, err := contextSource("class")
	require.NoError(t, err)
	require.Equal(t, "tcp://node:2376", s.address)
	require.True(t, s.tls.skipVerify)
	for _, p := range []string{s.tls.ca, s.tls.cert, s.tls.key} {
		require.FileExists(t, p)
		require.Contains(t, p, dir)
	}
	_, err = contextSource("other")
	failure(t, err, "config", "context_missing")
}

func TestContextWithoutTLS(t *testing.T) {
	storeContext(t, "plain", `{"Endpoints":{"docker":{"Host":"ssh://root@node"}}}`)
	s, err := contextSource("plain")
	require.NoError(t, err)
	require.Equal(t, source{address: "ssh://root@node"}, s)
}

func TestBrokenContext(t *testing.T) {
	for _, meta := range []string{`{`, `{"Endpoints":{}}`, `{"Endpoints":{"docker":{"Host":""}}}`} {
		storeContext(t, "broken", meta)
		_, err := contextSource("broken")
		failure(t, err, "config", "context_broken")
	}
}

func TestContextIsDialled(t *testing.T) {
	_, address := startEngine(t, "manager-1")
	storeContext(t, "class", `{"Endpoints":{"docker":{"Host":"`+address+`"}}}`)
	c := dial(t, roster.Cluster{Context: "class"})
	require.NotEmpty(t, snapshot(t, c).Tasks)
}

func TestDefaultContext(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	for _, c := range []struct {
		host, verify, pems string
		want               source
	}{
		{want: source{address: "unix:///var/run/docker.sock"}},
		{host: "tcp://node:2375", want: source{address: "tcp://node:2375"}},
		{host: "tcp://node:2376", verify: "1", pems: "/pems",
			want: source{address: "tcp://node:2376", tls: &tlsMaterial{ca: "/pems/ca.pem"}}},
	} {
		t.Setenv("DOCKER_HOST", c.host)
		t.Setenv("DOCKER_TLS_VERIFY", c.verify)
		t.Setenv("DOCKER_CERT_PATH", c.pems)
		for _, name := range []string{"", "default"} {
			got, err := contextSource(name)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		}
	}
}
