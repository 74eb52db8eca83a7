package strictyaml

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
)

// Decode fills what into points to from a node, by yaml tags: structs (inline
// ones too), slices, maps with text keys, pointers, text, numbers, booleans,
// [time.Duration] ("5s") and anything with UnmarshalText. Whatever does not
// fit is reported at its place; fields that the file leaves out keep their
// value. A type that it does not know is a mistake in the program: it panics.
func (d *Doc) Decode(n *yaml.Node, into any) { d.decode(n, reflect.ValueOf(into).Elem()) }

func (d *Doc) decode(n *yaml.Node, v reflect.Value) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if s := d.Text(n); s != "" {
			if err := u.UnmarshalText([]byte(s)); err != nil {
				d.Report(n, i18n.M("yaml.bad_value", "text", clip(s), "detail", err.Error()), i18n.Msg{})
			}
		}
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d.duration(n, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.decode(n, p.Elem())
		v.Set(p)
	case reflect.Struct:
		d.decodeStruct(n, v)
	case reflect.Slice:
		items := d.List(n)
		s := reflect.MakeSlice(v.Type(), len(items), len(items))
		for i, item := range items {
			d.decode(item, s.Index(i))
		}
		v.Set(s)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		for k, x := range d.Object(n).Entries {
			e := reflect.New(v.Type().Elem()).Elem()
			d.decode(x, e)
			m.SetMapIndex(reflect.ValueOf(k.Value).Convert(v.Type().Key()), e)
		}
		v.Set(m)
	case reflect.String:
		v.SetString(d.Text(n))
	case reflect.Bool:
		v.SetBool(d.Bool(n))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		low, high := math.MinInt, math.MaxInt
		if bits := v.Type().Bits(); bits < 64 {
			low, high = -1<<(bits-1), 1<<(bits-1)-1
		}
		v.SetInt(int64(d.Int(n, low, high)))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		high := math.MaxInt
		if bits := v.Type().Bits(); bits < 64 {
			high = 1<<bits - 1
		}
		v.SetUint(uint64(d.Int(n, 0, high)))
	case reflect.Float32, reflect.Float64:
		if s := d.Decimal(n); s != "" {
			f, _ := strconv.ParseFloat(s, 64)
			v.SetFloat(f)
		}
	default:
		panic(fmt.Sprintf("strictyaml: cannot decode into %s", v.Type()))
	}
}

func (d *Doc) duration(n *yaml.Node, v reflect.Value) {
	s := d.Text(n)
	if s == "" {
		return
	}
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 {
		d.Report(n, i18n.M("yaml.want_duration", "got", clip(s)), i18n.Msg{})
		return
	}
	v.SetInt(int64(t))
}

func (d *Doc) decodeStruct(n *yaml.Node, v reflect.Value) {
	fields := map[string]reflect.Value{}
	var names []string
	collect(v, fields, &names)
	slices.Sort(names)
	if len(names) == 0 {
		names = []string{""} // known to take nothing
	}
	o := d.Object(n, names...)
	for k, x := range o.Entries {
		if f, ok := fields[k.Value]; ok {
			d.decode(x, f)
		}
	}
}

// collect lists a struct's fields by the names that the file gives them.
func collect(v reflect.Value, fields map[string]reflect.Value, names *[]string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			collect(v.Field(i), fields, names)
		case !f.IsExported() || name == "-":
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			fields[name] = v.Field(i)
			*names = append(*names, name)
		}
	}
}
