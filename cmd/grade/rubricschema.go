package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader/i18n"
	"swarmgrade/rubrics"
)

func newRubricSchemaCmd(a *app) *cobra.Command {
	lang := a.lang()
	return &cobra.Command{
		Use: "schema", Short: lang.T("rubrictool.schema_short"), Long: lang.T("rubrictool.schema_long"), Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var schema any
			if err := json.Unmarshal(rubrics.Schema(), &schema); err != nil {
				return err
			}
			if a.lang() == i18n.ZH {
				schema = inChinese(schema, aboutInChinese())
			}
			return a.printJSON(schema)
		},
	}
}

// aboutInChinese are what is said of fields, kinds and parameters, by the English.
func aboutInChinese() map[string]string {
	out := map[string]string{}
	for _, key := range i18n.EN.Keys() {
		if strings.HasPrefix(key, "about.") {
			en, _ := i18n.EN.Raw(key)
			out[en], _ = i18n.ZH.Raw(key)
		}
	}
	return out
}

// inChinese gives a schema's descriptions in Chinese.
func inChinese(v any, words map[string]string) any {
	say := func(v any) any {
		if zh := words[asText(v)]; zh != "" {
			return zh
		}
		return v
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = inChinese(v[i], words)
		}
	case map[string]any:
		for key, x := range v {
			switch key {
			case "description":
				v[key] = say(x)
			case "enumDescriptions":
				list, _ := x.([]any)
				for i := range list {
					list[i] = say(list[i])
				}
			default:
				v[key] = inChinese(x, words)
			}
		}
	}
	return v
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}
