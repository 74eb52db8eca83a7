// Package i18n holds every sentence that the program says, in Chinese and
// English.
//
// Code names a sentence by its key and hands over the values; a [Msg] is
// stored with a verdict and turned into text only when a report is written, so
// that one result can be read in either language.
//
// The catalogs are YAML files, one an area, in catalog/<lang>/; those of one kind of
// check or action are side by side in catalog/<area>-<kind>.yaml. A sentence may
// hold placeholders: {name} is replaced by the value, {n|task|tasks} by the
// first form if n is 1 and by the second otherwise, {t|time} by a moment in
// local time. A hint may have several
// lines: one that begins with "$ " is a command to type, one with "| " goes
// into a file as it stands; see [Lang.Lines].
package i18n

// Msg is a sentence yet to be said.
type Msg struct {
	// Key is "<area>.<name>", as in the catalogs; "" is no message.
	Key string `json:"key"`
	// Args are the values: strings, integers, floats, []string (joined as a
	// list), another Msg, or Both.
	Args map[string]any `json:"args,omitempty"`
}

// M makes a message from a key and pairs of name and value.
func M(key string, pairs ...any) Msg {
	m := Msg{Key: key}
	if len(pairs) > 0 {
		m.Args = make(map[string]any, len(pairs)/2)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.Args[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

// Empty reports whether there is nothing to say.
func (m Msg) Empty() bool { return m.Key == "" }

// Both is a phrase that somebody wrote in both languages, such as a check's
// title in a rubric.
type Both struct {
	// ZH is the phrase in Chinese.
	ZH string `json:"zh" yaml:"zh"`
	// EN is the phrase in English.
	EN string `json:"en" yaml:"en"`
}

// In is the phrase in a language.
func (b Both) In(l Lang) string {
	if l == ZH {
		return b.ZH
	}
	return b.EN
}
