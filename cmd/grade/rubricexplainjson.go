package main

import (
	"strings"

	"swarmgrade/grader/explain"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

const explainSchema = "swarmgrade-explain/1"

// explainedCheck is what a check is about, for scripts. Ports are variables' names.
type explainedCheck struct {
	ID       string         `json:"id"`
	Task     string         `json:"task"`
	Kind     string         `json:"kind"`
	Title    string         `json:"title"`
	Points   rubric.Points  `json:"points"`
	Passes   string         `json:"passes"`
	Sends    []explainLoad  `json:"sends"`
	Needs    []string       `json:"needs"`
	Evidence []string       `json:"evidence"`
	Fault    bool           `json:"fault"`
	Action   *explainAction `json:"action,omitempty"`
	Params   []explainParam `json:"parameters"`
	Credit   explainCredit  `json:"credit"`
}

type explainLoad struct {
	Load   string   `json:"load"`
	From   string   `json:"from,omitempty"`
	Port   string   `json:"port"`
	Or     []string `json:"or,omitempty"`
	Spread bool     `json:"spread"`
	// Least and Usual are of each target; PerConnection is of requests.
	Least         int     `json:"requests_at_least,omitempty"`
	Usual         int     `json:"requests_usual,omitempty"`
	// Early says that the load ends once it is settled, Expected is how many requests
	// there are of the usual ones where all is as it should be.
	Early         bool    `json:"ends_early,omitempty"`
	Expected      int     `json:"requests_expected,omitempty"`
	Containers    int     `json:"usual_containers,omitempty"`
	Nodes         int     `json:"usual_nodes,omitempty"`
	Rate          float64 `json:"probes_per_second,omitempty"`
	PerConnection int     `json:"per_connection"`
}

type explainParam struct {
	Name    string `json:"name"`
	Value   any    `json:"value"`
	Default bool   `json:"default"`
	About   string `json:"about"`
}

type explainAction struct {
	ID     string         `json:"id"`
	Kind   string         `json:"kind"`
	Title  string         `json:"title"`
	Does   string         `json:"does"`
	Params []explainParam `json:"parameters"`
}

type explainCredit struct {
	Measures bool            `json:"measures"`
	How      string          `json:"how"` // "none", "per_unit", "bands", "linear"
	Samples  []explainSample `json:"samples"`
}

type explainSample struct {
	Got    float64       `json:"got"`
	Want   float64       `json:"want,omitempty"`
	Points rubric.Points `json:"points"`
}

func explainJSON(rub *rubric.Rubric, all []explain.Check, lang i18n.Lang) any {
	checks := make([]explainedCheck, 0, len(all))
	for _, c := range all {
		x := explainedCheck{
			ID: c.ID, Task: c.Task, Kind: c.Kind, Title: c.Title.In(lang), Points: c.Points, Passes: plainWords(lang, c.Passes),
			Sends: []explainLoad{}, Needs: append([]string{}, c.Needs...), Evidence: append([]string{}, c.Reads...), Fault: c.Fault,
			Params: explainParams(c.Params, lang), Credit: creditJSON(c),
		}
		if c.Action != nil {
			x.Action = &explainAction{c.Action.ID, c.Action.Kind, c.Action.Title.In(lang), plainWords(lang, c.Action.Does), explainParams(c.Action.Params, lang)}
		}
		for _, l := range c.Sends {
			out := explainLoad{
				Load: l.Name, From: l.From, Port: l.Port, Or: l.Or, Spread: l.Spread, Least: l.Least, Usual: l.Usual,
				Rate: l.Rate, Early: l.Early, Expected: l.Expected, PerConnection: 1,
			}
			if l.From != "" {
				out.Containers, out.Nodes = explain.UsualContainers, explain.UsualNodes
			}
			x.Sends = append(x.Sends, out)
		}
		checks = append(checks, x)
	}
	return map[string]any{"schema": explainSchema, "rubric": rub.ID, "version": rub.Version, "sha256": rub.SHA256, "checks": checks}
}

func explainParams(all []explain.Param, lang i18n.Lang) []explainParam {
	out := make([]explainParam, 0, len(all))
	for _, p := range all {
		v := p.Value
		if list, ok := v.([]string); ok {
			v = append([]string{}, list...)
		}
		out = append(out, explainParam{p.Name, v, p.Default, plainWords(lang, p.About)})
	}
	return out
}

func creditJSON(c explain.Check) explainCredit {
	out := explainCredit{Measures: c.Measures, How: "none", Samples: []explainSample{}}
	switch k := c.Credit; {
	case k.PerUnit:
		out.How = "per_unit"
	case k.Linear != nil:
		out.How = "linear"
	case len(k.Bands) > 0:
		out.How = "bands"
	}
	for _, s := range c.Samples {
		out.Samples = append(out.Samples, explainSample(s))
	}
	return out
}

// plainWords are a sentence without the marks of a page.
func plainWords(lang i18n.Lang, m i18n.Msg) string { return strings.ReplaceAll(lang.Text(m), "`", "") }
