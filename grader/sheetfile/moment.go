package sheetfile

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// beside is what a number format shows as it stands, or that says nothing of what is
// shown: what is quoted or escaped, gaps, and brackets but those of hours, minutes and
// seconds that have passed.
var beside = regexp.MustCompile(`"[^"]*"?|[\\_*].?|\[(?i:[^hms\]][^\]]*|h[^h\]][^\]]*|m[^m\]][^\]]*|s[^s\]][^\]]*)\]`)

// dated reports whether a number format, by its number and its code, shows a date or a time.
func dated(id, code string) bool {
	if code == "" {
		n, err := strconv.Atoi(id)
		return err == nil && (n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58)
	}
	if len(code) > maxCode || general.MatchString(code) {
		return false
	}
	code = strings.ToLower(beside.ReplaceAllString(sections(code)[0], ""))
	return !strings.Contains(code, "general") && strings.ContainsAny(code, "ymdhs年月日时分秒") && !strings.ContainsAny(code, "0#?") ||
		strings.Contains(code, "ss.0")
}

// lastDay is the last that a workbook knows, of the year 9999.
const lastDay = 2_958_466

// moment is the date or the time that a number is shown as, in one form for all formats
// of both: 2026-12-01 14:30. It is "" for what is no date. since1904 says that days are
// counted from 1904 on, as workbooks of old Macs do, and not from 1900.
func moment(raw string, since1904 bool) string {
	days, err := strconv.ParseFloat(raw, 64)
	if err != nil || !(days >= 0 && days < lastDay) {
		return ""
	}
	seconds := math.Round(days * 24 * 60 * 60)
	form := "2006-01-02"
	switch rest := math.Mod(seconds, 24*60*60); {
	case rest == 0 && days >= 1:
	case math.Mod(rest, 60) != 0:
		form += " 15:04:05"
	default:
		form += " 15:04"
	}
	if seconds < 24*60*60 {
		_, form, _ = strings.Cut(form, " ")
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if since1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	day := int(seconds) / (24 * 60 * 60)
	return epoch.AddDate(0, 0, day).Add(time.Duration(int(seconds)%(24*60*60)) * time.Second).Format(form)
}
