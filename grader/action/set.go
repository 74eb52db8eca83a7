package action

import "slices"

// Set is the kinds that a rubric can ask for; it serves the rubric loader.
type Set struct{}

// Names are those kinds, sorted.
func (Set) Names() []string {
	var names []string
	for _, k := range All() {
		if k.NewParams != nil {
			names = append(names, k.Name)
		}
	}
	slices.Sort(names)
	return names
}

// NewParams gives the parameters of such a kind, defaults set.
func (Set) NewParams(kind string) (any, bool) {
	k, ok := Find(kind)
	if !ok || k.NewParams == nil {
		return nil, false
	}
	return k.NewParams(), true
}
