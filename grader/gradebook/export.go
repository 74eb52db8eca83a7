package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
)

// Export is a file as it was written from the gradebook.
type Export struct {
	SHA256 string `json:"sha256"` // hex; "" if none was written
	Size   int64  `json:"size"`   // bytes
	// Was is the file that this one takes the place of, which is still there where the
	// program ended before it did; nil for none.
	Was *Export `json:"was,omitempty"`
}

// SetExported notes what is written to files, by name, to know later whether somebody
// has changed them. It is noted before they are put there.
func (g *Gradebook) SetExported(ctx context.Context, files map[string]Export) error {
	if len(files) == 0 {
		return nil
	}
	return g.write(ctx, func(tx *sql.Tx) error {
		for file, e := range files {
			raw, err := json.Marshal(e)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES (?,?)", exportKey(file), string(raw)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Exported is what was written last to a file.
func (g *Gradebook) Exported(ctx context.Context, file string) (e Export, err error) {
	all, err := texts(ctx, g.db, "SELECT value FROM meta WHERE key=?", exportKey(file))
	if err != nil || len(all) == 0 {
		return e, g.explain(err)
	}
	if json.Unmarshal([]byte(all[0]), &e) != nil {
		e = Export{} // as if nothing were known
	}
	return e, nil
}

func exportKey(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	return "export:" + file
}
