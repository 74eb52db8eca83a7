package loadgen

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// identities are answers and what is to be found in them by the built-in
// rules; those without a rule name nobody.
var identities = map[string]struct {
	head, body string
	host       string
	addrs      []string
	student    string
	rule       string
	bench      bool
}{
	"whoami": {
		body: whoami(1), host: "c0ffee000001", addrs: []string{"10.0.0.4", "10.0.1.4"}, student: "0020240101",
		rule: "whoami", bench: true,
	},
	"whoami with IPv6 and lines in another order": {
		body: "IP: ::1\nIP: fe80::42:acff:fe11:2%eth0\nIP: 10.0.1.9\r\nStudent ID: 2024001\r\nHostname: web-1\r\n",
		host: "web-1", addrs: []string{"10.0.1.9", "fe80::42:acff:fe11:2"}, student: "2024001", rule: "whoami",
	},
	"whoami with its environment after the echo": {
		body: "Hostname: web-1\n\nGET /?env=1 HTTP/1.1\nHost: x\nStudent_id: forged\nSTUDENT_ID=forged\n\nPATH=/bin\nSTUDENT_ID=2024001\n",
		host: "web-1", student: "2024001", rule: "whoami",
	},
	"environment style": {
		body: "HOSTNAME=3f9a1c\nSTUDENT_ID=2024001\n", host: "3f9a1c", student: "2024001", rule: "whoami",
	},
	"the echo of a request is nobody": {
		body: "GET / HTTP/1.1\nHost: 172.30.0.11:8001\nHostname: forged\nIP: 10.9.9.9\nX-Served-By: forged\n\n",
	},
	"json": {
		body: `{"hostname":"web-1","ip":["127.0.0.1","10.0.1.7"],"headers":{"X-Hostname":["forged"]},"host":"172.30.0.11:8001","STUDENT_ID":2024001}`,
		host: "web-1", addrs: []string{"10.0.1.7"}, student: "2024001", rule: "json", bench: true,
	},
	"json, one object deeper": {
		body: ` {"ok":true,"n":[1,{"hostname":"no"}],"container":{"Container-ID":"3f9a1c","address":"10.0.1.7/24"},"student":{"student_id":"0020240101"}}`,
		host: "3f9a1c", addrs: []string{"10.0.1.7"}, student: "0020240101", rule: "json",
	},
	"json prefers the better name": {
		body: `{"id":"req-81723","host":"web-2","containerId":"3f9a1c"}`, host: "3f9a1c", rule: "json",
	},
	"json two objects deeper is not looked at": {body: `{"a":{"b":{"hostname":"x"}}}`},
	"json that breaks off":                     {body: `{"a":{"b":[{"hostname":"x`},
	"json that names an address as host":       {body: `{"host":"172.30.0.11"}`},
	"processed by": {
		body: "<html><head><style>h1{hostname:x}</style></head><body><h1>This request was processed by host: cbc4fa365043</h1>\n<p>学号：2024001</p></body></html>",
		host: "cbc4fa365043", student: "2024001", rule: "processed-by", bench: true,
	},
	"friendlyhello":           {body: "<h3>Hello World!</h3><b>Hostname:</b> 41af6e8a9d21<br/><b>Visits:</b> 3", host: "41af6e8a9d21", rule: "processed-by"},
	"a table":                 {body: "<tr><td>Container ID</td><td>41af6e8a9d21</td></tr>", host: "41af6e8a9d21", rule: "processed-by"},
	"served by, no colon":     {body: "Served by web-3.", host: "web-3", rule: "processed-by"},
	"processed by host-1":     {body: "Processed by host-1", host: "host-1", rule: "processed-by"},
	"a sentence":              {body: "My hostname is web-3", host: "web-3", rule: "processed-by"},
	"Chinese":                 {body: "<p>主机名：web-3</p>", host: "web-3", rule: "processed-by"},
	"a comment is not shown":  {body: "<!-- Hostname: forged --> nothing"},
	"a script is not shown":   {body: "<script>var s='served by forged'</script>"},
	"a page with an echo":     {body: "<p>Protocol HTTP/1.1</p><pre>Hostname: web-1\nGET / HTTP/1.1\nX: served by forged\nSTUDENT_ID: 1</pre>", host: "web-1", rule: "processed-by"},
	"containers are not one":  {body: "containers: 3, no hostname here"},
	"a header":                {head: "Server: nginx\r\nX-Served-By: web-4\r\nX-Container-IP: 10.0.1.8\r\n\r\n", body: "hello", host: "web-4", addrs: []string{"10.0.1.8"}, rule: "headers", bench: true},
	"a header of another use": {head: "X-Powered-By: PHP\r\n\r\n", body: "hello"},
	"a name that is none":     {body: "Hostname: \x1b[31mred\x1b[0m\n"},
	"a name too long":         {body: "Hostname: " + strings.Repeat("a", 129) + "\n"},
	"nothing":                 {},
}

