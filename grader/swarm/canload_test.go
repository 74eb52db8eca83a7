package swarm

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhichEnginesCanLoad: each reason why one can't is said, and what is wrong with an empty archive is none.
func TestWhichEnginesCanLoad(t *testing.T) {
	engines, c := startSwarm(t)
	id := nodeOf(t, c, 0)
	for name, x := range map[string]struct {
		arch, api string
		status    int
		words     string
		says      string
	}{
		"20.10":                       {"amd64", "1.41", 500, "open repositories: no such file or directory", ""},
		"a newer one":                 {"amd64", "1.51", 400, "archive holds no image", ""},
		"one that takes nothing in":   {"amd64", "1.51", 200, "", ""},
		"an older one":                {"amd64", "1.40", 200, "", "20.10 or newer"},
		"another processor":           {"arm64", "1.51", 200, "", "this grade is for linux/amd64"},
		"a way that lets little pass": {"amd64", "1.51", 403, "forbidden by policy", "forbidden by policy"},
	} {
		t.Run(name, func(t *testing.T) {
			engines[0].setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
				switch path {
				case "/version":
					fmt.Fprintf(w, `{"Os":"linux","Arch":%q,"ApiVersion":%q,"Version":"x"}`, x.arch, x.api)
				case "/images/load":
					body, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					require.Equal(t, make([]byte, 1024), body)
					if x.status == 200 {
						return true
					}
					refuse(w, x.status, x.words)
				default:
					return false
				}
				return true
			})
			err := c.CanLoad(t.Context(), id, "amd64")
			if x.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, x.says)
		})
	}
	require.ErrorIs(t, c.CanLoad(t.Context(), "nobody", "amd64"), errUnseen)
}
