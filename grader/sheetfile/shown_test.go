package sheetfile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShow: which number formats show a score as it is, and with how many decimals.
func TestShow(t *testing.T) {
	for code, want := range map[string]int{
		"General": All, "@": All, "G/通用格式": All, "General_ ": All, "[Red]General": All, `General"分"`: All,
		"0": 0, "0_ ": 0, "0.0": 1, "0.0_ ": 1, "0.00": 2, "0.00_);[Red]\\(0.00\\)": 2, "#,##0.00": 2, "#,##0": 0, "0.##": 2, "0.0_);[红色]\\(0.0\\)": 1,
		`0.0"分"`: 1, `0\ `: 0, "[$-804]0.0": 1, "[Color10]0": 0, `_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)`: 2, "0;-0;;@": 0, "* 0": 0,
		"0%": Otherwise, "0.00%": Otherwise, `0"%"`: Otherwise, `0"/50"`: Otherwise, `"1"0`: Otherwise, "0,": Otherwise, "0.0,": Otherwise, "yyyy-mm-dd": Otherwise, "m/d": Otherwise, "[$-F800]dddd": Otherwise,
		"0.00E+00": Otherwise, "# ?/?": Otherwise, ";;;": Otherwise, "": Otherwise, "[>=60]\"及格\";\"不及格\"": Otherwise, "[<60]0;0.0": Otherwise, "000": Otherwise, "#": Otherwise, "#.##": Otherwise,
		"¥0.00": Otherwise, "[DBNum1]0": Otherwise, "[$-130000]0": Otherwise, "00\"-\"00": Otherwise, `\9\00`: Otherwise, "h:mm": Otherwise, `"合格"`: Otherwise, "0.0.0": Otherwise, "0 0": 0 + Otherwise, "_": Otherwise, "0\xff": Otherwise,
	} {
		require.Equal(t, want, Show(code).Decimals, code)
	}
	for code, zero := range map[string]bool{"0": true, "0;-0": true, "0;-0;;@": false, "0;-0;0": true, `_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)`: false, "0;;": false, `0";";-0`: false} {
		require.Equal(t, zero, Show(code).Zero, code)
	}
	b := &Book{formatIDs: []string{"9", "0", "14", "164", "165", "44", "x", "57"}, codes: map[string]string{"164": "0.0"}}
	for style, want := range map[string]int{"": Otherwise, "0": Otherwise, "1": All, "2": Otherwise, "3": 1, "4": All, "5": Otherwise, "6": All, "7": Otherwise, "99": All, "-1": All} {
		require.Equal(t, want, b.Shows(style).Decimals, "style %q", style)
	}
}
