package gradebook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// SetAside copies a gradebook that nobody has open, as it is, to a file beside
// it that is named after its content, and gives that name. A copy that is there
// already is not made again; nothing is ever overwritten or deleted.
func SetAside(path string) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name()) // gone already if it was given its name
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(tmp, h), in)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", err
	}
	name := path + ".damaged-" + hex.EncodeToString(h.Sum(nil)[:4])
	if err := os.Link(tmp.Name(), name); errors.Is(err, fs.ErrExist) {
		return name, nil
	} else if err != nil { // a file system without links
		return name, os.Rename(tmp.Name(), name)
	}
	return name, nil
}
