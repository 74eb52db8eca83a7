package finding_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

const handout = `defaults
    mode http
frontend http-in
    bind *:%[1]d
    default_backend servers
backend servers
    balance roundrobin
    server node1 172.30.0.11:%[2]d check
    server node2 172.30.0.12:%[2]d check
`

// classOf is n students with the handout's deployment, all alike but for their
// own numbers.
func classOf(n int) []finding.Case {
	snap := &evidence.Snapshot{Schema: evidence.SnapshotSchema,
		Nodes: []evidence.Node{
			{ID: "n1", Hostname: "manager-1", Address: "172.30.0.11", SwarmAddress: "172.30.0.11", State: "ready"},
			{ID: "n2", Hostname: "manager-2", Address: "172.30.0.12", SwarmAddress: "172.30.0.12", State: "ready"},
		}}
	var out []finding.Case
	for i := 1; i <= n; i++ {
		id, name := fmt.Sprintf("20240%02d", i), fmt.Sprintf("s%02d", i)
		ctr := strings.Repeat(fmt.Sprintf("%02x", i), 32)
		snap.Services = append(snap.Services, evidence.Service{ID: "svc-" + name, Name: name, Image: "whoami-for-swarm:latest",
			Env: []string{"STUDENT_ID=" + id}, Ports: []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8300 + i, Mode: "ingress"}}})
		snap.Tasks = append(snap.Tasks, evidence.Task{ID: "t" + name, ServiceID: "svc-" + name, NodeID: "n1", Desired: "running", State: "running", ContainerID: ctr})
		snap.Containers = append(snap.Containers, evidence.Container{NodeID: "n1", ID: ctr, ServiceID: "svc-" + name, State: "running", ImageID: "sha256:whoami"})
		config := fmt.Sprintf(handout, 9300+i, 8300+i)
		answers := func(target, kind, address string) evidence.Trace {
			return evidence.Trace{Target: evidence.Target{ID: target, Kind: kind, Address: address}, Nonce: "0123456789abcdef", Sent: 100,
				Responders: []evidence.Responder{{Identity: evidence.Identity{Hostname: ctr[:12], StudentID: id}, Rule: "whoami", Count: 100, Echoed: 100, Browser: 49}}}
		}
		out = append(out, finding.Case{Hash: "sha256:" + id, Case: evidence.Case{Before: snap, Bundle: &evidence.Bundle{
			Schema: evidence.BundleSchema, Task: "2",
			Student: evidence.Student{ID: id, Vars: map[string]string{
				"service": name, "published": fmt.Sprint(8300 + i), "haproxy": fmt.Sprintf("haproxy-%02d", i), "frontend": fmt.Sprint(9300 + i),
			}},
			Proxies: []evidence.Proxy{{Kind: "container", Name: fmt.Sprintf("haproxy-%02d", i), Matched: "name", ID: "p" + name, NodeID: "n1",
				Image: "haproxy:latest", ImageID: "sha256:haproxy", State: "running", Started: "2024-11-20T08:00:00Z",
				Publishes: []evidence.ContainerPort{{Private: 9300 + i, Public: 9300 + i, Protocol: "tcp"}},
				Files:     []evidence.File{{Path: "/haproxy.cfg", Source: "archive", Text: config, Modified: "2024-11-20T07:59:00Z"}}}},
			Traces: []evidence.Trace{answers("haproxy", "haproxy", fmt.Sprintf("172.30.0.11:%d", 9300+i)),
				answers("mesh/manager-1", "mesh", fmt.Sprintf("172.30.0.11:%d", 8300+i))},
		}}})
	}
	return out
}

func config(c finding.Case, text string) {
	c.Bundle.Proxies[0].Files[0].Text += text
}

