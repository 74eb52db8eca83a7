package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/loadgen/policy"
)

// loadView prints what a load run found, for people.
type loadView struct {
	ui   *ui
	lang i18n.Lang
}

func newLoadView(u *ui, lang i18n.Lang) loadView { return loadView{u, lang} }

// maxLoadRows bounds how many containers are listed.
const maxLoadRows = 50

func (v loadView) print(r loadReport) {
	v.summary(r)
	v.machines(r)
	if r.Trace.Answered() > 0 {
		v.containers(r.Trace)
		v.spread(r)
		v.policy(r)
		v.latency(r.Trace)
	}
	v.errors(r.Trace)
	v.thresholds(r.Thresholds)
}

func (v loadView) say(key string, pairs ...any) {
	fmt.Fprintln(v.ui.out, diag.Plain(v.lang.T(key, pairs...)))
}

func (v loadView) summary(r loadReport) {
	t := r.Trace
	connections := i18n.M("loadgen.conn_kept")
	switch t.Target.PerConnection {
	case 0:
	case 1:
		connections = i18n.M("loadgen.conn_new")
	default:
		connections = i18n.M("loadgen.conn_n", "n", t.Target.PerConnection)
	}
	v.say("loadgen.summary", "address", r.Address, "path", t.Target.Path, "sent", t.Sent, "seconds", fixed(float64(t.Took)/1000, 1),
		"rate", fixed(float64(t.Sent)*1000/float64(max(t.Took, 1)), 0), "mode", connections, "connections", t.Connections,
		"workers", t.Target.Workers)
	switch t.Stopped {
	case "cancelled":
		v.say("loadgen.stopped_cancelled", "sent", t.Sent, "all", t.Target.Requests)
	case "costly":
		v.say("loadgen.stopped_costly", "sent", t.Sent, "all", t.Target.Requests)
	case "duration":
		v.say("loadgen.stopped_duration", "sent", t.Sent, "all", t.Target.Requests)
	}
	fmt.Fprintln(v.ui.out)
}

func (v loadView) table() table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(v.ui.out)
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Format.Header = text.FormatDefault
	return t
}

func (v loadView) containers(t evidence.Trace) {
	tw := v.table()
	tw.AppendHeader(table.Row{
		v.lang.T("loadgen.col_container"), v.lang.T("loadgen.col_addresses"), v.lang.T("loadgen.col_student"),
		v.lang.T("loadgen.col_answers"), v.lang.T("loadgen.col_share"), "",
	})
	right := table.ColumnConfig{Align: text.AlignRight, AlignHeader: text.AlignRight}
	answers, share := right, right
	answers.Number, share.Number = 4, 5
	tw.SetColumnConfigs([]table.ColumnConfig{answers, share})
	all, most := t.Answered(), 1
	for _, r := range t.Responders {
		most = max(most, r.Count)
	}
	for i, r := range t.Responders {
		if i == maxLoadRows {
			break
		}
		name := r.Hostname
		switch {
		case r.Rule == "other":
			name = v.lang.T("loadgen.others")
		case !named(r):
			name = v.lang.T("loadgen.unnamed")
		case name == "":
			name = "-"
		}
		bar := strings.Repeat("█", max(1, r.Count*24/most))
		if v.ui.color {
			bar = text.FgCyan.EscapeSeq() + bar + text.Reset.EscapeSeq()
		}
		tw.AppendRow(table.Row{
			name, strings.Join(r.Addresses, " "), r.StudentID, r.Count, fixed(100*float64(r.Count)/float64(all), 1) + " %", bar,
		})
	}
	tw.Render()
	if n := len(t.Responders) - maxLoadRows; n > 0 {
		v.say("loadgen.more_rows", "n", n)
	}
	for _, r := range t.Responders {
		if r.Rule == "" {
			v.say("loadgen.unnamed_hint", "sample", oneLine(r.Sample))
		}
	}
	fmt.Fprintln(v.ui.out)
}

func (v loadView) spread(r loadReport) {
	e, t := r.Spread, r.Trace
	if e == nil {
		return
	}
	if e.Even {
		v.verdict(text.FgGreen, "loadgen.even", "low", e.Low, "high", e.High, "bound", fmt.Sprintf("%.0e", e.FalseFail))
	} else {
		v.verdict(text.FgRed, "loadgen.uneven", "low", e.Low, "high", e.High, "bound", fmt.Sprintf("%.0e", e.FalseFail))
	}
	if !e.Enough {
		v.say("loadgen.too_few", "n", t.Answered(), "wanted", e.Wanted)
	}
	if t.Target.PerConnection != 1 {
		v.say("loadgen.kept_note")
	}
}

func (v loadView) verdict(color text.Color, key string, pairs ...any) {
	line := diag.Plain(v.lang.T(key, pairs...))
	if v.ui.color {
		line = color.EscapeSeq() + line + text.Reset.EscapeSeq()
	}
	fmt.Fprintln(v.ui.out, line)
}

