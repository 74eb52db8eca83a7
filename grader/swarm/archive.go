package swarm

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"

	"swarmgrade/grader/evidence"
)

const (
	// maxHops bounds how many symbolic links are followed.
	maxHops = 3
	// maxArchive bounds what is read of one archive, whatever it says of
	// itself.
	maxArchive = 4 << 20
)

// reader reads configuration files out of one container, running or not.
type reader struct {
	// e and container are nil and "" if the container can't be asked.
	e         *endpoint
	container string
	// known are swarm configs by their path in the container. An engine's
	// archive never shows them: there is an empty file in their place.
	known map[string]evidence.File
	files []evidence.File
}

// entry is a file, or a link still to be followed.
type entry struct {
	evidence.File
	link string
}

// config reads the files that a command line names, or else the first of the
// likely ones that is there, in HAProxy's order.
func (r *reader) config(ctx context.Context, argv []string, workdir string, mounts []evidence.Mount) ([]evidence.File, error) {
	paths := configArgs(argv, workdir)
	likely := len(paths) == 0
	if likely {
		paths = likelyConfigs(mounts, r.known)
	}
	for i, p := range paths {
		got, err := r.path(ctx, p)
		if err != nil {
			return nil, err
		}
		missing := len(got) == 1 && got[0].Error == "missing"
		switch {
		case !likely:
			r.files = append(r.files, got...)
		case !missing:
			return got, nil
		case i == 0:
			r.files = got
		}
		if len(r.files) >= maxFiles {
			break
		}
	}
	return r.files[:min(len(r.files), maxFiles)], nil
}

// path reads a file, or the .cfg files of a directory.
func (r *reader) path(ctx context.Context, p string) ([]evidence.File, error) {
	inside := func(name string) bool { return path.Dir(name) == p && path.Ext(name) == ".cfg" }
	var out []evidence.File
	if f, ok := r.known[p]; ok {
		out = append(out, f)
	} else if r.e != nil {
		got, err := r.fetch(ctx, p, maxHops)
		if err != nil {
			return nil, err
		}
		out = got
	}
	for _, name := range sortedKeys(r.known) {
		if inside(name) {
			out = slices.DeleteFunc(out, func(f evidence.File) bool { return f.Path == name || f.Path == p && f.Error != "" })
			out = append(out, r.known[name])
		}
	}
	slices.SortStableFunc(out, func(a, b evidence.File) int { return cmp.Compare(a.Path, b.Path) })
	if len(out) == 0 {
		out = []evidence.File{{Path: text(p), Source: "archive", Error: "unreadable"}}
	}
	return out, nil
}

// fetch asks the engine for what is at a path.
func (r *reader) fetch(ctx context.Context, p string, hops int) ([]evidence.File, error) {
	if f, ok := r.known[p]; ok {
		return []evidence.File{f}, nil
	}
	lacking := func(why string) []entry {
		return []entry{{File: evidence.File{Path: text(p), Source: "archive", Error: why}}}
	}
	var found []entry
	err := r.e.call(ctx, func(ctx context.Context) error {
		body, stat, err := r.e.api.CopyFromContainer(ctx, r.container, p)
		if err != nil {
			return err
		}
		defer body.Close()
		switch {
		case stat.Mode&os.ModeSymlink != 0:
			found = lacking("unreadable")
			found[0].link = stat.LinkTarget
		case stat.Mode.IsDir():
			if found = readDir(body, p); len(found) == 0 {
				found = lacking("directory")
			}
		case stat.Mode.IsRegular():
			found = []entry{{File: readFile(body, p, stat.Mtime)}}
		default:
			found = lacking("unreadable")
		}
		return nil
	})
	switch {
	case err == nil:
	case errdefs.IsNotFound(err) && !strings.Contains(err.Error(), "No such container"):
		found = lacking("missing")
	case engineSaid(err):
		// It can't mount the container's file system, or the like.
		found = lacking("unreadable")
	default:
		return nil, err
	}
	return r.follow(ctx, found, hops)
}

// engineSaid tells an answer of the engine from trouble on the way to it.
func engineSaid(err error) bool {
	return errdefs.IsInternal(err) || errdefs.IsInvalidArgument(err) || errdefs.IsConflict(err)
}

// follow replaces links by what they point at, under the name that HAProxy
// knows them by. The engine is asked again for each, which looks only inside
// the container.
func (r *reader) follow(ctx context.Context, found []entry, hops int) ([]evidence.File, error) {
	slices.SortStableFunc(found, func(a, b entry) int { return cmp.Compare(a.Path, b.Path) })
	var out []evidence.File
	for _, f := range found[:min(len(found), maxFiles)] {
		if f.link == "" || hops == 0 {
			out = append(out, f.File)
			continue
		}
		target := f.link
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(f.Path), target)
		}
		got, err := r.fetch(ctx, path.Clean(target), hops-1)
		if err != nil {
			return nil, err
		}
		if len(got) == 1 {
			got[0].Path = f.Path
		}
		out = append(out, got...)
	}
	return out, nil
}

// readFile reads the archive of one regular file.
func readFile(body io.Reader, p string, modified time.Time) evidence.File {
	f := evidence.File{Path: text(p), Source: "archive", Error: "unreadable"}
	tr := tar.NewReader(io.LimitReader(body, maxArchive))
	h, err := tr.Next()
	if err != nil || h.Typeflag != tar.TypeReg {
		return f
	}
	if modified.IsZero() {
		modified = h.ModTime
	}
	return readEntry(tr, h, p, modified)
}

func readEntry(tr *tar.Reader, h *tar.Header, p string, modified time.Time) evidence.File {
	f := evidence.File{Path: text(p), Source: "archive", Size: h.Size, Modified: stamp(modified)}
	raw, err := io.ReadAll(io.LimitReader(tr, maxConfig))
	if err != nil {
		f.Error = "unreadable"
		return f
	}
	setText(&f, raw)
	f.Truncated = f.Truncated || h.Size > int64(len(raw))
	return f
}

// setText fills in text and digest. The digest is of the bytes that were read:
// of the whole file unless Truncated.
func setText(f *evidence.File, raw []byte) {
	sum := sha256.Sum256(raw)
	f.SHA256 = hex.EncodeToString(sum[:])
	valid := strings.ToValidUTF8(string(raw), "�")
	f.Text = clip(valid, maxConfig)
	f.Truncated = len(f.Text) < len(valid)
}

// readDir reads the .cfg files, and links of such names, right below a
// directory. Those are what HAProxy reads there.
func readDir(body io.Reader, dir string) (found []entry) {
	limited := &io.LimitedReader{R: body, N: maxArchive}
	tr := tar.NewReader(limited)
	for len(found) < maxFiles {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			why := "unreadable"
			if limited.N <= 0 {
				why = "too-large"
			}
			return append(found, entry{File: evidence.File{Path: text(dir), Source: "archive", Error: why}})
		}
		// Entries are named <base of dir>/<file>.
		name := path.Clean(h.Name)
		if strings.Count(name, "/") != 1 || name[0] == '.' || path.Ext(name) != ".cfg" || path.Base(name)[0] == '.' {
			continue
		}
		p := path.Join(dir, path.Base(name))
		switch h.Typeflag {
		case tar.TypeReg:
			found = append(found, entry{File: readEntry(tr, h, p, h.ModTime)})
		case tar.TypeSymlink:
			found = append(found, entry{
				File: evidence.File{Path: text(p), Source: "archive", Error: "unreadable"},
				link: text(h.Linkname),
			})
		}
	}
	return found
}
