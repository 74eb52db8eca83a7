package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
)

// Export is a file as it was written from the gradebook.
type Export struct {
	SHA256 string `json:"sha256"` // hex; "" if none was written
	Size   int64  `json:"size"`   // bytes
	// Was is the file that this one takes the place of, which is still there where the
	// program ended before it did; nil for none.
	Was *Export `json:"was,omitempty"`
	// Of is the path that was asked for where something else had it, so that this file is
	// beside it; "" for one that has its own name.
	Of string `json:"of,omitempty"`
	// About is what it holds; nil where nobody knows, as of files of older versions.
	About *About `json:"about,omitempty"`
}

// About is what of a class's results a file holds, and how it is written again.
type About struct {
	Lab      string   `json:"lab"`                // the rubric's ID
	Format   string   `json:"format,omitempty"`   // "" for a form of the school's
	Flags    string   `json:"flags,omitempty"`    // of grade export, but for class, format and language
	Lang     string   `json:"lang"`               // of what it says
	Students []string `json:"students,omitempty"` // IDs; none are all
	Tasks    []string `json:"tasks,omitempty"`    // none are all
	Each     string   `json:"each,omitempty"`     // the directory that it is in as one of many, "" for one of its own
	Scores   string   `json:"scores"`             // a hash of the scores that were written
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

// AllExported is what was written last to each file, by its absolute path.
func (g *Gradebook) AllExported(ctx context.Context) (map[string]Export, error) {
	rows, err := g.db.QueryContext(ctx, "SELECT key, value FROM meta WHERE key >= ? AND key < ?", exportPrefix, exportBehind)
	if err != nil {
		return nil, g.explain(err)
	}
	defer rows.Close()
	out := map[string]Export{}
	for rows.Next() {
		var key, raw string
		if err := rows.Scan(&key, &raw); err != nil {
			return nil, g.explain(err)
		}
		var e Export
		if json.Unmarshal([]byte(raw), &e) == nil { // else as if nothing were known
			out[strings.TrimPrefix(key, exportPrefix)] = e
		}
	}
	return out, g.explain(rows.Err())
}

// exportBehind comes behind all keys with the prefix.
const exportPrefix, exportBehind = "export:", "export;"

func exportKey(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	return exportPrefix + file
}
