package swarm

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// keys are the findings that are not ok.
func keys(d Diagnosis) (out []string) {
	for _, f := range d.Notices {
		if f.Level != "ok" {
			out = append(out, string(f.Level)+" "+f.Msg.Key)
		}
		for _, l := range i18n.Langs {
			if _, ok := l.Raw(f.Msg.Key); !ok {
				out = append(out, "no text for "+f.Msg.Key)
			}
		}
	}
	return out
}

// nodes changes the recorded list of nodes.
func nodes(t *testing.T, edit func(list []map[string]any)) func(w http.ResponseWriter, r *http.Request, path string) bool {
	raw, err := os.ReadFile(recorded("cluster/nodes.json"))
	require.NoError(t, err)
	var list []map[string]any
	require.NoError(t, json.Unmarshal(raw, &list))
	edit(list)
	changed, err := json.Marshal(list)
	require.NoError(t, err)
	return func(w http.ResponseWriter, r *http.Request, path string) bool {
		if path == "/nodes" {
			w.Write(changed)
		}
		return path == "/nodes"
	}
}

func TestDiagnoseRecordedSwarm(t *testing.T) {
	_, c := startSwarm(t)
	d := c.Diagnose(t.Context())
	require.Len(t, d.Endpoints, 3)
	for _, e := range d.Endpoints {
		require.True(t, e.Reached && e.Manager && e.SkewKnown)
		require.Equal(t, "1.41", e.APIVersion)
	}
	require.Equal(t, "bu2qsu5afek6wuhfx1r3ef57z", d.Swarm)
	require.Equal(t, [4]int{3, 3, 2, 1}, [4]int{d.Managers, d.Reachable, d.Quorum, d.Spare})
	require.NotEmpty(t, d.Leader)
	require.Empty(t, d.Down)
	require.Empty(t, d.Unseen)
	// The recorded clocks stood still.
	require.Equal(t, []string{"warn swarm.doctor_skew", "warn swarm.doctor_skew", "warn swarm.doctor_skew"}, keys(d))
	require.True(t, d.OK())
}

func TestSkew(t *testing.T) {
	f, address := startEngine(t, "manager-1")
	for _, c := range []struct {
		off  time.Duration
		says bool
	}{{0, false}, {time.Second, false}, {-time.Hour, true}, {time.Hour, true}} {
		f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
			if path != "/info" {
				return false
			}
			json.NewEncoder(w).Encode(map[string]any{
				"Name": "manager-1", "SystemTime": time.Now().Add(c.off).Format(time.RFC3339Nano),
				"Swarm": map[string]any{"NodeID": "kp10a4e7q4ojmafz7gslxw8no", "ControlAvailable": true},
			})
			return true
		})
		d := Diagnose(t.Context(), roster.Cluster{Endpoints: []string{address}})
		require.Equal(t, c.says, keys(d)[0] == "warn swarm.doctor_skew", "%v: %v", c.off, keys(d))
		require.InDelta(t, c.off.Seconds(), d.Endpoints[0].Skew.Seconds(), 0.5+d.Endpoints[0].Uncertainty.Seconds())
	}
}

func TestDiagnoseFaults(t *testing.T) {
	t.Run("a manager down", func(t *testing.T) {
		f, address := startEngine(t, "manager-1")
		f.setHook(nodes(t, func(list []map[string]any) {
			for _, n := range list {
				if n["Description"].(map[string]any)["Hostname"] == "manager-3" {
					n["Status"] = map[string]any{"State": "down", "Addr": "172.30.0.13"}
					n["ManagerStatus"] = map[string]any{"Reachability": "unreachable", "Addr": "172.30.0.13:2377"}
				}
			}
		}))
		d := Diagnose(t.Context(), roster.Cluster{Endpoints: []string{address}})
		require.Equal(t, []string{"manager-3"}, d.Down)
		require.Equal(t, []string{"manager-2", "manager-3"}, d.Unseen)
		require.Equal(t, 0, d.Spare)
		require.Equal(t, []string{"warn swarm.doctor_skew", "warn swarm.doctor_quorum_thin", "warn swarm.doctor_down", "warn swarm.doctor_unseen"}, keys(d))
	})
	t.Run("one manager", func(t *testing.T) {
		f, address := startEngine(t, "manager-1")
		f.setHook(nodes(t, func(list []map[string]any) {
			for _, n := range list {
				if n["Description"].(map[string]any)["Hostname"] != "manager-1" {
					delete(n, "ManagerStatus")
				}
			}
		}))
		d := Diagnose(t.Context(), roster.Cluster{Endpoints: []string{address}})
		require.Contains(t, keys(d), "warn swarm.doctor_quorum_few")
	})
	t.Run("nobody there", func(t *testing.T) {
		d := Diagnose(t.Context(), roster.Cluster{Endpoints: []string{"unix:///nonexistent/a.sock", "unix:///nonexistent/b.sock"}})
		require.Equal(t, []string{"warn swarm.no_socket", "warn swarm.no_socket", "error swarm.none_left"}, keys(d))
		require.False(t, d.OK())
		require.Equal(t, "unreachable", d.Endpoints[0].Err.Code)
	})
	t.Run("class file wrong", func(t *testing.T) {
		d := Diagnose(t.Context(), roster.Cluster{Endpoints: []string{"ftp://x"}})
		require.Equal(t, []string{"error swarm.bad_scheme"}, keys(d))
	})
	t.Run("an engine of another swarm", func(t *testing.T) {
		_, live := startEngine(t, "manager-1")
		f, foreign := startEngine(t, "manager-2")
		f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
			if path == "/info" {
				w.Write([]byte(`{"Name":"x","Swarm":{"NodeID":"stranger"}}`))
			}
			return path == "/info"
		})
		d := Diagnose(t.Context(), roster.Cluster{Endpoints: []string{live, foreign}})
		require.Contains(t, keys(d), "error swarm.doctor_stranger")
	})
}
