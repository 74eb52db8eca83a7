package roster

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Limits of a csv file: bytes of a line, and lines, of which a student may
// take several.
const (
	maxLine  = 64 << 10
	maxLines = 200_000
)

// csv reads a csv file in any encoding and with any separator that Excel, WPS
// and school systems write.
func (r *reader) csv(data []byte) {
	text, ok := decode(data)
	if !ok {
		r.whole(i18n.M("roster.encoding"), i18n.M("roster.encoding_hint"))
		return
	}
	if strings.Count(text, "\n") > maxLines {
		r.whole(i18n.M("roster.many_lines", "limit", maxLines), i18n.M("roster.too_much_hint"))
		return
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
		if len(lines[i]) > maxLine {
			r.problems.Add(diag.Pos{File: r.file, Line: i + 1}, "", 0, i18n.M("roster.long_line", "limit", maxLine), i18n.Msg{})
			return
		}
	}
	sep := separator(r.ctx, lines)
	r.rows(r.split(untie(text, sep), lines, sep))
}

// decode gives the text of a file: UTF-8, UTF-16 with a mark, or else GB18030,
// of which GBK and GB2312 are parts.
func decode(data []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xFF\xFE")), bytes.HasPrefix(data, []byte("\xFE\xFF")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", false
	}
	if utf8.Valid(data) {
		return string(data), true
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
}

// separator is the one under which the heading is found; a comma if under
// none.
func separator(ctx context.Context, lines []string) rune {
	top := strings.Join(lines[:min(len(lines), 4*headingRows)], "\n")
	best := ','
	for _, sep := range []rune{',', ';', '\t'} {
		quiet := &reader{ctx: ctx}
		at, whole := findHeading(quiet.split(untie(top, sep), lines, sep))
		if whole {
			return sep
		}
		if at >= 0 && best == ',' {
			best = sep
		}
	}
	return best
}

// split cuts the text into rows. A line with a misplaced quote is reported and
// left out.
func (r *reader) split(text string, lines []string, sep rune) []row {
	in := csv.NewReader(strings.NewReader(text))
	in.Comma = sep
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	var rows []row
	for len(r.problems) < maxProblems {
		if len(rows)%256 == 0 && r.ctx.Err() != nil {
			return nil
		}
		fields, err := in.Read()
		if err == io.EOF {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			w := row{line: bad.StartLine, source: lines[min(bad.StartLine, len(lines))-1]}
			c := cell{}
			if bad.Line == bad.StartLine {
				c.col = chars(w.source, bad.Column)
			}
			r.at(w, c, i18n.M("roster.quote"), i18n.M("roster.quote_hint"))
			continue
		} else if err != nil {
			r.whole(i18n.M("roster.not_readable", "path", r.file, "detail", diag.Reason(err)), i18n.Msg{})
			break
		}
		line, _ := in.FieldPos(0)
		if len(fields) > maxColumns {
			r.problems.Add(diag.Pos{File: r.file, Line: line}, "", 0, i18n.M("roster.many_columns", "limit", maxColumns), i18n.M("roster.quote_hint"))
			break
		}
		w := row{line: line, source: lines[line-1], cells: make([]cell, len(fields))}
		for i, f := range fields {
			w.cells[i] = cell{text: cut(f)}
			l, col := in.FieldPos(i)
			if l == line {
				w.cells[i].col = chars(w.source, col)
			}
			if strings.HasPrefix(f, "=") && strings.HasPrefix(lines[l-1][min(col-1, len(lines[l-1])):], `="`) {
				w.cells[i].text = cut(f[1:]) // see untie
			}
		}
		if !r.room(w) {
			return nil
		}
		rows = append(rows, w)
		if len(rows) > MaxStudents+headingRows+1 {
			break // rows says that there are too many
		}
	}
	return rows
}

// untie makes ="001", as some programs write text for Excel, "=001": a quoted
// value of the same length, so that no place moves.
func untie(text string, sep rune) string {
	if !strings.Contains(text, `="`) {
		return text
	}
	out := []byte(text)
	for at := 0; ; {
		i := strings.Index(text[at:], `="`)
		if i < 0 {
			return string(out)
		}
		i += at
		at = i + 2
		n := strings.IndexAny(text[at:], "\"\n")
		if n < 0 {
			return string(out)
		}
		if i > 0 && text[i-1] != byte(sep) && text[i-1] != '\n' || text[at+n] != '"' {
			continue
		}
		at += n + 1
		if at == len(text) || text[at] == byte(sep) || text[at] == '\n' || text[at] == '\r' {
			out[i], out[i+1] = '"', '='
		}
	}
}

// cut bounds a value before anything is done with it.
func cut(s string) string {
	if len(s) <= maxValue {
		return s
	}
	return strings.ToValidUTF8(s[:maxValue], "")
}

// chars turns a column in bytes into one in characters.
func chars(line string, col int) int {
	return utf8.RuneCountInString(line[:min(max(col-1, 0), len(line))]) + 1
}
