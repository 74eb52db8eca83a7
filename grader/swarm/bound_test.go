package swarm

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestClip(t *testing.T) {
	require.Equal(t, "中", clip("中文", 5))
	require.Equal(t, "", clip("中", 2))
	require.Equal(t, "ab", clip("ab", 2))
}

func TestStampsSortAsText(t *testing.T) {
	a := time.Date(2024, 3, 1, 0, 0, 1, 500_000_000, time.UTC)
	require.Less(t, stamp(a), stamp(a.Add(10*time.Millisecond)))
	require.Empty(t, stamp(time.Time{}))
}

func TestLimitBody(t *testing.T) {
	b := &limitBody{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), left: 64}
	got, err := io.ReadAll(b)
	require.ErrorIs(t, err, errTooLarge)
	require.Len(t, got, 64)
	b = &limitBody{ReadCloser: io.NopCloser(strings.NewReader("x")), left: 64}
	_, err = io.ReadAll(b)
	require.NoError(t, err)
}

// TestHugeSpecIsCut converts a service that somebody blew up.
func TestHugeSpecIsCut(t *testing.T) {
	var s swarm.Service
	huge := strings.Repeat("é", 1<<20)
	s.Spec.Name = huge
	s.Spec.Labels = map[string]string{}
	spec := &swarm.ContainerSpec{Image: huge + "@" + huge, Hostname: huge}
	for i := range 3000 {
		s.Spec.Labels[fmt.Sprint(i)] = huge
		spec.Env = append(spec.Env, huge)
		spec.Configs = append(spec.Configs, nil, &swarm.ConfigReference{ConfigName: huge, File: &swarm.ConfigReferenceFileTarget{Name: huge}})
		s.Endpoint.Ports = append(s.Endpoint.Ports, swarm.PortConfig{PublishedPort: 1<<32 - 1})
	}
	s.Spec.TaskTemplate.ContainerSpec = spec
	n := uint64(1<<64 - 1)
	s.Spec.Mode.Replicated = &swarm.ReplicatedService{Replicas: &n}
	got := toService(s, nil)
	require.Len(t, got.Name, maxWord)
	require.Len(t, got.Env, maxEntries)
	require.Positive(t, got.Replicas)
	blob, err := evidence.Encode(got)
	require.NoError(t, err)
	require.Less(t, len(blob), 4<<20)
	require.True(t, utf8.Valid(blob))
}

func TestSecretsOfTheEnvironmentAreNotKept(t *testing.T) {
	require.Equal(t, []string{
		"STUDENT_ID=2024001", "DB_PASSWORD=" + evidence.Hidden, "mysql_root_passwd=" + evidence.Hidden, "API_TOKEN=" + evidence.Hidden,
		"AWS_SECRET_ACCESS_KEY=" + evidence.Hidden, "PORT=80", "SECRET=" + evidence.Hidden,
	}, environment([]string{
		"STUDENT_ID=2024001", "DB_PASSWORD=a=b", "mysql_root_passwd=x", "API_TOKEN=", "AWS_SECRET_ACCESS_KEY=y", "PORT=80", "SECRET",
	}))
}

func TestConfigTexts(t *testing.T) {
	refs := []evidence.ConfigRef{{ID: "a", File: "/etc/x.cfg"}, {ID: "b", File: "/run/password"}, {ID: "c", File: "x.cfg"}}
	conf := func(id string, n int) swarm.Config {
		return swarm.Config{ID: id, Spec: swarm.ConfigSpec{Data: bytes.Repeat([]byte("#"), n)}}
	}
	got := toConfigs([]swarm.Config{conf("a", 10), conf("b", 10), conf("c", maxConfig+1), conf("d", 10)},
		[]evidence.Service{{Image: "nginx", Configs: refs}})
	require.Len(t, got[0].Data, 10)
	require.Empty(t, got[1].Data, "not HAProxy's: may be anybody's secret")
	require.Len(t, got[2].Data, maxConfig)
	require.True(t, got[2].Truncated)
	require.Empty(t, got[3].Data, "mounted by nobody")

	// One student's service mounts far more than there is room for; a
	// classmate's comes after it in every list.
	flood := evidence.Service{Image: "haproxy"}
	var many []swarm.Config
	for i := range maxEntries {
		many = append(many, conf(fmt.Sprintf("%03d", i), maxConfig+1))
		flood.Configs = append(flood.Configs, evidence.ConfigRef{ID: fmt.Sprintf("%03d", i), File: "haproxy"})
	}
	many = append(many, conf("own", 100))
	own := evidence.Service{Image: "haproxy", Configs: []evidence.ConfigRef{{ID: "own", Name: "own", File: "/haproxy.cfg"}}}
	sum := 0
	got = toConfigs(many, []evidence.Service{flood, own})
	for _, c := range got {
		sum += len(c.Data)
		require.True(t, c.ID == "own" || c.Truncated)
		require.True(t, c.Data == "" || len(c.Data) == min(maxConfig, 100) || len(c.Data) == maxConfig)
	}
	require.LessOrEqual(t, sum, maxConfigs)
	snap := &evidence.Snapshot{Configs: got}
	require.Empty(t, mountedConfigs(&own, snap)["/haproxy.cfg"].Error)
	last := evidence.Service{Configs: flood.Configs[maxEntries-1:]}
	require.Equal(t, "unreadable", mountedConfigs(&last, snap)["/haproxy"].Error, "no room: ours, not an empty file")
}

func frame(stream byte, s string) string {
	head := make([]byte, 8)
	head[0] = stream
	binary.BigEndian.PutUint32(head[4:], uint32(len(s)))
	return string(head) + s
}

