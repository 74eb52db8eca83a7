// Package sheetfile reads workbooks (xlsx) that somebody else has written: as a
// stream and within bounds, so that nothing has to be believed of what they say of
// themselves, and no longer than the context lets it.
package sheetfile

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a workbook, whoever reads it.
const (
	maxParts   = 2000      // files in the zip
	maxTokens  = 6_000_000 // tags and texts of all parts that are read
	maxSheets  = 64        // named
	maxStrings = 500_000   // shared
	maxStyles  = 65_536
	maxMerged  = 10_000
	maxRows    = 1 << 20 // what Excel has
	maxCols    = 1 << 14
	// maxToken bounds one tag or one text of a part, in bytes: Excel's longest
	// value, each character as an entity, is less.
	maxToken = 512 << 10
	// MaxValue is how many bytes of one value are kept.
	MaxValue = 4004
)

// Limits of a workbook that depend on what it is read for, in bytes.
type Limits struct {
	Unpacked int64 // of all parts that are read, together
	Text     int   // of all shared texts
}

var allDigits = regexp.MustCompile(`^[0-9]+$`)

var (
	// ErrUnfolds is the error of a file with more in it than the limits allow.
	ErrUnfolds = errors.New("unfolds to too much")
	// ErrNoPart is the error of a file that is no workbook.
	ErrNoPart = errors.New("it is no workbook, or a part of it is missing")
	// ErrDeclared is the error of a part with declarations that no workbook has.
	ErrDeclared = errors.New("it declares entities or a document type")
)

// Parts gives the parts of a workbook by lower-case name: [ErrNoPart] or what
// else keeps one from being read.
type Parts func(name string) (io.ReadCloser, error)

// Open reads what a workbook's sheets are and refer to. ctx is that of all reading.
func Open(ctx context.Context, open Parts, limits Limits) (*Book, error) {
	b := &Book{open: open, ctx: ctx, limits: limits, left: limits.Unpacked}
	if err := b.contents(); err != nil {
		return nil, err
	}
	return b, nil
}

// Sheets are the workbook's sheets, in its order.
func (b *Book) Sheets() []Sheet { return b.sheets }

// Unzip opens a zip file. A directory of more entries than a workbook has is
// refused before it is read.
func Unzip(data []byte, limits Limits) (Parts, error) {
	if bytes.Count(data, []byte("PK\x01\x02")) > maxParts {
		return nil, ErrUnfolds
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	files := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		files[strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))] = f
	}
	return func(name string) (io.ReadCloser, error) {
		f := files[name]
		if f == nil {
			return nil, ErrNoPart
		}
		if f.UncompressedSize64 > uint64(limits.Unpacked) { //nolint:gosec // a limit is positive
			return nil, ErrUnfolds
		}
		return f.Open()
	}, nil
}

// Name is a cell as Excel calls it, "B5".
func Name(col, row int) string {
	name := ""
	for ; col > 0; col = (col - 1) / 26 {
		name = string(rune('A'+(col-1)%26)) + name
	}
	return name + strconv.Itoa(row)
}

// place is the column and the row of a reference such as "B5"; false if
// it is none, or beyond what a worksheet has.
func place(ref string) (col, row int, ok bool) {
	ref = strings.ReplaceAll(ref, "$", "")
	i := 0
	for ; i < len(ref) && i < 4; i++ {
		c := ref[i] | 0x20
		if c < 'a' || c > 'z' {
			break
		}
		col = col*26 + int(c-'a') + 1
	}
	row, err := strconv.Atoi(ref[i:])
	return col, row, err == nil && col >= 1 && col <= maxCols && row >= 1 && row <= maxRows
}

// partPath is where a relation of a part leads to.
func partPath(from, target string) string {
	target = strings.ToLower(strings.ReplaceAll(target, `\`, "/"))
	if !strings.HasPrefix(target, "/") {
		target = path.Join(path.Dir(from), target)
	}
	return strings.TrimPrefix(path.Clean(target), "/")
}

// Trim removes white space around a value, the ideographic space and marks
// without width among it: spreadsheets leave them.
func Trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == 0x200b || r == 0xfeff })
}

// cut keeps the beginning of a value: enough to tell that it is too long.
func cut(s string) string {
	if len(s) <= MaxValue {
		return s
	}
	return strings.ToValidUTF8(s[:MaxValue], "")
}

// clip bounds a text for a message.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:59]) + "…"
}
