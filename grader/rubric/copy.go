package rubric

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/strictyaml"
)

// BadID says what is wrong with the ID of a rubric, and what to do; nothing of a good
// one.
func BadID(id string) (msg, hint i18n.Msg) {
	if idForm.MatchString(id) {
		return msg, hint
	}
	return i18n.M("rubric.bad_id", "id", id), i18n.M("rubric.bad_id_hint")
}

// Copy is the text of a rubric under another ID, as its version 1: everything else
// stays as it is written, comments too. data is of a rubric that loads.
func Copy(data []byte, id string) []byte {
	doc := strictyaml.Parse(data, "")
	lines := strings.Split(string(bytes.TrimPrefix(data, []byte("\uFEFF"))), "\n")
	if doc.Root == nil {
		return data
	}
	for i := 0; i+1 < len(doc.Root.Content); i += 2 {
		value := doc.Root.Content[i+1]
		switch doc.Root.Content[i].Value {
		case "id":
			replace(lines, value, id)
		case "version":
			replace(lines, value, "1")
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// replace writes a word in the place of a value of one line.
func replace(lines []string, n *yaml.Node, word string) {
	line := []rune(lines[n.Line-1])
	long := len([]rune(n.Value))
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		long += 2
	}
	from := n.Column - 1
	lines[n.Line-1] = string(line[:from]) + word + string(line[min(len(line), from+long):])
}
