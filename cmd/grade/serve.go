package main

import "github.com/spf13/cobra"

// serveAddress is where the page is unless something else is said.
const serveAddress = "127.0.0.1:8080"

// newServeCmd is the page for students and instructors, and what belongs to it.
func newServeCmd(a *app) *cobra.Command {
	c := &cobra.Command{Use: "serve", Short: a.lang().T("links.serve_short"), Args: verbsOnly, RunE: showHelp}
	c.AddCommand(newServeLinksCmd(a))
	return c
}
