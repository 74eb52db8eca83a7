package helper

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnImageHoldsTheProgramAndNothingElse: with a layer of the digest that its
// configuration says, and the same bytes each time.
func TestAnImageHoldsTheProgramAndNothingElse(t *testing.T) {
	text := strings.Repeat("program ", 1000)
	p, err := NewProgram(strings.NewReader(text), int64(len(text)), "amd64")
	require.NoError(t, err)
	ref := p.Ref("swarmgrade-lookup", "token")
	require.Regexp(t, `^swarmgrade-lookup:[0-9a-f]{12}-token$`, ref)
	var one, two bytes.Buffer
	require.NoError(t, p.Archive(&one, ref, "lookup", map[string]string{LabelRun: "r"}))
	require.NoError(t, p.Archive(&two, ref, "lookup", map[string]string{LabelRun: "r"}))
	require.Equal(t, one.Bytes(), two.Bytes())

	files := untar(t, &one)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	require.NoError(t, json.Unmarshal(files["manifest.json"], &manifest))
	require.Equal(t, []string{ref}, manifest[0].RepoTags)
	require.Equal(t, []string{"layer.tar"}, manifest[0].Layers)
	raw := files[manifest[0].Config]
	require.Equal(t, fmt.Sprintf("%x.json", sha256.Sum256(raw)), manifest[0].Config)
	var config struct {
		Architecture, OS string
		Config           struct {
			Entrypoint []string
			Labels     map[string]string
		}
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	require.NoError(t, json.Unmarshal(raw, &config))
	require.Equal(t, "linux/amd64", config.OS+"/"+config.Architecture)
	require.Equal(t, []string{Path, "lookup"}, config.Config.Entrypoint)
	require.Equal(t, map[string]string{LabelRun: "r"}, config.Config.Labels)
	require.Equal(t, []string{fmt.Sprintf("sha256:%x", sha256.Sum256(files["layer.tar"]))}, config.RootFS.DiffIDs)
	require.Equal(t, map[string][]byte{"grade": []byte(text)}, untar(t, bytes.NewReader(files["layer.tar"])))
	require.Len(t, files, 3)
}

func untar(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		files[h.Name], err = io.ReadAll(tr)
		require.NoError(t, err)
	}
}

// TestOnlyAStaticProgramIsTaken: the text of a script is none, and of this test it depends
// on how it was built.
func TestOnlyAStaticProgramIsTaken(t *testing.T) {
	_, err := static(strings.NewReader("#!/bin/sh\n"))
	require.ErrorIs(t, err, ErrNotStatic)
	p, closing, err := Own()
	if err != nil {
		require.ErrorIs(t, err, ErrNotStatic)
		return
	}
	require.NotEmpty(t, p.Arch)
	info, err := os.Stat("/proc/self/exe")
	require.NoError(t, err)
	require.Equal(t, info.Size(), p.size)
	require.NoError(t, closing())
}

// TestAServicesNameIsItsOwn: one a student and network, and a name that the managers take.
func TestAServicesNameIsItsOwn(t *testing.T) {
	j := Service{Kind: "swarmgrade-lookup", Token: "0123456789ab", Student: "2024001", NetworkID: "n1"}
	require.Equal(t, j.Name(), j.Name())
	require.Regexp(t, `^[a-z0-9-]{1,63}$`, j.Name())
	other := j
	other.Student = "2024002"
	require.NotEqual(t, j.Name(), other.Name())
	again := j
	again.Again = 1
	require.NotEqual(t, j.Name(), again.Name())
}
