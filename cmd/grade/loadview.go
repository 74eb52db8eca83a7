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
	v.thresholds(r)
}

func (v loadView) say(key string, pairs ...any) {
	fmt.Fprintln(v.ui.out, diag.Plain(v.lang.T(key, pairs...)))
}

func (v loadView) summary(r loadReport) {
	t := r.Trace
	v.say("loadgen.summary", "address", r.Address, "path", t.Target.Path, "sent", t.Sent, "seconds", fixed(float64(t.Took)/1000, 1),
		"rate", fixed(float64(t.Sent)*1000/float64(max(t.Took, 1)), 0), "mode", connectionMode(&t), "connections", t.Connections,
		"workers", t.Target.Workers)
	if line := v.stopped(&t); line != "" {
		fmt.Fprintln(v.ui.out, diag.Plain(line))
	}
	if r.Lost > 0 {
		v.say("workers.left_out", "n", r.Lost, "all", t.Target.Requests)
	}
	fmt.Fprintln(v.ui.out)
}

// stopped says why fewer were sent than planned; "" if none were.
func (v loadView) stopped(t *evidence.Trace) string {
	switch t.Stopped {
	case "cancelled", "costly", "duration":
		return v.lang.T("loadgen.stopped_"+t.Stopped, "sent", t.Sent, "all", t.Target.Requests)
	}
	return ""
}

// connectionMode says how many requests a connection carried.
func connectionMode(t *evidence.Trace) i18n.Msg {
	switch t.Target.PerConnection {
	case 0:
		return i18n.M("loadgen.conn_kept")
	case 1:
		return i18n.M("loadgen.conn_new")
	}
	return i18n.M("loadgen.conn_n", "n", t.Target.PerConnection)
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
		name := v.name(r)
		bar := strings.Repeat("█", max(1, r.Count*24/most))
		if v.ui.color {
			bar = text.FgCyan.EscapeSeq() + bar + text.Reset.EscapeSeq()
		}
		tw.AppendRow(table.Row{
			diag.Plain(name), diag.Plain(strings.Join(r.Addresses, " ")), diag.Plain(r.StudentID), r.Count, fixed(100*float64(r.Count)/float64(all), 1) + " %", bar,
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

// name is who answered, for people.
func (v loadView) name(r evidence.Responder) string {
	switch {
	case r.Rule == "other":
		return v.lang.T("loadgen.others")
	case !named(r):
		return v.lang.T("loadgen.unnamed")
	case r.Hostname == "":
		return "-"
	}
	return r.Hostname
}

func (v loadView) spread(r loadReport) {
	for i, line := range v.evenness(r) {
		switch {
		case i > 0:
			fmt.Fprintln(v.ui.out, diag.Plain(line))
		case r.Spread.Even:
			v.colored(text.FgGreen, line)
		default:
			v.colored(text.FgRed, line)
		}
	}
}

func (v loadView) verdict(color text.Color, key string, pairs ...any) {
	v.colored(color, v.lang.T(key, pairs...))
}

func (v loadView) colored(color text.Color, line string) {
	line = diag.Plain(line)
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
	for _, line := range v.order(r) {
		fmt.Fprintln(v.ui.out, diag.Plain(line))
	}
	fmt.Fprintln(v.ui.out)
}

// latencyRow is a figure of both latencies, in microseconds.
type latencyRow struct {
	name string
	c, s int64
}

func latencyRows(lang i18n.Lang, l evidence.Latency) []latencyRow {
	c, s := l.Corrected, l.Service
	return []latencyRow{
		{lang.T("loadgen.mean"), c.Mean, s.Mean},
		{"p50", c.P50, s.P50},
		{"p90", c.P90, s.P90},
		{"p95", c.P95, s.P95},
		{"p99", c.P99, s.P99},
		{"p99.9", c.P999, s.P999},
		{lang.T("loadgen.max"), c.Max, s.Max},
	}
}

func (v loadView) latency(t evidence.Trace) {
	tw := v.table()
	tw.AppendHeader(table.Row{v.lang.T("loadgen.col_latency"), v.lang.T("loadgen.col_corrected"), v.lang.T("loadgen.col_service")})
	var columns []table.ColumnConfig
	for n := 2; n <= 3; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	tw.SetColumnConfigs(columns)
	for _, row := range latencyRows(v.lang, t.Latency) {
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
		tw.AppendRow(table.Row{diag.Plain(e.Class), e.Count, diag.Plain(v.lang.Text(loadErrorMeaning(e.Class)))})
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
