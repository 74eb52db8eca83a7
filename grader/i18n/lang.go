package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"
)

// Lang is a language that the program speaks.
type Lang string

const (
	ZH Lang = "zh"
	EN Lang = "en"
)

// Langs are all of them.
var Langs = []Lang{ZH, EN}

// Parse reads a language from a flag or a locale such as zh_CN.UTF-8.
func Parse(s string) (Lang, bool) {
	s = strings.ToLower(s)
	switch {
	case strings.HasPrefix(s, "zh"):
		return ZH, true
	case strings.HasPrefix(s, "en"):
		return EN, true
	}
	return EN, false
}

//go:embed catalog
var files embed.FS

var catalogs = sync.OnceValue(func() map[Lang]map[string]string {
	all := make(map[Lang]map[string]string)
	add := func(lang Lang, name, key, text string) {
		area, _, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".yaml"), "-")
		if key = area + "." + key; all[lang][key] != "" {
			panic(name + " says " + key + " a second time")
		}
		all[lang][key] = strings.TrimRight(text, "\n")
	}
	for _, lang := range Langs {
		all[lang] = make(map[string]string)
		for name, texts := range read[string]("catalog/" + string(lang)) {
			for k, text := range texts {
				add(lang, name, k, text)
			}
		}
	}
	for name, texts := range read[map[Lang]string]("catalog") {
		for k, both := range texts {
			for lang, text := range both {
				add(lang, name, k, text)
			}
		}
	}
	return all
})

// read gives the sentences of each file in a directory of the catalogs.
func read[T any](dir string) map[string]map[string]T {
	names, err := fs.Glob(files, dir+"/*.yaml")
	if err != nil {
		panic(err)
	}
	out := make(map[string]map[string]T)
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		var texts map[string]T
		if err := yaml.Unmarshal(raw, &texts); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		out[name] = texts
	}
	return out
}

// Keys are all keys of a language, sorted.
func (l Lang) Keys() []string {
	keys := make([]string, 0, len(catalogs()[l]))
	for k := range catalogs()[l] {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Raw is the text of a key with its placeholders.
func (l Lang) Raw(key string) (string, bool) {
	t, ok := catalogs()[l][key]
	return t, ok
}

// T says the sentence of a key with pairs of name and value.
func (l Lang) T(key string, pairs ...any) string { return l.Text(M(key, pairs...)) }

// Text says a message. A key without a sentence gives the key itself, so that
// nothing is lost; a test keeps that from happening.
func (l Lang) Text(m Msg) string {
	if m.Key == "" {
		return ""
	}
	raw, ok := l.Raw(m.Key)
	if !ok {
		return m.Key
	}
	return l.fill(raw, m.Args)
}

func (l Lang) fill(raw string, args map[string]any) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(raw, '{')
		if i < 0 {
			b.WriteString(raw)
			return b.String()
		}
		j := strings.IndexByte(raw[i:], '}')
		if j < 0 {
			b.WriteString(raw)
			return b.String()
		}
		b.WriteString(raw[:i])
		hole := raw[i+1 : i+j]
		name, forms, plural := strings.Cut(hole, "|")
		v, ok := args[name]
		switch {
		case !ok:
			b.WriteString(raw[i : i+j+1]) // not a placeholder, such as {{.Node}}
		case plural && forms == "time":
			b.WriteString(local(l.format(v)))
		case plural:
			one, other, _ := strings.Cut(forms, "|")
			if l.format(v) == "1" {
				b.WriteString(one)
			} else {
				b.WriteString(other)
			}
		default:
			b.WriteString(l.format(v))
		}
		raw = raw[i+j+1:]
	}
}

// local is a moment in the time of who reads it; what is none stays as it is.
func local(s string) string {
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.Local().Format("2006-01-02 15:04:05")
		}
	}
	return s
}

func (l Lang) format(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Msg:
		return l.Text(v)
	case Both:
		return v.In(l)
	case []Msg:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = l.Text(m)
		}
		return l.List(parts)
	case []string:
		return l.List(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = l.format(x)
		}
		return l.List(parts)
	case map[string]any: // a Msg or Both that was stored as JSON
		if text, ok := v[string(l)].(string); ok {
			return text
		}
		if key, ok := v["key"].(string); ok {
			args, _ := v["args"].(map[string]any)
			return l.Text(Msg{Key: key, Args: args})
		}
	}
	return fmt.Sprint(v)
}

// List joins words as the language does.
func (l Lang) List(words []string) string {
	if l == ZH {
		return strings.Join(words, "、")
	}
	return strings.Join(words, ", ")
}
