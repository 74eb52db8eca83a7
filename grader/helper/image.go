// Package helper is the grader's own executable in a swarm: the image that carries it to the
// engines with no registry, and the services that run it there. What they make bears labels, by
// which all of it is found again and taken away.
package helper

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	// The labels of all that is made for a helper: Token is one for each time, Run and
	// Student say whose it is. The first of them is called by what there was first.
	LabelToken   = "swarmgrade.lookup"
	LabelRun     = "swarmgrade.run"
	LabelStudent = "swarmgrade.student"
	// WorkerVerb is the command of the program that a worker runs, see package worker;
	// WorkerSecret is the variable that it has the run's secret in.
	WorkerVerb   = "worker"
	WorkerSecret = "SWARMGRADE_WORKER"
	// Path is where the program is in the image.
	Path = "/grade"
)

// Program is a static executable for Linux, which needs nothing else in its image.
type Program struct {
	// Arch is what it runs on, as the engine names it: amd64, arm64.
	Arch string
	file io.ReaderAt
	size int64
	sum  string // of its contents
}

// NewProgram takes an executable as it is.
func NewProgram(file io.ReaderAt, size int64, arch string) (*Program, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, size)); err != nil {
		return nil, err
	}
	return &Program{Arch: arch, file: file, size: size, sum: hex.EncodeToString(h.Sum(nil))}, nil
}

// ErrNotStatic says that an executable can't run by itself: it was not built with
// CGO_ENABLED=0, or for another system.
var ErrNotStatic = errors.New("not a static program for Linux")

var arches = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_RISCV: "riscv64", elf.EM_S390: "s390x"}

// Own is the program that runs; [ErrNotStatic] if it can't run in an image by itself.
// Closing lets go of its file.
func Own() (p *Program, closing func() error, err error) {
	file, err := os.Open("/proc/self/exe")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, ErrNotStatic // no Linux
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	arch, err := static(file)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	p, err = NewProgram(file, info.Size(), arch)
	return p, file.Close, err
}

// static gives the processor that an executable is for.
func static(file io.ReaderAt) (arch string, err error) {
	f, err := elf.NewFile(file)
	if err != nil {
		return "", ErrNotStatic
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", ErrNotStatic
		}
	}
	if arch = arches[f.Machine]; arch == "" {
		return "", ErrNotStatic
	}
	return arch, nil
}

// Ref is the name of the program's image for a purpose that bears a token.
func (p *Program) Ref(kind, token string) string { return kind + ":" + p.sum[:12] + "-" + token }

var epoch = time.Unix(0, 0).UTC()

// Archive writes an image that holds the program and nothing else, as docker save does; it
// runs the program's verb. Nothing of the program is kept in memory.
func (p *Program) Archive(w io.Writer, ref, verb string, labels map[string]string) error {
	sum := sha256.New()
	size, err := p.layer(sum)
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": p.Arch, "os": "linux", "created": epoch,
		"config":  map[string]any{"Entrypoint": []string{Path, verb}, "Labels": labels},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum.Sum(nil))}},
		"history": []any{map[string]any{"created": epoch, "created_by": "swarmgrade"}},
	})
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%x.json", sha256.Sum256(config))
	manifest, err := json.Marshal([]any{map[string]any{"Config": name, "RepoTags": []string{ref}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	tw := tar.NewWriter(w)
	for _, f := range []struct {
		name string
		data []byte
	}{{"manifest.json", manifest}, {name, config}} {
		if err := tw.WriteHeader(header(f.name, 0o644, int64(len(f.data)))); err != nil {
			return err
		}
		if _, err := io.Copy(tw, bytes.NewReader(f.data)); err != nil {
			return err
		}
	}
	if err := tw.WriteHeader(header("layer.tar", 0o644, size)); err != nil {
		return err
	}
	if _, err := p.layer(tw); err != nil {
		return err
	}
	return tw.Close()
}

// layer writes the image's only layer and gives its size.
func (p *Program) layer(w io.Writer) (int64, error) {
	n := &counter{w: w}
	tw := tar.NewWriter(n)
	if err := tw.WriteHeader(header(Path[1:], 0o755, p.size)); err != nil {
		return 0, err
	}
	if _, err := io.Copy(tw, io.NewSectionReader(p.file, 0, p.size)); err != nil {
		return 0, err
	}
	err := tw.Close()
	return n.n, err
}

func header(name string, mode, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size, ModTime: epoch, Format: tar.FormatUSTAR}
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
