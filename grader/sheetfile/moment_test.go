package sheetfile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDated: which number formats show dates and times, and not the number.
func TestDated(t *testing.T) {
	for _, code := range []string{
		"yyyy-mm-dd", "m/d/yyyy", "mm-dd-yy", "d-mmm", "h:mm", "[h]:mm:ss", "mm:ss.0", `m"月"d"日"`, "[$-804]yyyy/m/d", "[$-F800]dddd, mmmm dd, yyyy",
		`yyyy\-mm\-dd;@`, "[$-409]h:mm AM/PM", "[ss]", "[Red]d/m", "上午/下午h时mm分", "yyyy年m月",
	} {
		require.True(t, dated("164", code), code)
	}
	for _, code := range []string{
		"General", "G/通用格式", "@", "0", "0.00", `0.0"分"`, "0%", "#,##0.00", "[Red]0", "[$USD-409] 0.00", "_d0", `\d0`, "[DBNum1]0", "0.00E+00", "# ?/?", "[$¥-804]0.00", ";;;", `General"md"`, "[Magenta]0",
	} {
		require.False(t, dated("164", code), code)
	}
	for id, want := range map[string]bool{"0": false, "1": false, "9": false, "13": false, "14": true, "22": true, "37": false, "45": true, "49": false, "57": true, "58": true, "59": false, "x": false} {
		require.Equal(t, want, dated(id, ""), id)
	}
}

func TestMoment(t *testing.T) {
	for raw, want := range map[string]string{
		"46357": "2026-12-01", "46357.5": "2026-12-01 12:00", "46357.60416666666": "2026-12-01 14:30", "0.5": "12:00", "0": "00:00", "0.52084490740740741": "12:30:01",
		"1e0": "1899-12-31", "2958465": "9999-12-31", "2958466": "", "-1": "", "x": "", "NaN": "", "1e300": "", "": "",
	} {
		require.Equal(t, want, moment(raw, false), raw)
	}
	require.Equal(t, "2026-12-01", moment("44895", true))
	require.Equal(t, "12:00", moment("0.5", true))
}
