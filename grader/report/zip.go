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
	"slices"

	"github.com/xuri/excelize/v2"
)

// sortedZip writes the parts of a workbook in a fixed order and without times,
// so that the same results give the same bytes; the library would write its
// streams in the order of a map. Parts wait compressed for their turn, a
// twentieth of what they are.
type sortedZip struct {
	w     io.Writer
	parts map[string]*part
	// open is what is being written, through flate: the library writes one part
	// after the other.
	open  *part
	flate *flate.Writer
}

// part is a file of a workbook.
type part struct {
	z      *sortedZip
	packed bytes.Buffer
	crc    uint32
	size   uint64 // in bytes, unpacked
}

func newSortedZip(w io.Writer) excelize.ZipWriter {
	return &sortedZip{w: w, parts: make(map[string]*part)}
}

// packLevel is what archive/zip takes.
const packLevel = 5

func (z *sortedZip) Create(name string) (io.Writer, error) {
	if err := z.end(); err != nil {
		return nil, err
	}
	p := &part{z: z}
	if z.flate == nil {
		var err error
		if z.flate, err = flate.NewWriter(nil, packLevel); err != nil {
			return nil, err
		}
	}
	z.flate.Reset(&p.packed)
	z.parts[name], z.open = p, p
	return p, nil
}

func (p *part) Write(b []byte) (int, error) {
	if p.z.open != p {
		return 0, errors.New("a part of the workbook that is closed")
	}
	p.crc = crc32.Update(p.crc, crc32.IEEETable, b)
	p.size += uint64(len(b))
	return p.z.flate.Write(b)
}

// end closes the part that is being written.
func (z *sortedZip) end() error {
	if z.open == nil {
		return nil
	}
	z.open = nil
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