// TestClass: what is found in a class in which something is as stated, and
// nothing besides.
func TestClass(t *testing.T) {
	const note = "    # this took me the whole weekend, do not touch\n    retries 7\n"
	for _, c := range []struct {
		name   string
		change func(all []finding.Case)
		want   []string // kind and students
	}{
		{"a class that copied the handout", func([]finding.Case) {}, nil},
		{"a comment word for word", func(all []finding.Case) { config(all[1], note); config(all[4], note) },
			[]string{"near-identical-configuration 2024002 2024005"}},
		{"a comment that all have", func(all []finding.Case) {
			for _, k := range all {
				config(k, note)
			}
		}, nil},
		{"a classmate's ID in a comment", func(all []finding.Case) { config(all[1], "# by 2024005\n") },
			[]string{"other-students-numbers-left 2024002 2024005"}},
		{"a classmate's port", func(all []finding.Case) { config(all[1], "    server node3 172.30.0.12:8305 check\n") },
			[]string{"shared-backend 2024002 2024005", "other-students-numbers-left 2024002 2024005"}},
		{"server names like services' are nothing", func(all []finding.Case) { config(all[1], "    server s05 172.30.0.12:8302 check\n") }, nil},
		{"an image of the student's own", func(all []finding.Case) { all[0].Before.Containers[2].ImageID = "sha256:mine" },
			[]string{"image-differs-from-class 2024003"}},
		{"everybody's image is another", func(all []finding.Case) {
			for i := range all[0].Before.Containers {
				all[0].Before.Containers[i].ImageID = fmt.Sprint("sha256:", i)
			}
		}, nil},
		{"answers that show no request", func(all []finding.Case) {
			for i := range all[3].Bundle.Traces {
				all[3].Bundle.Traces[i].Responders[0].Echoed = 0
			}
		}, []string{"answers-without-nonce 2024004"}},
		{"an application that never shows the request", func(all []finding.Case) {
			for _, k := range all {
				for i := range k.Bundle.Traces {
					k.Bundle.Traces[i].Responders[0].Echoed = 0
				}
			}
		}, nil},
		{"HAProxy's own request IDs", func(all []finding.Case) {
			config(all[3], "    http-request set-header X-Request-ID %[uuid()]\n")
			all[3].Bundle.Traces[0].Responders[0].Echoed = 0
		}, []string{"answers-without-nonce 2024004"}},
		{"a look-alike image", func(all []finding.Case) { all[0].Before.Services[1].Image = "evil/whoami-for-swarm:latest" },
			[]string{"image-of-another-repository 2024002"}},
		{"a misspelt look-alike", func(all []finding.Case) { all[0].Before.Services[1].Image = "whoami-for-swarn:latest" },
			[]string{"image-of-another-repository 2024002"}},
		{"an image that looks like nothing", func(all []finding.Case) { all[0].Before.Services[1].Image = "nginx:latest" }, nil},
		{"Docker's registry written out", func(all []finding.Case) { all[0].Before.Services[1].Image = "docker.io/library/whoami-for-swarm:2" }, nil},
		{"the class's own registry", func(all []finding.Case) {
			for i := range all[0].Before.Services {
				all[0].Before.Services[i].Image = "reg.example:5000/whoami-for-swarm:latest"
			}
		}, nil},
		{"one of two clients is told something else", func(all []finding.Case) {
			tr := &all[2].Bundle.Traces[1]
			tr.Responders[0].Count, tr.Responders[0].Echoed, tr.Responders[0].Browser = 60, 60, 0
			tr.Errors = []evidence.ErrorClass{{Class: "http-403", Count: 40, Browser: 40}}
		}, []string{"treats-grader-differently 2024003"}},
		{"failures that have nothing to do with it", func(all []finding.Case) {
			tr := &all[2].Bundle.Traces[1]
			tr.Responders[0].Count, tr.Responders[0].Echoed, tr.Responders[0].Browser = 60, 60, 31
			tr.Errors = []evidence.ErrorClass{{Class: "timeout", Count: 40, Browser: 18}}
		}, nil},
		{"edited after the start", func(all []finding.Case) { all[2].Bundle.Proxies[0].Files[0].Modified = "2024-11-20T09:00:00Z" },
			[]string{"config-edited-after-start 2024003"}},
		{"a backend under a condition that holds or not", func(all []finding.Case) { conditional(&all[2], "METH_GET !LOCALHOST") },
			[]string{"backend-under-condition 2024003"}},
		{"a backend for paths that the load does not ask for", func(all []finding.Case) { conditional(&all[2], "METH_POST") }, nil},
		{"a host name like a container's ID", func(all []finding.Case) { all[0].Before.Services[2].Hostname = strings.Repeat("05", 6) },
			[]string{"hostname-of-another 2024003"}},
		{"evidence of an older program", func(all []finding.Case) {
			for _, k := range all {
				for i := range k.Bundle.Traces {
					k.Bundle.Traces[i].Nonce, k.Bundle.Traces[i].Responders[0].Echoed = "", 0
				}
				k.Bundle.Proxies[0].ImageID = ""
			}
			for i := range all[0].Before.Containers {
				all[0].Before.Containers[i].ImageID = ""
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := classOf(8)
			c.change(all)
			var got []string
			for _, f := range finding.Class(names, all, "whoami-for-swarm") {
				got = append(got, string(f.Kind)+" "+strings.Join(f.Students, " "))
				require.NotEmpty(t, f.Evidence)
				for _, e := range f.Evidence {
					require.Contains(t, f.Students, e.Student)
					require.Equal(t, "sha256:"+e.Student, e.Bundle)
				}
				for _, lang := range i18n.Langs {
					for _, m := range []i18n.Msg{f.Message, f.Kind.Title(), f.Kind.Severity().Text()} {
						text := lang.Text(m)
						require.NotContains(t, text, "finding.")
						require.NotContains(t, text, "{")
					}
				}
			}
			require.Equal(t, c.want, got)
			require.Equal(t, finding.Class(names, all), finding.Class(names, all), "the same class, the same findings")
		})
	}
}

func TestKindsAreComplete(t *testing.T) {
	for _, k := range finding.Kinds {
		for _, lang := range i18n.Langs {
			_, ok := lang.Raw(k.Title().Key)
			require.True(t, ok, "%s %s", lang, k)
		}
	}
}

func TestOf(t *testing.T) {
	all := []finding.Finding{{Students: []string{"a", "b"}}, {Students: []string{"c"}}}
	require.Equal(t, all[:1], finding.Of(all, []string{"b"}))
	require.Empty(t, finding.Of(all, nil))
	require.Len(t, all, 2)
}

// conditional leads some requests to another backend.
func conditional(k *finding.Case, cond string) {
	f := &k.Bundle.Proxies[0].Files[0]
	f.Text = strings.Replace(f.Text, "default_backend", "use_backend others if "+cond+"\n    default_backend", 1) + "\nbackend others\n    server a 172.30.0.11:9\n"
}

// names are those of the built-in rubric.
var names = check.NamesOf(&rubric.Rubric{})
