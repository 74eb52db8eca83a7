package loadgen

import (
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// TestRemote: a whoami's answer says whom it saw; what else a page says is no
// such address.
func TestRemote(t *testing.T) {
	rules, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	for body, want := range map[string]string{
		"Hostname: a1\nRemoteAddr: 10.0.1.9:41230\n":                            "10.0.1.9",
		"Hostname: a1\nRemoteAddr: [2001:db8::7]:80\n":                          "2001:db8::7",
		"Hostname: a1\nRemoteAddr: 10.0.1.9\n":                                  "",
		"Hostname: a1\nRemoteAddr: evil:80\n":                                   "",
		"Hostname: a1\nRemoteAddr: :80\n":                                       "",
		"Hostname: a1\n":                                                        "",
		"Hostname: a1\nGET / HTTP/1.1\nRemoteAddr: 10.0.1.9:1\n":                "",
		"Hostname: a1\nRemoteAddr: 10.0.1.9:1\nGET / HTTP/1.1\nRemoteAddr: x\n": "10.0.1.9",
	} {
		var f found
		require.NotNil(t, rules.find(&f, nil, []byte(body)), body)
		got := ""
		if f.client.IsValid() {
			got = f.client.String()
		}
		require.Equal(t, want, got, body)
	}
}

func TestNoteClient(t *testing.T) {
	var r evidence.Responder
	noteClient(&r, netip.Addr{})
	require.Empty(t, r.Clients)
	for i := range 3 * maxClients {
		noteClient(&r, netip.MustParseAddr("10.0.0."+strconv.Itoa(i/2)))
	}
	require.Len(t, r.Clients, maxClients)
	require.Equal(t, []string{"10.0.0.0", "10.0.0.1"}, r.Clients[:2])
}