func TestBuiltinRules(t *testing.T) {
	a, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	for name, c := range identities {
		t.Run(name, func(t *testing.T) {
			id, rule, ok := a.Identify([]byte(c.head), []byte(c.body))
			require.Equal(t, c.rule != "", ok, "%+v", id)
			require.Equal(t, c.rule, rule)
			require.Equal(t, evidence.Identity{Hostname: c.host, Addresses: c.addrs, StudentID: c.student}, id)
		})
	}
}

// What changes from answer to answer must not make a new responder.
func TestIdentityDoesNotDependOnTheRequest(t *testing.T) {
	a, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	var one, two found
	require.NotNil(t, a.find(&one, nil, []byte(whoami(1))))
	other := strings.Replace(whoami(1), "RemoteAddr: 10.0.0.2:40001", "RemoteAddr: 10.0.0.9:5", 1)
	other = strings.Replace(other, "IP: 10.0.0.4\nIP: 10.0.1.4", "IP: 10.0.1.4\nIP: 10.0.0.4", 1)
	require.NotEqual(t, whoami(1), other)
	require.NotNil(t, a.find(&two, nil, []byte(other+"X-Forwarded-For: 10.7.7.7\n")))
	require.Equal(t, string(one.key), string(two.key))
}

func TestAttributionAllocatesNothing(t *testing.T) {
	a, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	for name, c := range identities {
		var f found
		head, body := []byte(c.head), []byte(c.body)
		require.Zero(t, testing.AllocsPerRun(20, func() { a.find(&f, head, body) }), name)
	}
}

func TestCustomRules(t *testing.T) {
	a, err := Compile(rubric.Attribution{Rules: []rubric.Rule{
		{Name: "node", Header: "X-Node"},
		{Name: "via", Header: "Via", Pattern: `^\S+ (?P<hostname>\S+)`},
		{Name: "custom", Pattern: `host: (?P<hostname>\S+) at (?P<address>\S+)`},
		{Name: "id", Pattern: `by student (?P<student>\d+)`},
	}})
	require.NoError(t, err)
	for _, c := range []struct {
		head, body, rule string
		want             evidence.Identity
	}{
		{"x-node: n1\r\n", "by student 7", "node", evidence.Identity{Hostname: "n1", StudentID: "7"}},
		{"Via: 1.1 n2 (x)\r\n", "", "via", evidence.Identity{Hostname: "n2"}},
		{"", "host: n3 at 10.0.0.3 by student 7", "custom", evidence.Identity{Hostname: "n3", Addresses: []string{"10.0.0.3"}, StudentID: "7"}},
		{"", "by student 7", "", evidence.Identity{}},
		{"", whoami(1), "id", evidence.Identity{Hostname: "c0ffee000001"}}, // as an ID looks
	} {
		id, rule, ok := a.Identify([]byte(c.head), []byte(c.body))
		require.Equal(t, c.rule != "", ok)
		require.Equal(t, c.rule, rule)
		require.Equal(t, c.want, id)
	}
}

func TestRulesThatMakeNoSense(t *testing.T) {
	for _, c := range []struct {
		rule rubric.Rule
		says string
	}{
		{rubric.Rule{Name: "x"}, "neither"},
		{rubric.Rule{Name: "x", Builtin: "who"}, `no built-in rule "who"`},
		{rubric.Rule{Name: "x", Builtin: "json", Header: "X"}, "takes no header"},
		{rubric.Rule{Name: "x", Pattern: "("}, "missing closing"},
		{rubric.Rule{Name: "x", Pattern: "(a)"}, "no group named"},
	} {
		_, err := Compile(rubric.Attribution{Rules: []rubric.Rule{{Builtin: "whoami"}, c.rule}})
		require.ErrorContains(t, err, c.says)
		require.ErrorContains(t, err, `rule 2 ("x")`)
	}
}

func FuzzAttribution(f *testing.F) {
	for _, c := range identities {
		f.Add([]byte(c.head), []byte(c.body))
	}
	a, err := Compile(rubric.Attribution{})
	require.NoError(f, err)
	var shared found
	f.Fuzz(func(t *testing.T, head, body []byte) {
		id, rule, ok := a.Identify(head, body)
		require.Equal(t, ok, rule != "")
		require.Equal(t, ok, id.Hostname != "" || len(id.Addresses) > 0)
		require.LessOrEqual(t, len(id.Addresses), maxAddresses)
		for _, s := range append(id.Addresses, id.Hostname, id.StudentID) {
			require.LessOrEqual(t, len(s), maxName)
			require.False(t, strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }), "%q", s)
		}
		// Used again after another answer, the memory gives the same.
		r := a.find(&shared, head, body)
		require.Equal(t, ok, r != nil)
		if ok {
			require.Equal(t, id, shared.identity())
		}
		require.True(t, utf8.ValidString(sample(body)))
		require.LessOrEqual(t, len(sample(body)), maxSample)
	})
}
