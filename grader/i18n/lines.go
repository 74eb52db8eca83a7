package i18n

import "strings"

// What a line of a hint begins with that is to be copied as it stands, and so
// is never broken: a command to type, or a line to write into a file.
const (
	CommandMark = "$ "
	FileMark    = "| "
)

// Lines says a message of several lines. Only the catalogs' own line ends
// count: one within a value becomes a space, so that no value can pass for a
// command.
func (l Lang) Lines(m Msg) []string {
	return strings.Split(l.Text(flat(m).(Msg)), "\n")
}

// flat is a value of a message without line ends.
func flat(v any) any {
	switch v := v.(type) {
	case string:
		return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(v)
	case []string:
		out := make([]string, len(v))
		for i, s := range v {
			out[i] = flat(s).(string)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = flat(x)
		}
		return out
	case []Msg:
		out := make([]Msg, len(v))
		for i, m := range v {
			out[i] = flat(m).(Msg)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = flat(x)
		}
		return out
	case Both:
		return Both{ZH: flat(v.ZH).(string), EN: flat(v.EN).(string)}
	case Msg:
		out := Msg{Key: v.Key}
		if v.Args != nil {
			out.Args = flat(v.Args).(map[string]any)
		}
		return out
	}
	return v
}
