package rubric

import (
	"fmt"
	"reflect"
	"strings"
)

// Param is one parameter of a kind, as it is in force.
type Param struct {
	// In is the type that it is declared in, which many kinds may share.
	In string
	// Name is its key in "with".
	Name  string
	Value any
}

// Text is the value as a file has it: true, 0.01, [a, b]; "" for none.
func (p Param) Text() string {
	switch v := p.Value.(type) {
	case []string:
		if len(v) == 0 {
			return ""
		}
		return "[" + strings.Join(v, ", ") + "]"
	}
	return fmt.Sprint(p.Value)
}

// ParamsOf lists the parameters that [Kinds] or [ActionKinds] gave, in the order of
// their declaration; nil gives none.
func ParamsOf(params any) []Param {
	v := reflect.ValueOf(params)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	var out []Param
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			name, opts, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			switch {
			case opts == "inline":
				walk(v.Field(i))
			case name != "" && name != "-":
				out = append(out, Param{In: v.Type().Name(), Name: name, Value: v.Field(i).Interface()})
			}
		}
	}
	walk(v.Elem())
	return out
}
