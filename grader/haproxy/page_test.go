package haproxy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestOffers(t *testing.T) {
	offers := func(text string) []Offer {
		out := ParseText("haproxy.cfg", "defaults\n    mode http\n"+text).Offers()
		for i := range out {
			out[i].Line = Line{}
		}
		return out
	}
	for _, c := range []struct {
		name, text string
		want       []Offer
	}{
		{"none", "frontend f\n    bind *:80\n", nil},
		{"a section of its own", "listen stats\n    bind *:8404\n    stats enable\n    stats uri /st\n", []Offer{{Port: 8404, URI: "/st"}}},
		{"the usual URI", "listen stats\n    bind *:8404\n    stats enable\n", []Offer{{Port: 8404, URI: "/haproxy?stats"}}},
		{"a password, with a colon in it", "frontend f\n    bind *:80\n    stats uri /st\n    stats auth u:p:q\n    stats auth v:w\n",
			[]Offer{{Port: 80, URI: "/st", Auth: "u:p:q"}}},
		{"a backend that a path leads to", "frontend f\n    bind *:80\n    use_backend s if { path_beg /st }\nbackend s\n    stats uri /st\n",
			[]Offer{{Port: 80, URI: "/st"}}},
		{"the default backend", "frontend f\n    bind *:80\n    default_backend s\nbackend s\n    stats uri /st\n", []Offer{{Port: 80, URI: "/st"}}},
		{"two ports", "listen s\n    bind *:80,*:81\n    stats uri /st\n", []Offer{{Port: 80, URI: "/st"}, {Port: 81, URI: "/st"}}},
		{"from the defaults, at every frontend", "    stats uri /st\nfrontend f\n    bind *:80\nfrontend g\n    bind *:81\n",
			[]Offer{{Port: 80, URI: "/st"}, {Port: 81, URI: "/st"}}},
		{"loopback alone", "listen s\n    bind 127.0.0.1:80\n    stats uri /st\n", nil},
		{"TLS", "listen s\n    bind *:80 ssl crt /x.pem\n    stats uri /st\n", nil},
		{"mode tcp", "listen s\n    mode tcp\n    bind *:80\n    stats uri /st\n", nil},
		{"a unix socket", "listen s\n    bind /run/s.sock\n    stats uri /st\n", nil},
		{"a URI with a line end in it", "listen s\n    bind *:80\n    stats uri \"/st\\r\\nHost:\\ x\"\n", nil},
		{"a URI that names a host", "listen s\n    bind *:80\n    stats uri //elsewhere/\n", nil},
		{"a URI without a slash", "listen s\n    bind *:80\n    stats uri http://elsewhere/\n", nil},
		{"a URI from the environment", "listen s\n    bind *:80\n    stats uri \"/$X\"\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, offers(c.text)) })
	}
}

func TestReadPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "page", "haproxy-2.6.csv"))
	require.NoError(t, err)
	page, err := ReadPage(string(text))
	require.NoError(t, err)
	require.Equal(t, evidence.Page{Backends: []evidence.PageBackend{
		{Name: "b", Status: "UP", Algorithm: "roundrobin", Servers: []evidence.PageServer{
			{Name: "c1", Status: "DOWN", Weight: 5, Address: "127.44.0.1:81"},
			{Name: "c2", Status: "no check", Weight: 1, Address: "127.44.0.1:82"},
			{Name: "c3", Status: "MAINT", Weight: 1, Address: "127.44.0.1:83"},
			{Name: "t1", Status: "MAINT (resolution)", Weight: 1},
			{Name: "t2", Status: "MAINT (resolution)", Weight: 1},
		}},
		{Name: "stats", Status: "UP", Algorithm: "roundrobin"},
	}}, page)

	for _, bad := range []string{"", "Hostname: 0b9a3c\n", "<html>", "pxname,svname,\n", "# pxname\n", "# svname,pxname,\n"} {
		_, err := ReadPage(bad)
		require.Error(t, err, bad)
	}
	const head = "# pxname,svname,status,weight,type,\n"
	page, err = ReadPage(head + "b,a\x1b[31m\u202e,UP,x,2,\nb,\"q\"uote,UP,1\nb,,,,1\n,,,,\n")
	require.NoError(t, err)
	require.Equal(t, []evidence.PageBackend{{Name: "b", Servers: []evidence.PageServer{{Name: "a[31m", Status: "UP", Weight: -1}}}}, page.Backends,
		"what can't be printed is dropped, short rows count for what they hold")
	page, err = ReadPage(head + strings.Repeat("b,a,UP,1,2,\n", maxPageRows+9))
	require.NoError(t, err)
	require.True(t, page.Truncated)
	require.Len(t, page.Backends[0].Servers, maxPageRows)
}

func FuzzReadPage(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "page", "haproxy-2.6.csv"))
	require.NoError(f, err)
	f.Add(string(text))
	f.Add("# pxname,svname,status,weight,type,algo,\nb,a,UP,1,2,,\nb,BACKEND,UP,1,1,roundrobin\n")
	f.Add("# pxname,svname,\n\"\",\"\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		page, err := ReadPage(text)
		if err != nil {
			return
		}
		n := 0
		words := []string{}
		for _, b := range page.Backends {
			words = append(words, b.Name, b.Status, b.Algorithm)
			for _, s := range b.Servers {
				n++
				words = append(words, s.Name, s.Status, s.Address)
			}
		}
		require.LessOrEqual(t, n, maxPageRows)
		for _, w := range words {
			require.LessOrEqual(t, utf8.RuneCountInString(w), maxPageWord)
			require.NotContains(t, w, "\n")
			require.Equal(t, -1, strings.IndexFunc(w, unicode.IsControl))
		}
	})
}
