package swarm

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// oneService is an engine's only service, of a newer version than this program knows.
type oneService struct {
	mu       sync.Mutex
	version  int
	mode     string // of the specification
	gone     bool
	bodies   []string
	meantime func() // once, between reading and writing
	lose     bool   // the first answer to a change
}

func (o *oneService) serve(w http.ResponseWriter, r *http.Request, path string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case !strings.HasPrefix(path, "/services/"):
		return false
	case o.gone:
		refuse(w, http.StatusNotFound, "service x not found")
	case r.Method == http.MethodGet:
		fmt.Fprintf(w, `{"ID":"x","Version":{"Index":%d},"Spec":{"Name":"web","FromTheFuture":{"Big":18446744073709551615,"Text":"a<b"},"Mode":%s}}`, o.version, o.mode)
		if o.meantime != nil {
			o.meantime()
			o.meantime = nil
		}
	default:
		body, _ := io.ReadAll(r.Body)
		o.bodies = append(o.bodies, string(body))
		if r.URL.Query().Get("version") != fmt.Sprint(o.version) {
			refuse(w, http.StatusInternalServerError, "rpc error: code = Unknown desc = update out of sequence")
			return true
		}
		var spec struct{ Mode json.RawMessage }
		_ = json.Unmarshal(body, &spec)
		o.mode, o.version = string(spec.Mode), o.version+1
		if o.lose {
			o.lose = false
			refuse(w, http.StatusBadGateway, "lost")
			return true
		}
		fmt.Fprint(w, `{}`)
	}
	return true
}

func TestScale(t *testing.T) {
	two := `{"Replicated":{"Replicas":2,"Also":"new"}}`
	for name, c := range map[string]struct {
		o      *oneService
		scaled bool
		mode   string
		writes int
	}{
		"as asked":               {&oneService{mode: two}, true, `{"Replicated":{"Also":"new","Replicas":5}}`, 1},
		"no number said":         {&oneService{mode: `{"Replicated":{}}`}, false, `{"Replicated":{}}`, 0},
		"another number":         {&oneService{mode: `{"Replicated":{"Replicas":3}}`}, false, `{"Replicated":{"Replicas":3}}`, 0},
		"global":                 {&oneService{mode: `{"Global":{}}`}, false, `{"Global":{}}`, 0},
		"gone":                   {&oneService{mode: two, gone: true}, false, two, 0},
		"an answer that is lost": {&oneService{mode: two, lose: true}, true, `{"Replicated":{"Also":"new","Replicas":5}}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			engines, cluster := startSwarm(t)
			for _, e := range engines {
				e.setHook(c.o.serve)
			}
			scaled, err := cluster.Scale(t.Context(), "x", 2, 5)
			require.NoError(t, err)
			require.Equal(t, c.scaled, scaled)
			require.Equal(t, c.mode, c.o.mode)
			require.Len(t, c.o.bodies, c.writes)
			for _, b := range c.o.bodies {
				var spec struct {
					FromTheFuture struct {
						Big  json.Number
						Text string
					}
				}
				require.NoError(t, json.Unmarshal([]byte(b), &spec))
				require.Equal(t, "18446744073709551615", spec.FromTheFuture.Big.String(), "what nobody here knows stays")
				require.Equal(t, "a<b", spec.FromTheFuture.Text)
			}
		})
	}
}

// What another writes between reading and writing is looked at anew: the same number
// still, it is scaled on top of that; another one, it is left.
func TestScaleBesideAnotherWriter(t *testing.T) {
	for mode, scaled := range map[string]bool{`{"Replicated":{"Replicas":2}}`: true, `{"Replicated":{"Replicas":9}}`: false} {
		o := &oneService{mode: `{"Replicated":{"Replicas":2}}`}
		o.meantime = func() { o.version, o.mode = o.version+1, mode }
		engines, cluster := startSwarm(t)
		for _, e := range engines {
			e.setHook(o.serve)
		}
		got, err := cluster.Scale(t.Context(), "x", 2, 5)
		require.NoError(t, err)
		require.Equal(t, scaled, got)
		n, found, err := cluster.Replicas(t.Context(), "x")
		require.NoError(t, err)
		require.True(t, found)
		require.EqualValues(t, map[bool]int{true: 5, false: 9}[scaled], n)
	}
}
