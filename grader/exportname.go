package grader

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"swarmgrade/grader/result"
)

// fileName is an ID as part of a file's name: letters, digits, "-", "_" and, within it,
// "." stay, every other byte is "%" and two hexadecimal digits, so that no two IDs
// have one name and none leads elsewhere.
func fileName(id string) string {
	var b strings.Builder
	for i, r := range id {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' || r == '.' && i > 0 && i < len(id)-1:
			b.WriteRune(r)
		default:
			for _, c := range []byte(string(r)) {
				b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
			}
		}
	}
	return b.String()
}

// telling are names of files for IDs that other systems would not tell apart, since their
// names are equal but for case or composition: each has a part of the ID's hash behind a
// "~", which no other name has in it.
func telling(of ...*result.Data) map[string]string {
	ids := map[string]map[string]bool{} // by what such systems make of the name
	for _, d := range of {
		for i := range d.Students {
			id := d.Students[i].ID
			key := norm.NFC.String(cases.Fold().String(norm.NFC.String(fileName(id))))
			if ids[key] == nil {
				ids[key] = map[string]bool{}
			}
			ids[key][id] = true
		}
	}
	names := map[string]string{}
	for _, same := range ids {
		if len(same) < 2 {
			continue
		}
		for id := range same {
			name := fileName(id)
			names[id] = strings.ToValidUTF8(name[:min(len(name), maxFileName)], "") + hashOf(id)
		}
	}
	return names
}

// nameOf is a student's as part of a file's name.
func (w *writing) nameOf(id string) string {
	if name, ok := w.names[id]; ok {
		return name
	}
	return shortName(id)
}

// maxFileName bounds what an ID takes of a file's name, in bytes: file systems take 255.
const maxFileName = 160

// shortName is fileName; of one that is too long the beginning, with a part of the ID's
// hash behind a "~".
func shortName(id string) string {
	name := fileName(id)
	if len(name) <= maxFileName {
		return name
	}
	return strings.ToValidUTF8(name[:maxFileName], "") + hashOf(id)
}

func hashOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "~" + hex.EncodeToString(sum[:8])
}

// partMark begins what stands behind a name in that of a file of a part: no class's name
// has it in it, so that no such file is taken for a class's, or in the place of one.
const partMark = "~"

// Files of more students than named, or with a longer list of them in bytes, tell how many
// they are and a part of the hash of their IDs.
const (
	named      = 3
	namedBytes = 60
)

// tasksPart is what files of some tasks have behind their names: "~task-2", "~task-1+2".
func (w *writing) tasksPart() string {
	if w.part.tasks == nil {
		return ""
	}
	var names []string
	for _, id := range w.part.tasks {
		names = append(names, fileName(id))
	}
	return partMark + "task-" + strings.Join(names, "+")
}

// partName is what files of a part of a class have behind their names: tasksPart, and
// "~students-ID+ID" or "~students-12-1a2b3c4d". The same part has the same name.
func (w *writing) partName() string {
	if w.part.students == nil {
		return w.tasksPart()
	}
	ids := w.askedIDs()
	var names []string
	for _, id := range ids {
		names = append(names, w.nameOf(id))
	}
	list := strings.Join(names, "+")
	if len(ids) > named || len(list) > namedBytes {
		slices.Sort(ids)
		sum := sha256.Sum256([]byte(strings.Join(ids, "\x00")))
		list = strconv.Itoa(len(ids)) + "-" + hex.EncodeToString(sum[:4])
	}
	return w.tasksPart() + partMark + "students-" + list
}
