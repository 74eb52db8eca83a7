package i18n_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want i18n.Lang
		ok   bool
	}{
		{"zh", i18n.ZH, true},
		{"zh_CN.UTF-8", i18n.ZH, true},
		{"EN_us", i18n.EN, true},
		{"C.UTF-8", i18n.EN, false},
		{"", i18n.EN, false},
		{"fr_FR", i18n.EN, false},
	}
	for _, tt := range tests {
		got, ok := i18n.Parse(tt.in)
		require.Equal(t, tt.want, got, tt.in)
		require.Equal(t, tt.ok, ok, tt.in)
	}
}

func TestText(t *testing.T) {
	tests := []struct {
		name   string
		msg    i18n.Msg
		zh, en string
	}{
		{"none", i18n.Msg{}, "", ""},
		{"unknown key gives the key", i18n.M("no.such"), "no.such", "no.such"},
		{"list", i18n.M("yaml.known_words", "words", []string{"a", "b"}), "可以写：a、b", "possible here: a, b"},
		{"one", i18n.M("cli.problems_found", "n", 1), "共 1 处要改", "1 thing to mend"},
		{"several", i18n.M("cli.problems_found", "n", 2), "共 2 处要改", "2 things to mend"},
		{"message in a message", i18n.M("yaml.want_int", "got", i18n.M("yaml.a_list")), "这里要写整数，现在是列表", "this must be a whole number, not a list"},
		{"a placeholder without a value stays", i18n.M("yaml.unknown_key"), "不认识“{key}”", `unknown key "{key}"`},
		{"what looks like a placeholder in a value stays", i18n.M("yaml.unknown_key", "key", "{key}"), "不认识“{key}”", `unknown key "{key}"`},
		{"braces of templates stay", i18n.M("roster.bad_template_hint"), "节点名写成 {{.Node}}", "the node's name is written {{.Node}}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.zh, i18n.ZH.Text(tt.msg))
			require.Equal(t, tt.en, i18n.EN.Text(tt.msg))
			// What was stored with a verdict says the same again.
			data, err := json.Marshal(tt.msg)
			require.NoError(t, err)
			var back i18n.Msg
			require.NoError(t, json.Unmarshal(data, &back))
			require.Equal(t, tt.zh, i18n.ZH.Text(back))
		})
	}
}
