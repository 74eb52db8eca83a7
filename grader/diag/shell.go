package diag

import (
	"regexp"
	"strings"
)

// plainWord is what no shell takes for anything but itself.
var plainWord = regexp.MustCompile(`^[\pL\pN_./:@%+,-]+$`)

// ShellWord is text as one word of a command to type, quoted where a shell needs it.
func ShellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
