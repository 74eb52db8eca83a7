package roster

import (
	"bytes"
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

// maxLine bounds a line, in bytes.
const maxLine = 64 << 10

// csv reads a csv file in any encoding and with any separator that Excel, WPS
// and school systems write.
func (r *reader) csv(data []byte) {
	text, ok := decode(data)
	if !ok {
		r.whole(i18n.M("roster.encoding"), i18n.M("roster.encoding_hint"))
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
	r.rows(r.split(text, lines, separator(text, lines)))
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
func separator(text string, lines []string) rune {
	top := strings.Join(lines[:min(len(lines), 4*headingRows)], "\n")
	best := ','
	for _, sep := range []rune{',', ';', '\t'} {
		quiet := &reader{}
		at, whole := findHeading(quiet.split(top, lines, sep))
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
			r.whole(i18n.M("roster.not_readable", "path", r.file, "detail", err.Error()), i18n.Msg{})
			break
		}
		line, _ := in.FieldPos(0)
		if len(fields) > maxColumns {
			r.problems.Add(diag.Pos{File: r.file, Line: line}, "", 0, i18n.M("roster.many_columns", "limit", maxColumns), i18n.M("roster.quote_hint"))
			break
		}
		w := row{line: line, source: lines[line-1], cells: make([]cell, len(fields))}
		for i, f := range fields {
			w.cells[i] = cell{text: f}
			if l, col := in.FieldPos(i); l == line {
				w.cells[i].col = chars(w.source, col)
			}
		}
		rows = append(rows, w)
		if len(rows) > MaxStudents+headingRows+1 {
			break // rows says that there are too many
		}
	}
	return rows
}

// chars turns a column in bytes into one in characters.
func chars(line string, col int) int {
	return utf8.RuneCountInString(line[:min(max(col-1, 0), len(line))]) + 1
}
