package lookup

import (
	"crypto/sha256"
	"encoding/hex"
)

// Job is a service that runs the helper once on every node, in a network.
type Job struct {
	Image     string // its name
	NetworkID string
	Names     []Name
	// Without are the IDs of nodes that do not have the image: the managers would make
	// task after task there.
	Without []string
	// Token, Run and Student are its labels.
	Token, Run, Student string
}

// Service is the job's name: the same for the same, and for nothing else.
func (j Job) Service() string {
	sum := sha256.Sum256([]byte(j.Student + "\x00" + j.NetworkID))
	return Image + "-" + j.Token + "-" + hex.EncodeToString(sum[:4])
}

// Labels are those of its service and of its containers.
func (j Job) Labels() map[string]string {
	return map[string]string{LabelToken: j.Token, LabelRun: j.Run, LabelStudent: j.Student}
}

// Args are its program's arguments.
func (j Job) Args() []string {
	var out []string
	for _, n := range j.Names {
		out = append(out, n.Arg())
	}
	return out
}
