package lookup

import "swarmgrade/grader/helper"

// Image is the name of the helper's image.
const Image = "swarmgrade-lookup"

// Service is what is to be looked up in a network, for a student.
type Service struct {
	NetworkID string
	Names     []Name
	Student   string
}

// Helper is the global service that does it, once on every node.
func (s Service) Helper() helper.Service {
	return helper.Service{Kind: Image, NetworkID: s.NetworkID, Student: s.Student, Args: s.Args()}
}

// Args are its program's arguments.
func (s Service) Args() []string {
	var out []string
	for _, n := range s.Names {
		out = append(out, n.Arg())
	}
	return out
}