func (v loadView) policy(r loadReport) {
	if len(r.Machines) > 1 {
		v.say("workers.order_note", "n", len(r.Machines))
		fmt.Fprintln(v.ui.out)
		return
	}
	s := r.Policy
	weights := make([]string, len(s.Weights))
	for i, w := range s.Weights {
		weights[i] = strconv.Itoa(w)
	}
	match, chance := fixed(100*s.Match, 0), fixed(100*s.Chance, 0)
	switch s.Kind {
	case policy.RoundRobin:
		v.say("loadgen.policy_round_robin", "period", s.Period, "match", match, "chance", chance)
	case policy.RoundRobinRepeats:
		v.say("loadgen.policy_repeats", "period", s.Period, "match", match, "chance", chance)
	case policy.Random:
		v.say("loadgen.policy_random", "follow", fixed(100*s.Follow, 0), "chance", chance)
	case policy.Single:
		v.say("loadgen.policy_single")
	case policy.Weighted:
		v.say("loadgen.policy_weighted", "weights", strings.Join(weights, ":"))
	default:
		if s.Answers < policy.MinAnswers {
			v.say("loadgen.policy_too_few", "n", s.Answers, "least", policy.MinAnswers)
		} else {
			v.say("loadgen.policy_unclear", "follow", fixed(100*s.Follow, 0), "chance", chance)
		}
	}
	if r.Trace.Target.Workers > 1 {
		v.say("loadgen.policy_workers", "workers", r.Trace.Target.Workers)
	}
	fmt.Fprintln(v.ui.out)
}

func (v loadView) latency(t evidence.Trace) {
	tw := v.table()
	tw.AppendHeader(table.Row{v.lang.T("loadgen.col_latency"), v.lang.T("loadgen.col_corrected"), v.lang.T("loadgen.col_service")})
	var columns []table.ColumnConfig
	for n := 2; n <= 3; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	tw.SetColumnConfigs(columns)
	c, s := t.Latency.Corrected, t.Latency.Service
	for _, row := range []struct {
		name string
		c, s int64
	}{
		{v.lang.T("loadgen.mean"), c.Mean, s.Mean},
		{"p50", c.P50, s.P50},
		{"p90", c.P90, s.P90},
		{"p95", c.P95, s.P95},
		{"p99", c.P99, s.P99},
		{"p99.9", c.P999, s.P999},
		{v.lang.T("loadgen.max"), c.Max, s.Max},
	} {
		tw.AppendRow(table.Row{row.name, micros(row.c), micros(row.s)})
	}
	tw.Render()
	if t.Late > 0 {
		v.say("loadgen.late", "n", t.Late)
	}
	fmt.Fprintln(v.ui.out)
}

func (v loadView) errors(t evidence.Trace) {
	if t.Failed() == 0 {
		return
	}
	v.verdict(text.FgRed, "loadgen.failed", "n", t.Failed(), "share", fixed(100*float64(t.Failed())/float64(t.Sent), 1))
	tw := v.table()
	for _, e := range t.Errors {
		tw.AppendRow(table.Row{e.Class, e.Count, diag.Plain(v.lang.Text(loadErrorMeaning(e.Class)))})
		if e.Sample != "" && (e.Class == "redirect" || strings.HasPrefix(e.Class, "http-")) {
			tw.AppendRow(table.Row{"", "", oneLine(e.Sample)})
		}
	}
	tw.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}})
	tw.Render()
}

// loadErrorMeaning says in plain words what a class of failures is.
func loadErrorMeaning(class string) i18n.Msg {
	switch class {
	case "refused":
		return i18n.M("loadgen.error_refused")
	case "timeout":
		return i18n.M("loadgen.error_timeout")
	case "reset":
		return i18n.M("loadgen.error_reset")
	case "eof":
		return i18n.M("loadgen.error_eof")
	case "unreachable":
		return i18n.M("loadgen.error_unreachable")
	case "malformed":
		return i18n.M("loadgen.error_malformed")
	case "too-large":
		return i18n.M("loadgen.error_too_large")
	case "redirect":
		return i18n.M("loadgen.error_redirect")
	case "http-404":
		return i18n.M("loadgen.error_404")
	case "http-502":
		return i18n.M("loadgen.error_502")
	case "http-503":
		return i18n.M("loadgen.error_503")
	case "http-504":
		return i18n.M("loadgen.error_504")
	}
	status := strings.TrimPrefix(class, "http-")
	if strings.HasPrefix(status, "4") {
		return i18n.M("loadgen.error_4xx", "status", status)
	}
	return i18n.M("loadgen.error_5xx", "status", status)
}

// oneLine makes text from outside fit for a cell: one line, 80 characters, no
// control characters.
func oneLine(s string) string {
	runes := []rune(diag.Plain(strings.Join(strings.Fields(s), " ")))
	if len(runes) > 80 {
		runes = append(runes[:79], '…')
	}
	return string(runes)
}

func fixed(f float64, places int) string { return strconv.FormatFloat(f, 'f', places, 64) }

// micros shows microseconds in the unit that suits them.
func micros(us int64) string {
	switch {
	case us < 1000:
		return fmt.Sprintf("%d µs", us)
	case us < 1_000_000:
		return fmt.Sprintf("%.2f ms", float64(us)/1e3)
	}
	return fmt.Sprintf("%.2f s", float64(us)/1e6)
}
