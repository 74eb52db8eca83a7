package report

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// sortedZip writes the parts of a workbook in a fixed order and without times,
// so that the same results give the same bytes; the library would write its
// streams in the order of a map. Parts wait compressed for their turn, a
// twentieth of what they are; a sheet is compressed as it comes, since a large class's are some hundred MB.
type sortedZip struct {
	w io.Writer
	// folded says by its file's name whether a sheet has rows that are folded away.
	folded func(name string) bool
	parts  map[string]*member
	// open is what is being written, into raw: the library writes one part after the
	// other.
	open  *member
	raw   bytes.Buffer
	flate *flate.Writer
}

// member is a file of a workbook.
type member struct {
	z      *sortedZip
	name   string
	packed bytes.Buffer
	crc    uint32
	size   uint64 // in bytes, unpacked
}

func newSortedZip(w io.Writer, folded func(name string) bool) excelize.ZipWriter {
	return &sortedZip{w: w, folded: folded, parts: make(map[string]*member)}
}

// firstDay is 1 January 1980 as archives have days, the first that there is: nothing at all
// is day 0 of month 0, which no calendar has.
const firstDay = 1<<5 | 1

// packLevel is what archive/zip takes.
const packLevel = 5

func (z *sortedZip) Create(name string) (io.Writer, error) {
	if err := z.end(); err != nil {
		return nil, err
	}
	p := &member{z: z, name: name}
	z.parts[name], z.open = p, p
	if z.flate == nil {
		var err error
		if z.flate, err = flate.NewWriter(nil, packLevel); err != nil {
			return nil, err
		}
	}
	z.flate.Reset(&p.packed)
	return p, nil
}

// sheetPiece is how much of a sheet is polished at a time, in bytes, and what is left of a row.
const sheetPiece = 1 << 16

func (p *member) Write(b []byte) (int, error) {
	if p.z.open != p {
		return 0, errors.New("a part of the workbook that is closed")
	}
	n := len(b)
	if !p.isSheet() {
		return p.z.raw.Write(b)
	}
	for len(b) > 0 {
		piece := b[:min(len(b), sheetPiece)]
		b = b[len(piece):]
		p.z.raw.Write(piece)
		// What is mended stands within a row, or before the first.
		if end := bytes.LastIndex(p.z.raw.Bytes(), rowEnd); end >= 0 {
			if err := p.pack(p.z.raw.Next(end + len(rowEnd))); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

var rowEnd = []byte("</row>")

func (p *member) isSheet() bool { return strings.HasPrefix(p.name, "xl/worksheets/sheet") }

// pack polishes and compresses the next piece.
func (p *member) pack(piece []byte) error {
	whole := p.polished(piece)
	p.crc, p.size = crc32.Update(p.crc, crc32.IEEETable, whole), p.size+uint64(len(whole))
	_, err := p.z.flate.Write(whole)
	return err
}

// end closes the part that is being written.
func (z *sortedZip) end() error {
	p := z.open
	if p == nil {
		return nil
	}
	z.open = nil
	defer z.raw.Reset()
	if err := p.pack(z.raw.Bytes()); err != nil {
		return err
	}
	return z.flate.Close()
}

func (z *sortedZip) AddFS(fs.FS) error { return errors.New("a workbook holds no file system") }

func (z *sortedZip) Close() error {
	if err := z.end(); err != nil {
		return err
	}
	out := zip.NewWriter(z.w)
	for _, name := range slices.Sorted(maps.Keys(z.parts)) { // [Content_Types].xml comes first
		p := z.parts[name]
		w, err := out.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Deflate, CRC32: p.crc, UncompressedSize64: p.size, CompressedSize64: uint64(p.packed.Len()),
			ModifiedDate: firstDay, // Modified is not looked at by CreateRaw
		})
		if err != nil {
			return err
		}
		if _, err := p.packed.WriteTo(w); err != nil {
			return err
		}
		delete(z.parts, name)
	}
	return out.Close()
}

var (
	contentTypes = regexp.MustCompile(`<(?:Default|Override) [^>]*></(?:Default|Override)>`)
	// A formula that comes to text, as the library's stream writes it. What is in a
	// cell is escaped, so that nothing that anybody typed looks like it.
	inlineFormula = regexp.MustCompile(`t="inlineStr"><f>([^<]*)</f><is><t(?: xml:space="preserve")?>([^<]*)</t></is>`)
)

// polished mends what the library leaves to chance or to its readers: the order of the
// list of parts, which is that of a map; values of formulas that are text, which belong
// where all values of formulas are; and rows that are folded, which programs show no
// handles for unless the sheet says how deep they go.
func (p *member) polished(part []byte) []byte {
	switch {
	case p.name == "[Content_Types].xml":
		types := contentTypes.FindAllString(string(part), -1)
		slices.Sort(types)
		i := 0
		return contentTypes.ReplaceAllFunc(part, func([]byte) []byte { i++; return []byte(types[i-1]) })
	case p.isSheet():
		if bytes.Contains(part, []byte(`t="inlineStr"><f>`)) {
			part = inlineFormula.ReplaceAll(part, []byte(`t="str"><f>$1</f><v>$2</v>`))
		}
		if p.size == 0 && p.z.folded(p.name) { // it is the first piece
			part = bytes.Replace(part, []byte("<sheetFormatPr "), []byte(`<sheetFormatPr outlineLevelRow="1" `), 1)
		}
	}
	return part
}
