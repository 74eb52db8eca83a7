package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// What follows reads files as the systems that take them do, by what their documents
// and their sources say.

// readCSV reads comma-separated values, and holds what every writer here owes: UTF-8
// with a mark, lines that end in CR and LF, as many cells in each.
func readCSV(t *testing.T, raw []byte) [][]string {
	t.Helper()
	require.True(t, utf8.Valid(raw))
	text, ok := bytes.CutPrefix(raw, []byte(bom))
	require.True(t, ok, "no byte order mark")
	require.Equal(t, bytes.Count(text, []byte("\n")), bytes.Count(text, []byte("\r\n")))
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, len(rows), bytes.Count(text, []byte("\n")), "a cell has a line end within")
	return rows
}

// grade is what stands in a platform's gradebook.
type grade struct {
	score    string // "" is none
	feedback string
}

// moodle is a course: grades by ID number.
type moodle map[string]grade

var errMoodle = errors.New("moodle takes nothing of the file")

// load imports a file whose columns are mapped as ID number, item, feedback of the
// item. It changes all grades or none.
func (m moodle) load(rows [][]string) error {
	if len(rows) == 0 || len(rows[0]) != 3 {
		return errMoodle
	}
	type change struct {
		user string
		to   grade
	}
	var changes []change
	user := "" // stays from row to row, as in Moodle
	for _, row := range rows[1:] {
		if len(row) != 3 {
			return errMoodle
		}
		if id := strings.TrimSpace(row[0]); id != "" && id != "0" {
			if _, known := m[id]; !known {
				return fmt.Errorf("%w: unknown ID number %s", errMoodle, id)
			}
			user = id
		}
		if user == "" {
			return errMoodle
		}
		score := strings.TrimSpace(row[1])
		if score == "-" {
			score = ""
		}
		if score != "" {
			f, err := strconv.ParseFloat(score, 64)
			if err != nil || f > 100 {
				return fmt.Errorf("%w: grade %s", errMoodle, score)
			}
		}
		changes = append(changes, change{user, grade{score, row[2]}})
	}
	for _, c := range changes { // a blank grade takes away what was there
		m[c.user] = c.to
	}
	return nil
}

// canvas is a course.
type canvas struct {
	sis, login, name map[string]string // to the ID number of Canvas's own
	assignments      map[string]string // titles by number
	scores           map[string]string // by person, what stands in the one assignment
	// What an import would do besides.
	made     []string // new assignments
	strange  []string // students that Canvas asks about
	possible string
}

var (
	canvasTitle  = regexp.MustCompile(`^(.+)\s\((\d+)\)$`)
	canvasDigits = regexp.MustCompile(`^-?[0-9.,]+%?$`)
)

// canvasCell is what Canvas makes of a cell that looks like a number.
func canvasCell(s string) string {
	if !canvasDigits.MatchString(s) {
		return s
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '.' })
	if len(parts) < 2 {
		return s
	}
	return strings.Join(parts[:len(parts)-1], "") + "." + parts[len(parts)-1]
}

func (c *canvas) load(rows [][]string) error {
	head := rows[0]
	if len(head) != 6 || !strings.Contains(head[0], "Student") || !strings.Contains(head[1], "ID") ||
		head[2] != "SIS User ID" || head[3] != "SIS Login ID" || head[4] != "Section" {
		return errors.New("invalid header row")
	}
	if regexp.MustCompile(`(Current|Final|Override) (Score|Points|Grade|Status)`).MatchString(head[5]) {
		return nil // no assignment is left
	}
	known := false
	if m := canvasTitle.FindStringSubmatch(head[5]); m != nil {
		_, known = c.assignments[m[2]]
	}
	for _, title := range c.assignments {
		known = known || title == head[5]
	}
	if !known {
		c.made = append(c.made, head[5])
	}
	for _, row := range rows[1:] {
		for i := range row {
			row[i] = canvasCell(row[i])
		}
		if strings.Contains(row[0], "Points Possible") {
			c.possible = row[5]
			continue
		}
		who := ""
		for _, found := range []string{row[1], c.sis[row[2]], c.login[row[3]], c.name[row[0]]} {
			if who == "" {
				who = found
			}
		}
		if who == "" {
			c.strange = append(c.strange, row[0])
			continue
		}
		c.scores[who] = row[5]
	}
	return nil
}

// blackboardColumn is the number in a heading.
var blackboardColumn = regexp.MustCompile(`^.+ \[Total Pts: [0-9.]+ Score\] \|([0-9_]+)$`)

// loadBlackboard gives a column's scores by user name.
func loadBlackboard(t *testing.T, raw []byte) (column string, scores map[string]string) {
	t.Helper()
	require.Equal(t, []byte{0xff, 0xfe}, raw[:2])
	require.Zero(t, len(raw)%2)
	units := make([]uint16, 0, len(raw)/2)
	for i := 2; i < len(raw); i += 2 {
		units = append(units, uint16(raw[i])|uint16(raw[i+1])<<8)
	}
	r := csv.NewReader(strings.NewReader(string(utf16.Decode(units))))
	r.Comma = '\t'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	require.Equal(t, "Username", rows[0][2])
	m := blackboardColumn.FindStringSubmatch(rows[0][4])
	require.NotNil(t, m, "%q makes a column of text", rows[0][4])
	scores = map[string]string{}
	for _, row := range rows[1:] {
		require.NotContains(t, scores, row[2])
		scores[row[2]] = row[4]
	}
	return m[1], scores
}
