package loadgen

// identities are answers and what is to be found in them.
var identities = map[string]struct {
	head, body string
	host       string
	addrs      []string
	student    string
	rule       string
	bench      bool
}{
	"whoami": {body: whoami(1), host: "c0ffee000001", addrs: []string{"10.0.0.4", "10.0.1.4"}, student: "0020240101", rule: "whoami", bench: true},
}
