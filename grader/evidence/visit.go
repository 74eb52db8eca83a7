package evidence

import (
	"fmt"
	"slices"
	"strings"
)

// Cookies is how the clients of a load with cookies behave; the zero value is a
// load whose clients know none. The clients come one after the other, in the order
// of the fields, and every request has a connection of its own.
type Cookies struct {
	// Clients keep the cookies that they get, each its own: a client asks once with
	// none, and then Replays times with what it has got by then.
	Clients int `json:"clients,omitempty"`
	Replays int `json:"replays,omitempty"`
	// Jars are the cookies that clients come with from an earlier load: a line a client,
	// as a Cookie header has it.
	Jars string `json:"jars,omitempty"`
	// Plain is how many requests come from clients that never have a cookie.
	Plain int `json:"plain,omitempty"`
	// Invented is how many come with a value that nobody gave them, each with another,
	// under the names of cookies that were set before. They are sent as plain ones if there are
	// none.
	Invented int `json:"invented,omitempty"`
}

// Requests is how many requests that is.
func (c Cookies) Requests() int { return c.Clients*(1+c.Replays) + c.Plain + c.Invented }

// Jars are what the clients of a load have got in the end that keep cookies: a line a
// client, as a Cookie header has it; "" if none has any.
func (t *Trace) Jars() string {
	var lines []string
	some := false
	for _, v := range t.Visits {
		if v.Who != VisitKept {
			continue
		}
		var names, values []string
		for _, s := range v.Set {
			i := slices.Index(names, s.Name)
			switch {
			case s.Cut || s.Refused != "":
			case i >= 0:
				values[i] = s.Value
			default:
				names, values = append(names, s.Name), append(values, s.Value)
			}
		}
		for i := range names {
			names[i] += "=" + values[i]
		}
		some = some || len(names) > 0
		lines = append(lines, strings.Join(names, "; "))
	}
	if !some {
		return ""
	}
	return strings.Join(lines, "\n")
}

// Who a visit is of.
const (
	VisitKept     = "kept"     // one client that keeps its cookies
	VisitPlain    = "plain"    // clients that have none
	VisitInvented = "invented" // clients with a value that nobody gave them
)

// Visit is what clients of one kind saw of a load with cookies.
type Visit struct {
	Who string `json:"who"`
	// From is the place of its first request in the trace's sequence, Sent how many
	// of its requests were sent.
	From int `json:"from"`
	Sent int `json:"sent"`
	// Set are the different cookies that answers set, in the order of the first
	// one, up to the loader's limit; More is how many there were beyond.
	Set  []SetCookie `json:"set,omitempty"`
	More int         `json:"more,omitempty"`
	// Names and Value are what requests with an invented cookie brought. Differ says
	// that each brought a value of its own: the place of the request, in four
	// hexadecimal digits, stood behind Value.
	Names  []string `json:"names,omitempty"`
	Value  string   `json:"value,omitempty"`
	Differ bool     `json:"differ,omitempty"`
}

// SetCookie is one cookie that answers set.
type SetCookie struct {
	// At is the place in the trace's sequence of the first request that it was set
	// by, Times how many answers set it like that.
	At    int    `json:"at"`
	Times int    `json:"times"`
	Name  string `json:"name"`
	Value string `json:"value"`
	// Attributes is what follows the value, as written. Cut says that one of the
	// texts was longer than what is kept.
	Attributes string `json:"attributes,omitempty"`
	Cut        bool   `json:"cut,omitempty"`
	// Refused says why a client that keeps cookies did not send it back: "expired"
	// (it takes a cookie away), "domain" and "path" (it is for another host or
	// path), "secure" (it is for TLS alone), "long", "odd" (it holds what a header
	// line can't), "many" (the client has enough); "" if it did.
	Refused string `json:"refused,omitempty"`
}

// PlainHost reports whether a text is a host name as DNS has them, and so one that a
// Host header can carry: no port, no address in brackets.
func PlainHost(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// Of is the part of the sequence that a visit's requests have.
func (t *Trace) Of(v *Visit) []int16 {
	from := min(max(v.From, 0), len(t.Sequence))
	return t.Sequence[from : from+min(max(v.Sent, 0), len(t.Sequence)-from)]
}

// visitsValid holds the promise that visits are within the sequence.
func (t *Trace) visitsValid() error {
	for i, v := range t.Visits {
		if v.From < 0 || v.Sent < 0 || v.From > len(t.Sequence) || v.Sent > len(t.Sequence)-v.From {
			return fmt.Errorf("visit %d is not within the sequence", i)
		}
	}
	return nil
}
