package diag

import "strings"

// Nearest is the candidate that word was probably meant to be, or "" if none
// is near: the smallest edit distance (a swap of neighbours counts one), at
// most a third of the word's length. Case is ignored; of equals the first
// candidate wins.
func Nearest(word string, candidates []string) string {
	w := []rune(strings.ToLower(word))
	if len(w) == 0 || len(w) > 64 {
		return ""
	}
	best, limit := "", max(1, len(w)/3)
	for _, c := range candidates {
		if c == word {
			continue
		}
		if d := distance(w, []rune(strings.ToLower(c)), limit); d <= limit {
			best, limit = c, d-1
		}
		if limit < 0 {
			break
		}
	}
	return best
}

// Distance counts the letters to insert, drop, change or swap between two
// words.
func Distance(a, b string) int {
	return distance([]rune(a), []rune(b), len(a)+len(b))
}

// distance is the optimal string alignment distance, or more than limit.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