func TestLogTail(t *testing.T) {
	require.Equal(t, "a\nb\n", logTail(strings.NewReader(frame(1, "a\n")+frame(2, "b\n")), false))
	require.Equal(t, "a\nb\n", logTail(strings.NewReader("a\nb\n"), true))
	require.Equal(t, "cut", logTail(strings.NewReader(frame(1, "cut")+"\x01\x00\x00"), false))
	// A frame that claims four gigabytes allocates nothing.
	require.Equal(t, "x", logTail(strings.NewReader("\x01\x00\x00\x00\xff\xff\xff\xffx"), false))
	long := logTail(strings.NewReader(frame(1, strings.Repeat("line\n", 5000))), false)
	require.LessOrEqual(t, len(long), maxLog)
	require.True(t, strings.HasPrefix(long, "line\n"), "from a whole line on")
	endless := io.MultiReader(strings.NewReader("\x01\x00\x00\x00\xff\xff\xff\xff"), zeros{})
	require.LessOrEqual(t, len(logTail(endless, false)), maxLog)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func archiveOf(t testing.TB, headers ...tar.Header) []byte {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		body := make([]byte, h.Size)
		require.NoError(t, w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, err := w.Write(body)
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func TestHostileArchives(t *testing.T) {
	reg := func(name string, size int64) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size}
	}
	f := readFile(bytes.NewReader(archiveOf(t, reg("h.cfg", maxConfig+1))), "/h.cfg", time.Time{})
	require.True(t, f.Truncated)
	require.Len(t, f.Text, maxConfig)
	require.Equal(t, int64(maxConfig+1), f.Size)
	f = readFile(bytes.NewReader(archiveOf(t, tar.Header{Typeflag: tar.TypeLink, Name: "h.cfg", Linkname: "/etc/shadow"})), "/h.cfg", time.Time{})
	require.Equal(t, "unreadable", f.Error)
	require.Equal(t, "unreadable", readFile(strings.NewReader("not a tar"), "/h.cfg", time.Time{}).Error)
	require.Equal(t, "unreadable", readFile(bytes.NewReader(archiveOf(t, reg("h.cfg", 2000))[:1000]), "/h.cfg", time.Time{}).Error)

	var many []tar.Header
	for i := range 100 {
		many = append(many, reg(fmt.Sprintf("d/%02d.cfg", i), 1))
	}
	require.Len(t, readDir(bytes.NewReader(archiveOf(t, many...)), "/d"), maxFiles)
	got := readDir(bytes.NewReader(archiveOf(t, reg("d/a.cfg", 1), reg("d/sub/b.cfg", 1), reg("d/../../x.cfg", 1),
		reg("d/.h.cfg", 1), reg("/d/e.cfg", 1), tar.Header{Typeflag: tar.TypeFifo, Name: "d/f.cfg"})), "/d")
	require.Len(t, got, 1)
	require.Equal(t, "/d/a.cfg", got[0].Path)
	got = readDir(bytes.NewReader(archiveOf(t, reg("d/big", maxArchive), reg("d/z.cfg", 1))), "/d")
	require.Equal(t, "too-large", got[len(got)-1].Error)
}

func FuzzArchive(f *testing.F) {
	tars, err := filepath.Glob(recorded("*/*/*.tar"))
	require.NoError(f, err)
	require.NotEmpty(f, tars)
	for _, name := range tars {
		raw, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		files := []evidence.File{readFile(bytes.NewReader(raw), "/h.cfg", time.Time{})}
		for _, e := range readDir(bytes.NewReader(raw), "/d") {
			require.True(t, strings.HasPrefix(e.Path, "/d"), "%q", e.Path)
			files = append(files, e.File)
		}
		require.LessOrEqual(t, len(files), maxFiles+2)
		for _, x := range files {
			require.True(t, utf8.ValidString(x.Text))
			require.LessOrEqual(t, len(x.Text), maxConfig)
			require.Equal(t, x.Error == "", x.SHA256 != "")
		}
	})
}

func FuzzLogTail(f *testing.F) {
	f.Add([]byte(frame(1, "x\n")), false)
	f.Add([]byte("x\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, tty bool) {
		got := logTail(bytes.NewReader(raw), tty)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), maxLog)
	})
}

// FuzzConvert takes one object with the lists of a cluster, as an engine's
// answers would hold them, to evidence and back.
func FuzzConvert(f *testing.F) {
	for _, kind := range []string{"nodes", "services", "tasks", "networks", "configs"} {
		raw, err := os.ReadFile(recorded("cluster/" + kind + ".json"))
		require.NoError(f, err)
		f.Add([]byte(`{"` + kind + `":` + string(raw) + `}`))
	}
	raw, err := os.ReadFile(recorded("manager-2/containers.json"))
	require.NoError(f, err)
	f.Add([]byte(`{"containers":` + string(raw) + `}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in struct {
			Swarm      swarm.Swarm
			Nodes      []swarm.Node
			Services   []swarm.Service
			Tasks      []swarm.Task
			Configs    []swarm.Config
			Containers []container.Summary
		}
		if json.Unmarshal(raw, &in) != nil {
			return
		}
		c := &Cluster{endpoints: []*endpoint{{at: location{text: "tcp://e"}}}}
		r := reading{swarm: in.Swarm, nodes: in.Nodes, services: in.Services, tasks: in.Tasks, configs: in.Configs}
		convert := func() []byte {
			blob, err := evidence.Encode(c.convert(r, []listing{{facts: &facts{nodeID: "n"}, containers: in.Containers}}))
			require.NoError(t, err)
			return blob
		}
		first := convert()
		require.Equal(t, string(first), string(convert()))
		_, err := evidence.DecodeSnapshot(first)
		require.NoError(t, err)
	})
}
