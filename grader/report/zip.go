package report

import (
	"archive/zip"
	"bytes"
	"errors"
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
// streams in the order of a map.
type sortedZip struct {
	w     io.Writer
	parts map[string]*bytes.Buffer
}

func newSortedZip(w io.Writer) excelize.ZipWriter {
	return &sortedZip{w: w, parts: make(map[string]*bytes.Buffer)}
}

func (z *sortedZip) Create(name string) (io.Writer, error) {
	b := new(bytes.Buffer)
	z.parts[name] = b
	return b, nil
}

func (z *sortedZip) AddFS(fs.FS) error { return errors.New("a workbook holds no file system") }

func (z *sortedZip) Close() error {
	out := zip.NewWriter(z.w)
	for _, name := range slices.Sorted(maps.Keys(z.parts)) { // [Content_Types].xml comes first
		w, err := out.Create(name)
		if err != nil {
			return err
		}
		if _, err := w.Write(polished(name, z.parts[name].Bytes())); err != nil {
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
func polished(name string, part []byte) []byte {
	switch {
	case name == "[Content_Types].xml":
		types := contentTypes.FindAllString(string(part), -1)
		slices.Sort(types)
		i := 0
		return contentTypes.ReplaceAllFunc(part, func([]byte) []byte { i++; return []byte(types[i-1]) })
	case strings.HasPrefix(name, "xl/worksheets/sheet"):
		part = inlineFormula.ReplaceAll(part, []byte(`t="str"><f>$1</f><v>$2</v>`))
		if bytes.Contains(part, []byte(` outlineLevel="1"`)) {
			part = bytes.Replace(part, []byte("<sheetFormatPr "), []byte(`<sheetFormatPr outlineLevelRow="1" `), 1)
		}
	}
	return part
}
