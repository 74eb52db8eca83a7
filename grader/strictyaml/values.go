package strictyaml

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

var (
	wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})$`)
	number      = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)
)

// Object is a map whose keys are known beforehand.
type Object struct {
	Node *yaml.Node
	doc  *Doc
	keys map[string]*yaml.Node
	vals map[string]*yaml.Node
	bad  bool // no map at all: said once, not again for each key
}

// Object reads a map. Keys that are not among the known ones are reported; an
// empty list of known keys lets any pass. It never gives nil, so that reading
// goes on to the next problem.
func (d *Doc) Object(n *yaml.Node, known ...string) *Object {
	o := &Object{Node: n, doc: d, keys: map[string]*yaml.Node{}, vals: map[string]*yaml.Node{}}
	if n == nil || n.Kind != yaml.MappingNode {
		d.want(n, "yaml.want_map")
		o.bad = true
		return o
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" || o.keys[k.Value] != nil {
			continue // reported when the file was parsed
		}
		o.keys[k.Value], o.vals[k.Value] = k, n.Content[i+1]
		if len(known) > 0 && !slices.Contains(known, k.Value) {
			d.Report(k, i18n.M("yaml.unknown_key", "key", clip(k.Value)), Suggest(k.Value, known))
		}
	}
	return o
}

// Get is the value of a key, nil if it is absent.
func (o *Object) Get(key string) *yaml.Node { return o.vals[key] }

// Key is the key itself, nil if it is absent.
func (o *Object) Key(key string) *yaml.Node { return o.keys[key] }

// Need is the value of a key whose absence is a problem.
func (o *Object) Need(key string) *yaml.Node {
	v := o.vals[key]
	if v == nil && !o.bad {
		o.doc.Report(o.Node, i18n.M("yaml.missing_key", "key", key), i18n.M("yaml.missing_key_hint", "key", key))
	}
	return v
}

// Entries are the keys in the order of the file, with their values.
func (o *Object) Entries(yield func(key, value *yaml.Node) bool) {
	if o.bad {
		return
	}
	for i := 0; i+1 < len(o.Node.Content); i += 2 {
		k := o.Node.Content[i]
		if o.keys[k.Value] == k && !yield(k, o.Node.Content[i+1]) {
			return
		}
	}
}

// Suggest is the hint for a word that is not among the known ones.
func Suggest(word string, known []string) i18n.Msg {
	if near := diag.Nearest(word, known); near != "" {
		return i18n.M("yaml.did_you_mean", "word", near)
	}
	if strings.Join(known, "") == "" {
		return i18n.Msg{} // nothing is possible here
	}
	if len(known) > 60 {
		known = append(slices.Clone(known[:60]), "…")
	}
	return i18n.M("yaml.known_words", "words", known)
}

// Text is a scalar's text as it stands in the file; an absent (nil) one gives
// "" and no problem, a blank one is a problem.
func (d *Doc) Text(n *yaml.Node) string {
	if n == nil || !d.scalar(n, "yaml.want_text") {
		return ""
	}
	if blank(n) {
		d.Report(n, i18n.M("yaml.blank"), i18n.M("yaml.blank_hint"))
		return ""
	}
	if i := strings.IndexFunc(n.Value, unseen); i >= 0 {
		r, _ := utf8.DecodeRuneInString(n.Value[i:])
		d.Report(n, i18n.M("yaml.unseen", "code", fmt.Sprintf("U+%04X", r)), i18n.M("yaml.unseen_hint"))
		return ""
	}
	return n.Value
}

// unseen reports whether a character steers a terminal or the direction of writing
// instead of being seen.
func unseen(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// OneOf is a text that must be one of a few words.
func (d *Doc) OneOf(n *yaml.Node, words ...string) string {
	s := d.Text(n)
	if s != "" && !slices.Contains(words, s) {
		d.Report(n, i18n.M("yaml.not_one_of", "got", clip(s), "words", words), Suggest(s, words))
		return ""
	}
	return s
}

// Int is a whole number within limits. Octal, hexadecimal and leading zeros
// are refused; absent gives 0.
func (d *Doc) Int(n *yaml.Node, low, high int) int {
	if n == nil || !d.scalar(n, "yaml.want_int") {
		return 0
	}
	v, err := strconv.Atoi(n.Value)
	if err != nil || !wholeNumber.MatchString(n.Value) || quoted(n) {
		d.want(n, "yaml.want_int")
		return 0
	}
	if v < low || v > high {
		d.Report(n, i18n.M("yaml.range", "got", v, "low", low, "high", high), i18n.Msg{})
		return 0
	}
	return v
}

// Decimal is the text of a number without exponent; absent gives "".
func (d *Doc) Decimal(n *yaml.Node) string {
	if n == nil || !d.scalar(n, "yaml.want_number") {
		return ""
	}
	if !number.MatchString(n.Value) || quoted(n) {
		d.want(n, "yaml.want_number")
		return ""
	}
	return n.Value
}

// Bool is true or false; absent gives false.
func (d *Doc) Bool(n *yaml.Node) bool {
	if n == nil || !d.scalar(n, "yaml.want_bool") {
		return false
	}
	if quoted(n) || n.Value != "true" && n.Value != "false" {
		d.want(n, "yaml.want_bool")
	}
	return n.Value == "true"
}

// List gives the items of a list; absent gives none.
func (d *Doc) List(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.want(n, "yaml.want_list")
		return nil
	}
	return n.Content
}

// scalar reports a map or list where a scalar belongs.
func (d *Doc) scalar(n *yaml.Node, key string) bool {
	if n.Kind != yaml.ScalarNode {
		d.want(n, key)
		return false
	}
	return true
}

// want reports a value of the wrong type.
func (d *Doc) want(n *yaml.Node, key string) {
	if n != nil && n.Kind == yaml.AliasNode {
		return // reported when the file was parsed
	}
	hint := i18n.Msg{}
	switch {
	case n == nil || n.Kind != yaml.ScalarNode || blank(n):
	case key == "yaml.want_list":
		hint = i18n.M("yaml.want_list_hint", "text", clip(n.Value))
	case quoted(n) && (number.MatchString(n.Value) || n.Value == "true" || n.Value == "false"):
		hint = i18n.M("yaml.unquote_hint", "text", n.Value)
	}
	d.Report(n, i18n.M(key, "got", got(n)), hint)
}

func got(n *yaml.Node) i18n.Msg {
	switch {
	case n == nil || n.Kind == yaml.ScalarNode && blank(n):
		return i18n.M("yaml.nothing")
	case n.Kind == yaml.MappingNode:
		return i18n.M("yaml.a_map")
	case n.Kind == yaml.SequenceNode:
		return i18n.M("yaml.a_list")
	case quoted(n):
		return i18n.M("yaml.a_text", "text", clip(n.Value))
	}
	return i18n.M("yaml.a_scalar", "text", clip(n.Value))
}

func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// blank is true of "", white space, and a bare null or ~.
func blank(n *yaml.Node) bool { return n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" }
