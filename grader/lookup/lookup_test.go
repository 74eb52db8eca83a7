package lookup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// TestTheHelperAsksUntilNamesSayWhatTheyShould: at once where they do, for a bounded time
// where they never do, and what it saw last is what it reports.
func TestTheHelperAsksUntilNamesSayWhatTheyShould(t *testing.T) {
	calls := 0
	for name, c := range map[string]struct {
		args   []string
		ask    Resolver
		within [2]time.Duration
		want   []Answer
	}{
		"known at once": {[]string{"a=10.0.0.1,10.0.0.2"}, func(context.Context, string) ([]netip.Addr, error) { return addrs("10.0.0.2", "10.0.0.1"), nil },
			[2]time.Duration{0, 0}, []Answer{{Name: "a", Addresses: []string{"10.0.0.1", "10.0.0.2"}}}},
		"nothing expected": {[]string{"a"}, func(context.Context, string) ([]netip.Addr, error) { return addrs("10.0.0.1"), nil },
			[2]time.Duration{0, 0}, []Answer{{Name: "a", Addresses: []string{"10.0.0.1"}}}},
		"known after a while": {[]string{"a=10.0.0.1"}, func(context.Context, string) ([]netip.Addr, error) {
			if calls++; calls < 4 {
				return nil, ErrUnknown
			}
			return addrs("10.0.0.1"), nil
		}, [2]time.Duration{3 * Every, 3 * Every}, []Answer{{Name: "a", Addresses: []string{"10.0.0.1"}}}},
		"another for good, and twice": {[]string{"a=10.0.0.1"}, func(context.Context, string) ([]netip.Addr, error) { return addrs("10.0.0.9", "10.0.0.9"), nil },
			[2]time.Duration{Limit, Limit}, []Answer{{Name: "a", Addresses: []string{"10.0.0.9", "10.0.0.9"}}}},
		"unknown for good": {[]string{"a", "b"}, func(_ context.Context, name string) ([]netip.Addr, error) {
			if name == "a" {
				return nil, nil
			}
			return nil, errors.New("refused")
		}, [2]time.Duration{Limit, Limit}, []Answer{{Name: "a", Failure: Unknown}, {Name: "b", Failure: Failed}}},
		"no answer": {[]string{"a"}, func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() },
			[2]time.Duration{Limit, Limit}, []Answer{{Name: "a", Failure: Timeout}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				begun := time.Now()
				require.NoError(t, Run(t.Context(), c.args, c.ask, nil, &out))
				took := time.Since(begun)
				require.GreaterOrEqual(t, took, c.within[0])
				require.LessOrEqual(t, took, c.within[1])
				r, err := Parse(append([]byte("started\n"), out.Bytes()...))
				require.NoError(t, err)
				require.Equal(t, c.want, r.Answers)
				require.Nil(t, r.Answer("nobody"))
			})
		})
	}
}

// TestAHelpersWorkIsBounded: names, addresses and bytes.
func TestAHelpersWorkIsBounded(t *testing.T) {
	args := make([]string, 100)
	for i := range args {
		args[i] = fmt.Sprintf("%s%d", strings.Repeat("n", 300), i)
	}
	many := make([]netip.Addr, 5000)
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{10, 200, byte(200 + i%50), 200})
	}
	var out bytes.Buffer
	require.NoError(t, Run(t.Context(), args, func(context.Context, string) ([]netip.Addr, error) { return many, nil }, nil, &out))
	var r Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	require.Len(t, r.Answers, MaxNames)
	require.Len(t, r.Answers[0].Name, maxWord)
	require.Len(t, r.Answers[0].Addresses, MaxAddresses)
	// What two names of the most tasks take is read.
	out.Reset()
	require.NoError(t, Run(t.Context(), args[:2], func(context.Context, string) ([]netip.Addr, error) { return many, nil }, nil, &out))
	require.Less(t, out.Len(), MaxReport)
	_, err := Parse(out.Bytes())
	require.NoError(t, err)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"swarmgrade_lookup":1,"answers":[{"name":"a","addresses":["10.0.0.1"]},{"name":"b","failure":"unknown"}]}`))
	f.Add([]byte("{}\nnull\n[]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(r.Answers), MaxNames)
		for _, a := range r.Answers {
			require.LessOrEqual(t, len(a.Name), maxWord)
			require.LessOrEqual(t, len(a.Addresses), MaxAddresses)
			for _, ip := range a.Addresses {
				_, err := netip.ParseAddr(ip)
				require.NoError(t, err)
			}
		}
	})
}

func TestTheArgumentsOfAService(t *testing.T) {
	require.Equal(t, []string{"s01=10.0.0.1,10.0.0.2", "x="}, Service{Names: []Name{{"s01", []string{"10.0.0.1", "10.0.0.2"}}, {Name: "x"}}}.Args())
}
