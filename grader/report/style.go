package report

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// maxCell is how many UTF-16 units a cell holds.
const maxCell = excelize.TotalCellChars

// cellText makes any text fit for a cell: control characters, which XML cannot
// carry, and direction overrides are replaced, and what is too long is cut.
func cellText(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(r rune) rune {
		if r == 0xfffe || r == 0xffff {
			return '�'
		}
		return r
	}, diag.Plain(strings.ReplaceAll(s, "\r\n", "\n")))
	if len(s) <= maxCell { // as many units as bytes at most
		return s
	}
	units := 0
	for i, r := range s {
		n := utf16.RuneLen(r)
		if units+n > maxCell-1 {
			return s[:i] + "…"
		}
		units += n
	}
	return s
}

// risky reports whether a program that reads the text again, from a CSV made
// of the sheet or after an edit, could take it for a formula.
func risky(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", r)
}

// styles are the workbook's cell styles.
type styles struct {
	head, headTask, headInput  int
	headTurned                 int // read from below
	text, textQuoted           int // "@": IDs and names stay as they are
	wrap, wrapQuoted           int
	cut, cutQuoted             int // wrap, of which the first line shows where there is no room
	points, subtotal, total    int
	percent                    int // whole ones
	ungraded, blocked, empty   int
	replaced                   int   // points that an instructor's word took the place of
	set                        int   // points that an instructor set
	rated, linked              []int // points by their share, and those that lead to their reason
	link                       int
	bands                      []int // conditional, by share
	inputPoints                int
	inputText, inputTextQuoted int
	outcome                    map[check.Outcome]int
	label                      int
	note                       int // a sentence under a list
	badOverride                int // conditional
	font                       string
	// wraps are the styles whose text is broken into lines.
	wraps map[int]bool
}

// Fills and fonts: one hue a meaning, light enough to be read when printed.
const (
	fillHead     = "DDE6F0"
	fillTask     = "C5D5E8"
	fillInput    = "FFF7D6"
	fillTotal    = "EEF2F7"
	fillUngraded = "E9DDF3"
	fillMissing  = "F8CBAD"
	linkText     = "1F4E9E"
	greyText     = "808080"
	replacedText = "7A4B00"
)

const (
	textFormat    = 49 // "@"
	percentFormat = 9  // "0%"
)

func newStyles(f *excelize.File, lang i18n.Lang) (*styles, error) {
	s := &styles{font: "Calibri", outcome: make(map[check.Outcome]int), wraps: make(map[int]bool)}
	if lang == i18n.ZH {
		s.font = "Microsoft YaHei"
	}
	var firstErr error
	thin := []excelize.Border{
		{Type: "left", Color: "D0D0D0", Style: 1}, {Type: "right", Color: "D0D0D0", Style: 1},
		{Type: "top", Color: "D0D0D0", Style: 1}, {Type: "bottom", Color: "D0D0D0", Style: 1},
	}
	type look struct {
		fill, color, align string
		bold, wrap         bool
		turn               int
		strike             bool
		plain              bool // no border
		top                bool // what does not fit is cut at its end
		format             int
	}
	add := func(l look) int {
		st := &excelize.Style{
			Border:    thin,
			Font:      &excelize.Font{Family: s.font, Size: 10, Bold: l.bold, Color: l.color, Strike: l.strike},
			Alignment: &excelize.Alignment{Horizontal: l.align, Vertical: "center", WrapText: l.wrap, TextRotation: l.turn},
			NumFmt:    l.format,
		}
		if l.top {
			st.Alignment.Vertical = "top"
		}
		if l.plain {
			st.Border = nil
		}
		if l.align == "" {
			st.Alignment.Horizontal, st.Alignment.Indent = "left", 1
		}
		if l.fill != "" {
			st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.fill}}
		}
		id, err := f.NewStyle(st)
		if err != nil && firstErr == nil {
			firstErr = err
		}
		s.wraps[id] = l.wrap && l.turn == 0
		return id
	}
	s.head = add(look{fill: fillHead, bold: true, align: "center", wrap: true})
	s.headTask = add(look{fill: fillTask, bold: true, align: "center", wrap: true})
	s.headInput = add(look{fill: fillInput, bold: true, align: "center", wrap: true})
	s.headTurned = add(look{fill: fillHead, bold: true, align: "center", wrap: true, turn: 90})
	s.text = add(look{format: textFormat})
	s.wrap = add(look{format: textFormat, wrap: true})
	s.cut = add(look{format: textFormat, wrap: true, top: true})
	s.points = add(look{align: "center"})
	s.percent = add(look{align: "center", format: percentFormat})
	s.subtotal = add(look{align: "center", fill: fillTotal})
	s.total = add(look{align: "center", bold: true, fill: fillTotal})
	s.ungraded = add(look{align: "center", fill: fillUngraded})
	s.blocked = add(look{align: "center", color: greyText})
	s.empty = add(look{align: "center"})
	s.replaced = add(look{align: "center", color: replacedText, bold: true, strike: true})
	s.set = add(look{align: "center", color: replacedText, bold: true, fill: fillInput})
	for _, x := range bands {
		s.rated = append(s.rated, add(look{align: "center", fill: x.fill}))
		s.linked = append(s.linked, add(look{align: "center", fill: x.fill, color: linkText}))
	}
	s.link = add(look{align: "center", color: linkText})
	s.inputPoints = add(look{align: "center", fill: fillInput})
	s.inputText = add(look{fill: fillInput, wrap: true, top: true, format: textFormat})
	s.label = add(look{bold: true, fill: fillHead})
	s.note = add(look{color: greyText, plain: true})
	for _, o := range check.Outcomes {
		s.outcome[o] = add(look{align: "center", color: outcomeColor(o)})
	}
	if firstErr != nil {
		return nil, firstErr
	}
	s.textQuoted, s.wrapQuoted, s.inputTextQuoted, s.cutQuoted = quoted(f, s.text), quoted(f, s.wrap), quoted(f, s.inputText), quoted(f, s.cut)
	s.wraps[s.wrapQuoted], s.wraps[s.inputTextQuoted], s.wraps[s.cutQuoted] = true, true, true
	for _, x := range bands {
		id, err := f.NewConditionalStyle(filled(x.fill))
		if err != nil {
			return nil, err
		}
		s.bands = append(s.bands, id)
	}
	var err error
	s.badOverride, err = f.NewConditionalStyle(filled(fillMissing))
	return s, err
}

// filled is a conditional look; those give the colour another place than cells do.
func filled(color string) *excelize.Style {
	return &excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}}
}

func outcomeColor(o check.Outcome) string {
	switch o {
	case check.Pass:
		return "2E7D32"
	case check.Partial:
		return "9A6A00"
	case check.Fail:
		return "B3261E"
	case check.Ungraded:
		return "6A3D9A"
	}
	return greyText
}

// quoted is a copy of a style with Excel's own mark for "this is text", the
// apostrophe that it shows before a cell; the library has no option for it.
func quoted(f *excelize.File, id int) int {
	xf := f.Styles.CellXfs.Xf[id]
	yes := true
	xf.QuotePrefix = &yes
	f.Styles.CellXfs.Xf = append(f.Styles.CellXfs.Xf, xf)
	f.Styles.CellXfs.Count++
	return len(f.Styles.CellXfs.Xf) - 1
}

// textCell is text from outside, as a text cell.
func textCell(s string, plain, quoted int) excelize.Cell {
	s = cellText(s)
	if risky(s) {
		return excelize.Cell{StyleID: quoted, Value: s}
	}
	return excelize.Cell{StyleID: plain, Value: s}
}
