package report

import "strings"

// linesOf is how many lines a text takes in a number of columns.
func linesOf(text string, room int) int {
	n := 0
	for line := range strings.Lines(text) {
		n++
		used := 0
		for _, word := range words(strings.TrimRight(line, "\n")) {
			wide := width(word)
			if used > 0 && used+wide > room {
				n, used = n+1, 0
			}
			for used += wide; used > room && room > 0; used -= room {
				n++
			}
		}
	}
	return n
}

// words are what a line may be broken between: words with the space after
// them, and single Chinese characters.
func words(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if width(string(r)) == 2 {
			if i > start {
				out = append(out, s[start:i])
			}
			out = append(out, string(r))
			start = i + len(string(r))
		} else if r == ' ' {
			out = append(out, s[start:i+1])
			start = i + 1
		}
	}
	return append(out, s[start:])
}
