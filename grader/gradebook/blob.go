package gradebook

import (
	"bytes"
	"compress/zlib"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Kinds of blob.
const (
	KindSnapshot = "snapshot"
	KindBundle   = "bundle"
	KindTrace    = "trace"
	KindDraft    = "draft"
	KindWindow   = "window"
	KindRubric   = "rubric"
	KindRoster   = "roster"
)

// PutBlob stores bytes under their hash ("sha256:…") and gives the hash. The
// same bytes are stored once.
func (g *Gradebook) PutBlob(ctx context.Context, kind string, data []byte) (hash string, err error) {
	packed, err := pack(data)
	if err != nil {
		return "", err
	}
	hash = evidence.Hash(data)
	return hash, g.write(ctx, func(tx *sql.Tx) error { return insertBlob(ctx, tx, hash, kind, packed) })
}

// PutSnapshot encodes and stores a snapshot.
func (g *Gradebook) PutSnapshot(ctx context.Context, s *evidence.Snapshot) (hash string, err error) {
	data, err := evidence.Encode(s)
	if err != nil {
		return "", err
	}
	return g.PutBlob(ctx, KindSnapshot, data)
}

// Blob gives stored bytes back, checked against their hash; ErrNotFound if
// there are none of this hash.
func (g *Gradebook) Blob(ctx context.Context, hash string) ([]byte, error) {
	var packed []byte
	err := g.reader(ctx).QueryRowContext(ctx, "SELECT data FROM blobs WHERE hash=?", hash).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("blob %s: %w", hash, ErrNotFound)
	}
	if err != nil {
		return nil, g.explain(err)
	}
	data, err := unpack(packed)
	if err == nil && evidence.Hash(data) != hash {
		err = errors.New("the bytes are not those of this hash")
	}
	if err != nil {
		return nil, g.lost(hash, err)
	}
	return data, nil
}

// named is Blob for a hash that a row names, so that it has to be there.
func (g *Gradebook) named(ctx context.Context, hash string) ([]byte, error) {
	data, err := g.Blob(ctx, hash)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) {
		g.hurt(hash)
	}
	if errors.Is(err, ErrNotFound) {
		err = g.lost(hash, errors.New("it is not there"))
	}
	return data, err
}

// lost is evidence that cannot be read.
func (g *Gradebook) lost(hash string, cause error) error {
	return damage(i18n.M("gradebook.damaged", "file", g.path, "hash", hash), i18n.M("gradebook.corrupt_hint"), cause)
}

func insertBlob(ctx context.Context, tx *sql.Tx, hash, kind string, packed []byte) error {
	_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO blobs (hash, kind, data) VALUES (?,?,?)", hash, kind, packed)
	return err
}

func pack(data []byte) ([]byte, error) {
	if len(data) > evidence.MaxBlob {
		return nil, fmt.Errorf("a blob of %d bytes is more than the %d that are kept", len(data), evidence.MaxBlob)
	}
	var buf bytes.Buffer
	w := zlib.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// unpack reads at most evidence.MaxBlob bytes, whatever the packed ones claim.
func unpack(packed []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, evidence.MaxBlob+1))
	if err != nil {
		return nil, err
	}
	if len(data) > evidence.MaxBlob {
		return nil, fmt.Errorf("more than %d bytes", evidence.MaxBlob)
	}
	return data, nil
}
