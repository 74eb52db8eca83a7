package sheetfile

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
)

// Shown is how a cell's number format shows a number that is not negative.
type Shown struct {
	// Code is the format as the file has it.
	Code string
	// Decimals are how many it shows: [All] of them, or [Otherwise], where it shows
	// something else than the number, such as a share of a hundred or a date.
	Decimals int
	// Zero says that 0 is shown as other numbers are.
	Zero bool
}

// What [Shown] has in the place of a count.
const (
	All       = -1
	Otherwise = -2
)

// maxCode is how long a number format may be; Excel's are 255 at most.
const maxCode = 1000

// builtIn are formats that a file refers to by a number only, without those of money,
// dates and times, which are in ranges.
var builtIn = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
	37: "#,##0_);(#,##0)", 38: "#,##0_);[Red](#,##0)", 39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);[Red](#,##0.00)",
	41: `_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)`, 43: `_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)`, 48: "##0.0E+0", 49: "@",
}

// Shows is how cells of a style, by its number, show numbers; "" is the style of cells
// that name none.
func (b *Book) Shows(style string) Shown {
	i, err := strconv.Atoi(strings.TrimSpace(style))
	if err != nil {
		i = 0
	}
	if i < 0 || i >= len(b.formatIDs) {
		return Show("General")
	}
	id := b.formatIDs[i]
	if code, ok := b.codes[id]; ok {
		return Show(code)
	}
	n, err := strconv.Atoi(id)
	switch {
	case err != nil:
		return Show("General")
	case n >= 5 && n <= 8, n == 42, n == 44: // money
		return Shown{Code: "¤", Decimals: Otherwise}
	case n >= 14 && n <= 22, n >= 27 && n <= 36, n >= 45 && n <= 47, n >= 50 && n <= 58:
		return Shown{Code: "yyyy-mm-dd", Decimals: Otherwise}
	case builtIn[n] != "":
		return Show(builtIn[n])
	}
	return Show("General")
}

var (
	// around is what stands beside a number without changing it: a color, a language, a
	// gap, the word for points.
	around = regexp.MustCompile(`(?i)^\[(?:black|blue|cyan|green|magenta|red|white|yellow|黑色|蓝色|青色|绿色|洋红|红色|白色|黄色|color ?[0-9]{1,2}|颜色 ?[0-9]{1,2})\]` +
		`|^\[\$-[0-9a-e][0-9a-f]{2,3}\]|^[_*].|^\\ |^ |^\\?分|^" *分? *"`)
	whole   = regexp.MustCompile(`^(?:#|#,##|#,#)?0(?:\.([0#?]*))?$`)
	general = regexp.MustCompile(`^(?i:general|g/通用格式|@)$`)
)

// Show is what a format's code says.
func Show(code string) Shown {
	out := Shown{Code: code, Decimals: Otherwise}
	if len(code) > maxCode {
		out.Code = clip(code)
		return out
	}
	parts := sections(code)
	out.Decimals = decimals(parts[0])
	out.Zero = out.Decimals != Otherwise
	if len(parts) > 2 {
		out.Zero = decimals(parts[2]) != Otherwise
	}
	return out
}

// sections are a format's: for numbers above, below, and at zero, and for text.
func sections(code string) []string {
	var out []string
	from, quoted := 0, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '\\' || c == '_' || c == '*'):
			i++ // the next says nothing
		case !quoted && c == ';':
			out, from = append(out, code[from:i]), i+1
		}
	}
	return append(out, code[from:])
}

// decimals are how many a section shows.
func decimals(section string) int {
	var number strings.Builder
	for len(section) > 0 {
		if n := len(around.FindString(section)); n > 0 {
			section = section[n:]
			continue
		}
		number.WriteByte(section[0])
		section = section[1:]
	}
	text := number.String()
	if general.MatchString(text) {
		return All
	}
	m := whole.FindStringSubmatch(text)
	if m == nil {
		return Otherwise
	}
	return len(m[1])
}

// zeros is a number format that pads with zeros and does nothing else.
var zeros = regexp.MustCompile(`^0{2,64}(;.*)?$`)

func (b *Book) formats(part string) error {
	own := map[string]look{}
	in, named, dxf := false, false, -1
	b.codes, b.changing = map[string]string{}, map[string]string{}
	return b.part(part, func(t xml.Token) (bool, error) {
		switch e := t.(type) {
		case xml.StartElement:
			switch {
			case e.Name.Local == "numFmts":
				named = true
			case e.Name.Local == "dxf":
				dxf++
			case e.Name.Local == "numFmt" && dxf >= 0:
				b.changing[strconv.Itoa(dxf)] = attr(e, "formatCode")
			case e.Name.Local == "numFmt":
				code, l := attr(e, "formatCode"), look{}
				if named {
					b.codes[attr(e, "numFmtId")] = code
				}
				if zeros.MatchString(code) {
					l.pad = strings.IndexFunc(code+";", func(r rune) bool { return r != '0' })
				}
				l.dated = dated("", code)
				if l.percent = strings.Contains(code, "%"); l != (look{}) {
					own[attr(e, "numFmtId")] = l
				}
			case e.Name.Local == "cellXfs":
				in = true
			case in && e.Name.Local == "xf":
				id := attr(e, "numFmtId")
				l := own[id]
				if _, ok := b.codes[id]; !ok { // built in
					l.percent = l.percent || id == "9" || id == "10"
					l.dated = dated(id, "")
				}
				b.styles, b.formatIDs = append(b.styles, l), append(b.formatIDs, id)
			}
		case xml.EndElement:
			in, named = in && e.Name.Local != "cellXfs", named && e.Name.Local != "numFmts"
		}
		if len(b.styles)+len(b.codes)+len(b.changing) > maxStyles {
			return false, ErrUnfolds
		}
		return true, nil
	})
}
