package swarm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// contextSource reads a Docker context as the docker command stores it, below
// $DOCKER_CONFIG or ~/.docker. "default" and "" are DOCKER_HOST with its TLS
// variables, or else the local socket.
func contextSource(name string) (source, error) {
	if name == "" || name == "default" {
		return environmentSource(), nil
	}
	dir, err := dockerDir()
	if err != nil {
		return source{}, fail("", "config", "context_missing", err, "context", name, "dir", "~/.docker")
	}
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	file := filepath.Join(dir, "contexts", "meta", id, "meta.json")
	raw, err := os.ReadFile(file)
	if err != nil {
		return source{}, fail("", "config", "context_missing", err, "context", name, "dir", dir)
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return source{}, fail("", "config", "context_broken", err, "context", name, "file", file)
	}
	docker := meta.Endpoints["docker"]
	if docker.Host == "" {
		return source{}, fail("", "config", "context_broken", nil, "context", name, "file", file)
	}
	s := source{address: docker.Host}
	pems := filepath.Join(dir, "contexts", "tls", id, "docker")
	m := tlsMaterial{
		ca: existing(pems, "ca.pem"), cert: existing(pems, "cert.pem"), key: existing(pems, "key.pem"),
		skipVerify: docker.SkipTLSVerify,
	}
	if m != (tlsMaterial{}) {
		s.tls = &m
	}
	return s, nil
}

func environmentSource() source {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		return source{address: "unix://" + defaultSocket}
	}
	s := source{address: host}
	verify, pems := os.Getenv("DOCKER_TLS_VERIFY"), os.Getenv("DOCKER_CERT_PATH")
	if verify == "" && pems == "" {
		return s
	}
	if pems == "" {
		pems, _ = dockerDir()
	}
	s.tls = &tlsMaterial{
		ca: filepath.Join(pems, "ca.pem"), cert: existing(pems, "cert.pem"), key: existing(pems, "key.pem"),
		skipVerify: verify == "",
	}
	return s
}

func dockerDir() (string, error) {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".docker"), err
}

// existing gives the path of a file in a directory, "" if there is none.
func existing(dir, name string) string {
	p := filepath.Join(dir, name)
	if _, err := os.Stat(p); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return p
}
