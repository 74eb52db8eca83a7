package haproxy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostFor(t *testing.T) {
	const tail = "\nbackend web\n    server a 10.0.0.1:80\nbackend stat\n    stats enable\n"
	for lines, want := range map[string]string{
		"    acl main hdr(host) -i lab.example.edu\n    use_backend stat if { path -i /my-stats }\n    use_backend web if main": "lab.example.edu",
		"    use_backend web if { hdr(host) -i <host-node1>-10087.direct.example.edu }":                                         "",
		"    use_backend web if { req.hdr(Host) -m str -- a.example b.example }":                                                "a.example",
		"    use_backend web if { hdr_dom(host) -i example.edu }":                                                               "example.edu",
		"    use_backend web if { hdr_end(host) .example.edu other.edu }":                                                       "other.edu",
		"    use_backend web if { path /x } { hdr(host) a.example }":                                                            "a.example",
		"    acl x hdr(host) a.example\n    use_backend web if { path /x } !x or { path /x } { hdr(host) b.example }":           "b.example",
		"    use_backend web if { hdr(host) -f hosts.lst }":                                                                     "",
		"    use_backend web if { hdr(user-agent) curl }":                                                                       "",
		"    use_backend web unless { hdr(host) a.example }":                                                                    "",
		"    use_backend stat if { hdr(host) a.example }":                                                                       "",
		"    use_backend web if { hdr(host) a.example }\n    default_backend web":                                               "",
		"    use_backend web":                   "",
		"    default_backend web":               "",
		"    use_backend web if {":              "",
		"    use_backend web if { hdr(host) -m": "",
	} {
		cfg := ParseText("haproxy.cfg", "defaults\n    mode http\nfrontend f\n    bind *:80\n"+lines+tail)
		require.Equal(t, want, cfg.HostFor(80), lines)
		require.Empty(t, cfg.HostFor(81), lines)
	}
}
