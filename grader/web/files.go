package web

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/rubric"
)

// filePages are the files that results leave the program in.
var filePages = []Route{
	{Pattern: "GET /class/files", Role: Instructor, Do: classFiles},
	{Pattern: "GET /class/files/{format}", Role: Instructor, Do: download},
	{Pattern: "POST /class/files/{format}", Role: Instructor, Do: download},
}

// Bounds of files: so many bytes of one download, so many that are written or handed out at once, and so much of a
// setting.
const (
	fileMost    = 512 << 20
	filesHeld   = 4
	settingMost = 200
)

// filesPage is what /class/files shows.
type filesPage struct {
	Formats []fileItem
	Open    int // students whose score is not final
	Scale   string
}

// fileItem is a format.
type fileItem struct {
	Name, To, Text string
	Final          bool // others take what it holds for final scores
	Each           bool // a file of each student
}

func classFiles(w http.ResponseWriter, q *Request) error {
	d, _, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	p := filesPage{Scale: d.Rubric.Points.String()}
	for i := range d.Students {
		if _, _, final := d.Students[i].Final(); !final {
			p.Open++
		}
	}
	for _, f := range report.Formats() {
		p.Formats = append(p.Formats, fileItem{Name: f.Name, To: "/class/files/" + f.Name, Text: q.Lang.T("web.file_" + f.Name), Final: f.Final, Each: f.Each != nil})
	}
	return q.Show(w, Page{Name: "files", Title: q.Lang.T("web.files_title"), Data: p})
}

// download answers with a format's file, or with its files in a zip file.
func download(w http.ResponseWriter, q *Request) error {
	f, ok := report.FindFormat(q.PathValue("format"))
	if !ok {
		return errNotFound
	}
	e, err := q.export(f.Name)
	if err != nil {
		return err
	}
	if !q.site.office.hold() {
		return &trouble{status: http.StatusServiceUnavailable, key: "web.files_busy", after: 5 * time.Second}
	}
	defer q.site.office.letGo()
	dir, err := os.MkdirTemp("", "grade-files-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	e.Dir = filepath.Join(dir, "out")
	name, err := q.write(e, f, dir)
	if err != nil {
		return err
	}
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	media := f.Media
	if f.Each != nil {
		media = "application/zip"
	}
	return q.Download(w, filepath.Base(name), media, info.Size(), file)
}

// export is what the settings of the page ask for.
func (q *Request) export(format string) (e grader.Export, err error) {
	v := q.URL.Query() // an address to keep has settings as well as the page's form
	if q.Method == http.MethodPost {
		v = q.PostForm
	}
	for _, field := range []string{"item", "column", "scale"} {
		if len(v.Get(field)) > settingMost {
			return e, Wrong("web.files_long", "most", settingMost)
		}
	}
	e = grader.Export{
		Formats: []string{format}, Lang: q.Lang, AllowUngraded: v.Get("allow") != "", Passing: true,
		Item: strings.TrimSpace(v.Get("item")), ColumnID: strings.TrimSpace(v.Get("column")),
	}
	if text := strings.TrimSpace(v.Get("scale")); text != "" {
		p, err := rubric.TypedPoints(text)
		if err != nil || p <= 0 || p > 10000_00 {
			return e, Wrong("fill.bad_scale", "scale", page.Clip(text, 20))
		}
		e.Scale = p
	}
	return e, nil
}

// write has the files written, one download's at a time, and names the one to hand out in dir.
func (q *Request) write(e grader.Export, f report.Format, dir string) (string, error) {
	if err := q.site.office.write(q.Context()); err != nil {
		return "", err
	}
	defer q.site.office.wrote()
	files, err := q.Desk().Export(q.Context(), e)
	if err != nil {
		return "", err
	}
	var total int64
	for i, name := range files {
		rel, err := filepath.Rel(dir, name)
		if err != nil || !filepath.IsLocal(rel) {
			return "", errors.New("a file was written elsewhere")
		}
		info, err := os.Lstat(name)
		if err != nil {
			return "", err
		}
		if total += info.Size(); total > fileMost || !info.Mode().IsRegular() {
			return "", Wrong("web.files_large", "format", f.Name)
		}
		files[i] = rel
	}
	if f.Each == nil {
		if len(files) != 1 {
			return "", Wrong("web.files_none", "format", f.Name)
		}
		return files[0], nil
	}
	if len(files) == 0 {
		return "", Wrong("web.files_none", "format", f.Name)
	}
	return zipped(q.Context(), dir, filepath.ToSlash(f.Name)+".zip", files)
}

// zipped puts files of a directory into one.
func zipped(ctx context.Context, dir, name string, files []string) (_ string, err error) {
	out, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	z := zip.NewWriter(out)
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if err := zipOne(z, filepath.Join(dir, file), filepath.Base(file)); err != nil {
			return "", err
		}
	}
	return name, z.Close()
}

func zipOne(z *zip.Writer, path, name string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	to, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()})
	if err != nil {
		return err
	}
	_, err = io.Copy(to, in)
	return err
}

// hold takes a place for a file, if there is one.
func (o *office) hold() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held >= filesHeld {
		return false
	}
	o.held++
	return true
}

func (o *office) letGo() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held--
}

// write waits until nobody else writes.
func (o *office) write(ctx context.Context) error {
	o.mu.Lock()
	if o.writing == nil {
		o.writing = make(chan struct{}, 1)
	}
	turn := o.writing
	o.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *office) wrote() { <-o.writing }
