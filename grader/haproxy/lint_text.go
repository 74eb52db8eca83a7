package haproxy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"swarmgrade/grader/i18n"
)

// texts looks at the files before their words have a meaning.
func (l *linter) texts() {
	for _, f := range l.cfg.files {
		whole := Line{File: f.path}
		switch {
		case f.err != "":
			said := "config : Cannot open configuration file/directory " + f.path + " : No such file or directory"
			if f.err == "directory" { // an empty one holds no listener
				said = noListener
			}
			l.at(whole, said, "not_read_"+safeKey(f.err))
			continue
		case f.truncated:
			l.warn(whole, "", "cut")
		}
		if f.nul > 0 {
			l.at(Line{File: f.path, Num: f.nul}, fmt.Sprintf("config : parsing [%s:%d]: Missing LF on last line, file might have been truncated at position %d.",
				f.path, f.nul, f.nulAt+1), "nul_byte")
		}
		if f.noNewline && !f.truncated && f.nul == 0 {
			l.at(Line{File: f.path, Num: f.lastLine}, fmt.Sprintf("config : parsing [%s:%d]: Missing LF on last line, file might have been truncated at position %d.",
				f.path, f.lastLine, f.lastLen+1), "no_newline")
		}
	}
	for _, e := range l.cfg.textErrs {
		l.at(Line{File: e.file, Num: e.line}, e.text, e.key, e.args...)
	}
	for _, s := range l.cfg.Stray {
		w := s.Words[0]
		text := fmt.Sprintf("config : parsing [%s:%d]: unknown keyword '%s' out of section.", s.File, s.Num, w)
		near := words("sections").nearest(w)
		switch {
		case strings.HasPrefix(w, "\ufeff"):
			l.at(s, text, "bom")
		case near != "" && !words("proxy").has(w):
			l.at(s, text, "outside_near", "word", w, "near", near)
		default:
			l.at(s, text, "outside", "word", w)
		}
	}
}

func safeKey(code string) string {
	switch code {
	case "missing", "directory":
		return code
	}
	return "other"
}

// preproc notes the lines that begin with a dot.
func (l *linter) preproc() {
	var open []Line
	for _, d := range l.cfg.Preproc {
		bare := d
		bare.InIf = false
		at := fmt.Sprintf("config : parsing [%s:%d]: ", d.File, d.Num)
		switch d.Words[0] {
		case ".if":
			open = append(open, d)
			l.warn(d, "", "if_block")
		case ".endif":
			if len(open) == 0 {
				l.at(bare, at+"lone '.endif' with no matching '.if'.", "lone_endif")
				continue
			}
			open = open[:len(open)-1]
		case ".elif", ".else":
			if len(open) == 0 {
				l.at(bare, at+"lone '"+d.Words[0]+"' with no matching '.if'.", "lone_endif")
			}
		case ".notice", ".warning", ".diag":
		case ".alert":
			l.at(d, at+"'"+d.Word(1)+"'.", "alert_line", "text", d.Word(1))
		default:
			l.at(d, at+"unknown directive '"+d.Words[0]+"'.", "unknown_directive", "word", d.Words[0])
		}
	}
	for _, d := range open {
		d.InIf = false
		l.at(d, fmt.Sprintf("config : parsing [%s:%d]: non-terminated '.if' block.", d.File, d.Num), "open_if")
	}
}

// oddity finds what a student forgot to fill in, or typed with a Chinese input
// method, in the words of a line (comments are not among them).
func oddity(ln Line) i18n.Msg {
	for _, w := range ln.Words {
		if p := placeholder(w); p != "" {
			return i18n.M("haproxy.placeholder", "text", p)
		}
	}
	for _, w := range ln.Words {
		for _, r := range w {
			if half, ok := fullWidth[r]; ok {
				return i18n.M("haproxy.full_width", "found", string(r), "want", half)
			}
			if r >= '！' && r <= '～' {
				return i18n.M("haproxy.full_width", "found", string(r), "want", string(r-0xfee0))
			}
			if r != ' ' && unicode.IsSpace(r) && r > 127 || r == '\u200b' {
				return i18n.M("haproxy.odd_space")
			}
		}
	}
	return i18n.Msg{}
}

var fullWidth = map[rune]string{'“': `"`, '”': `"`, '‘': "'", '’': "'", '。': ".", '、': ",", '【': "[", '】': "]", '—': "-", '–': "-", '…': "..."}

// placeholder finds [9000+学号后两位], <IP>, {NN} and the like.
func placeholder(w string) string {
	for _, pair := range []string{"[]", "<>", "{}", "【】", "《》", "（）"} {
		left, n := utf8.DecodeRuneInString(pair)
		i := strings.IndexRune(w, left)
		if i < 0 || (i > 0 && (w[i-1] == '%' || w[i-1] == '$')) {
			continue
		}
		inner := w[i+utf8.RuneLen(left):]
		if j := strings.Index(inner, pair[n:]); j >= 0 {
			inner = inner[:j]
		}
		if left == '[' && strings.Contains(inner, ":") && strings.Trim(inner, "0123456789abcdefABCDEF:.%") == "" {
			continue // an IPv6 address
		}
		if inner == "" {
			continue
		}
		return w[i:min(len(w), i+utf8.RuneLen(left)+len(inner)+len(pair)-n)]
	}
	// 9000+学号 without brackets
	if i := strings.IndexAny(w, "+"); i >= 0 && strings.IndexFunc(w[i:], func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0 {
		return w
	}
	return ""
}
