package helper

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Service runs the helper: once on every node or, as a job, so many times in all.
type Service struct {
	// Kind is what its name, and that of its image, begins with.
	Kind      string
	Image     string // its name or ID
	NetworkID string
	Args      []string // of the image's verb
	Env       []string
	// Times makes it a job of so many tasks, side by side; 0 runs it once on every node.
	Times int
	// Talks says that it is talked with over its standard input and output: what it writes is
	// kept nowhere.
	Talks bool
	// Without are the IDs of nodes that do not have the image: the managers would make
	// task after task there.
	Without []string
	// Token, Run and Student are its labels.
	Token, Run, Student string
	// Again tells one that is run once more from those before it; 0 is the first.
	Again int
}

// Name is the service's: the same for the same, and for nothing else.
func (s Service) Name() string {
	of := s.Student + "\x00" + s.NetworkID
	if s.Again > 0 {
		of += "\x00" + strconv.Itoa(s.Again)
	}
	hash := sha256.Sum256([]byte(of))
	return s.Kind + "-" + s.Token + "-" + hex.EncodeToString(hash[:4])
}

// Labels are its own and those of its containers.
func (s Service) Labels() map[string]string {
	return map[string]string{LabelToken: s.Token, LabelRun: s.Run, LabelStudent: s.Student}
}
