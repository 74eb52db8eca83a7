package lookup

import (
	"crypto/sha256"
	"encoding/hex"
)

// Service is a global service that runs the helper once on every node, in a network.
type Service struct {
	Image     string // its name
	NetworkID string
	Names     []Name
	// Without are the IDs of nodes that do not have the image: the managers would make
	// task after task there.
	Without []string
	// Token, Run and Student are its labels.
	Token, Run, Student string
}

// Name is the service's: the same for the same, and for nothing else.
func (s Service) Name() string {
	hash := sha256.Sum256([]byte(s.Student + "\x00" + s.NetworkID))
	return Image + "-" + s.Token + "-" + hex.EncodeToString(hash[:4])
}

// Labels are its own and those of its containers.
func (s Service) Labels() map[string]string {
	return map[string]string{LabelToken: s.Token, LabelRun: s.Run, LabelStudent: s.Student}
}

// Args are its program's arguments.
func (s Service) Args() []string {
	var out []string
	for _, n := range s.Names {
		out = append(out, n.Arg())
	}
	return out
}
