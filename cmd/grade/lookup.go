package main

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/spf13/cobra"

	"swarmgrade/grader/lookup"
)

// dockerDNS is the DNS server of every container on a network that a user made.
const dockerDNS = "127.0.0.11:53"

// newLookupCmd is what runs within students' networks: see package lookup.
func newLookupCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use: lookup.Verb, Short: a.lang().T("cli.lookup_short"), Hidden: true, DisableFlagParsing: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // no flag is a flag here
		RunE: func(c *cobra.Command, args []string) error {
			return lookup.Run(c.Context(), args, resolver(dockerDNS), nil, a.Stdout)
		},
	}
}

// resolver asks one DNS server, whatever the system's files say.
func resolver(server string) lookup.Resolver {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
	return func(ctx context.Context, name string) ([]netip.Addr, error) {
		found, err := r.LookupNetIP(ctx, "ip4", name+".") // with no search domain
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			err = lookup.ErrUnknown
		}
		return found, err
	}
}
