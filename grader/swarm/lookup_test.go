package swarm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/helper"
)

// nodeOf is the node that an engine is.
func nodeOf(t *testing.T, c *Cluster, i int) string {
	t.Helper()
	f, err := c.endpoints[i].facts(t.Context())
	require.NoError(t, err)
	return f.nodeID
}

// takes is an engine that takes images in, and answers an archive with a status and words.
func takes(engine *fakeEngine, arch string, status int, words string, got *[]byte) {
	engine.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
		switch path {
		case "/version":
			fmt.Fprintf(w, `{"Os":"linux","Arch":%q}`, arch)
		case "/images/load":
			body, err := io.ReadAll(r.Body)
			if got != nil {
				*got = body
			}
			if err != nil {
				return true
			}
			w.WriteHeader(status)
			fmt.Fprint(w, words)
		case "/images/i:1/json":
			fmt.Fprint(w, `{"Id":"sha256:abc"}`)
		default:
			return false
		}
		return true
	})
}

func TestLoadImage(t *testing.T) {
	engines, c := startSwarm(t)
	id := nodeOf(t, c, 0)
	long := strings.Repeat("archive ", 100000)
	write := func(w io.Writer) error { _, err := io.WriteString(w, long); return err }
	load := func(write func(io.Writer) error) (string, error) {
		return c.LoadImage(t.Context(), id, "i:1", "amd64", write)
	}

	var got []byte
	takes(engines[0], "amd64", 200, `{"stream":"Loaded image: i:1\n"}`, &got)
	image, err := load(write)
	require.NoError(t, err)
	require.Equal(t, "sha256:abc", image)
	require.Equal(t, long, string(got))

	// What went wrong while it was read comes with status 200.
	takes(engines[0], "amd64", 200, `{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}`, nil)
	_, err = load(write)
	require.ErrorContains(t, err, "no space left")
	takes(engines[0], "amd64", 403, `{"message":"forbidden by policy"}`, nil)
	_, err = load(write)
	require.Equal(t, "denied", diag.Code(err))
	takes(engines[0], "arm64", 200, "", nil)
	_, err = load(write)
	require.ErrorIs(t, err, errOtherArch)
	takes(engines[0], "amd64", 200, "", nil)
	_, err = load(func(io.Writer) error { return errors.New("the file is gone") })
	require.Error(t, err)
	_, err = c.LoadImage(t.Context(), "nobody", "i:1", "amd64", write)
	require.ErrorIs(t, err, errUnseen)
}

// TestRemoveImage: whoever may not remove images is not asked to where there is none.
func TestRemoveImage(t *testing.T) {
	engines, c := startSwarm(t)
	id := nodeOf(t, c, 0)
	there := false
	engines[0].setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
		switch {
		case r.Method == http.MethodDelete:
			refuse(w, http.StatusForbidden, "forbidden by policy")
		case path == "/images/i:1/json" && there:
			fmt.Fprint(w, `{"Id":"sha256:abc"}`)
		case path == "/images/i:1/json":
			refuse(w, http.StatusNotFound, "No such image: i:1")
		default:
			return false
		}
		return true
	})
	require.NoError(t, c.RemoveImage(t.Context(), id, "i:1"))
	there = true
	require.Equal(t, "denied", diag.Code(c.RemoveImage(t.Context(), id, "i:1")))
}

// TestEndHelpersOfOneToken: whatever a filter lets through, nothing of anybody else's is removed.
func TestEndHelpersOfOneToken(t *testing.T) {
	engines, c := startSwarm(t)
	var removed []string
	for _, e := range engines {
		e.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
			switch {
			case r.Method == http.MethodDelete:
				removed = append(removed, path)
			case path == "/services":
				filters, err := url.QueryUnescape(r.URL.Query().Get("filters"))
				require.NoError(t, err)
				require.Contains(t, filters, helper.LabelToken+"=mine")
				fmt.Fprint(w, `[{"ID":"a","Spec":{"Name":"a","Labels":{"swarmgrade.lookup":"mine"}}},{"ID":"b","Spec":{"Name":"s01","Labels":{}}},{"ID":"c","Spec":{"Labels":{"swarmgrade.lookup":"other"}}}]`)
			case path == "/tasks":
				filters, err := url.QueryUnescape(r.URL.Query().Get("filters"))
				require.NoError(t, err)
				require.Contains(t, filters, helper.LabelToken+"=mine")
				var out []string
				for i, state := range []string{"new", "assigned", "preparing", "starting", "running", "complete", "shutdown", "failed", "rejected", "orphaned"} {
					for _, label := range []string{`{"swarmgrade.lookup":"mine"}`, `{"swarmgrade.lookup":"other"}`, `{}`} {
						out = append(out, fmt.Sprintf(`{"NodeID":"n%d","Spec":{"ContainerSpec":{"Labels":%s}},"Status":{"State":%q}}`, i, label, state))
					}
				}
				fmt.Fprintf(w, "[%s]", strings.Join(out, ","))
			default:
				return false
			}
			return true
		})
	}
	open, err := c.EndHelpers(t.Context(), "mine", "")
	require.NoError(t, err)
	require.Equal(t, []string{"n0", "n1", "n2", "n3", "n4"}, open)
	require.Equal(t, []string{"/services/a"}, removed)
}

// TestAJobIsSmallAndCloses: what it may do is little, and it takes no address for itself.
func TestAJobIsSmallAndCloses(t *testing.T) {
	s := helperSpec(helper.Service{Kind: "i", Image: "sha256:abc", NetworkID: "n1", Token: "token", Run: "r", Student: "01", Without: []string{"a", "b"}, Args: []string{"s01=10.0.0.2"}})
	require.NotNil(t, s.Mode.Global, "of what a global-job leaves, 20.10 keeps tasks and containers")
	task := s.TaskTemplate
	require.Equal(t, swarm.RestartPolicyConditionNone, task.RestartPolicy.Condition)
	require.Equal(t, []swarm.NetworkAttachmentConfig{{Target: "n1"}}, task.Networks)
	require.Equal(t, []string{"node.id!=a", "node.id!=b"}, task.Placement.Constraints)
	require.Nil(t, helperSpec(helper.Service{}).TaskTemplate.Placement)
	require.Equal(t, []string{"s01=10.0.0.2"}, task.ContainerSpec.Args)
	require.True(t, task.ContainerSpec.ReadOnly)
	require.Empty(t, task.ContainerSpec.Mounts)
	require.Equal(t, []string{"ALL"}, task.ContainerSpec.CapabilityDrop)
	require.Positive(t, task.Resources.Limits.MemoryBytes)
	require.Nil(t, task.Resources.Reservations, "no node is too full for it")
	require.Equal(t, swarm.ResolutionModeDNSRR, s.EndpointSpec.Mode)
	require.Empty(t, s.EndpointSpec.Ports)
	for _, labels := range []map[string]string{s.Labels, task.ContainerSpec.Labels} {
		require.Equal(t, map[string]string{helper.LabelToken: "token", helper.LabelRun: "r", helper.LabelStudent: "01"}, labels)
	}
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"Global":{}`)
}
