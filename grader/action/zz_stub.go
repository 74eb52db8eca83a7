package action

import (
	"slices"
	"strconv"

	"swarmgrade/grader/evidence"
)

type Scope int

const (
	Class Scope = iota
	Student
)

type Kind struct {
	Name      string
	Scope     Scope
	NewParams func() any
	Aim       func(params any, svc *evidence.Service, student string) (evidence.Action, string)
}

type scaleParams struct {
	Replicas int `yaml:"replicas"`
}

func All() []Kind {
	return []Kind{{Name: "scale", Scope: Student, NewParams: func() any { return &scaleParams{} }, Aim: func(p any, svc *evidence.Service, student string) (evidence.Action, string) {
		if svc == nil {
			return evidence.Action{}, "no-service"
		}
		return evidence.Action{Kind: "scale", Student: student, Service: svc.ID, Name: svc.Name, Was: strconv.Itoa(svc.Replicas), To: strconv.Itoa(p.(*scaleParams).Replicas)}, ""
	}}}
}

func Find(name string) (Kind, bool) {
	i := slices.IndexFunc(All(), func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return All()[i], true
}
