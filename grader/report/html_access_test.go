package report

import (
	"swarmgrade/grader/page/pagetest"
)

// What all pages are held to, under names that are short here.
var (
	parsed     = pagetest.Parsed
	textUnder  = pagetest.TextUnder
	textOf     = pagetest.TextOf
	actsNot    = pagetest.ActsNot
	accessible = pagetest.Accessible
)
