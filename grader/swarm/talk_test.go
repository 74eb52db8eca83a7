package swarm

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/helper"
)

type bothWays struct {
	io.Reader
	bytes.Buffer
}

func (b *bothWays) Read(p []byte) (int, error) { return b.Reader.Read(p) }
func (*bothWays) Close() error                 { return nil }

// TestWhatAContainerWritesInPieces: its standard output comes out as it went in, however it was cut;
// what is said of a piece costs nothing.
func TestWhatAContainerWritesInPieces(t *testing.T) {
	piece := func(stream byte, text string) string {
		return string([]byte{stream, 0, 0, 0, 0, 0, 0, byte(len(text))}) + text
	}
	whole := piece(1, "one ") + piece(2, "an error") + piece(1, "") + piece(1, "two")
	for _, r := range []io.Reader{strings.NewReader(whole), iotest.OneByteReader(strings.NewReader(whole))} {
		got, err := io.ReadAll(&talk{ReadWriteCloser: &bothWays{Reader: r}})
		require.NoError(t, err)
		require.Equal(t, "one two", string(got))
	}
	for text, want := range map[string]error{
		"\x07\x00\x00\x00\x00\x00\x00\x01x":             errNoPiece,
		"HTTP/1.1 400 no":                               errNoPiece,
		"\x01\x00\x00":                                  io.ErrUnexpectedEOF,
		"\x02\x00\x00\x00\xff\xff\xff\xffand no more":   io.EOF,
		"\x01\x00\x00\x00\xff\xff\xff\xffand that's it": nil,
	} {
		_, err := io.ReadAll(&talk{ReadWriteCloser: &bothWays{Reader: strings.NewReader(text)}})
		if want == nil || want == io.EOF {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorIs(t, err, want, text)
	}
}

// TestAnEngineThatDoesNotAttach says why.
func TestAnEngineThatDoesNotAttach(t *testing.T) {
	engines, c := startSwarm(t)
	engines[0].setHook(func(w http.ResponseWriter, _ *http.Request, path string) bool {
		if path != "/containers/c1/attach" {
			return false
		}
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"message":"container c1 is paused"}`)
		return true
	})
	_, err := c.Talk(t.Context(), nodeOf(t, c, 0), "c1")
	require.ErrorContains(t, err, "is paused")
	_, err = c.Talk(t.Context(), "nobody", "c1")
	require.Error(t, err)
}

// TestAWorkersJob is a job of so many tasks in the network of their nodes, which is talked with.
func TestAWorkersJob(t *testing.T) {
	s := helperSpec(helper.Service{Kind: "i", Image: "sha256:abc", NetworkID: "host", Token: "token", Times: 3, Talks: true, Env: []string{"A=b"}})
	require.Nil(t, s.Mode.Global)
	require.Equal(t, uint64(3), *s.Mode.ReplicatedJob.MaxConcurrent)
	require.Equal(t, uint64(3), *s.Mode.ReplicatedJob.TotalCompletions)
	task := s.TaskTemplate
	require.Equal(t, []swarm.NetworkAttachmentConfig{{Target: "host"}}, task.Networks)
	require.Equal(t, swarm.RestartPolicyConditionNone, task.RestartPolicy.Condition)
	require.True(t, task.ContainerSpec.OpenStdin)
	require.True(t, task.ContainerSpec.ReadOnly)
	require.Equal(t, []string{"ALL"}, task.ContainerSpec.CapabilityDrop)
	require.Equal(t, []string{"A=b"}, task.ContainerSpec.Env)
	require.Equal(t, "none", task.LogDriver.Name)
	require.Nil(t, s.EndpointSpec)
}
