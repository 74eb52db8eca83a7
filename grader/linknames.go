package grader

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
)

// maxLinkName bounds an instructor's name, in characters.
const maxLinkName = 40

// named are the names of instructors as they are kept, each once.
func (o *LinkOptions) named() (names []string, err error) {
	for _, name := range o.Names {
		name = strings.Join(strings.Fields(name), " ")
		if name == "" || utf8.RuneCountInString(name) > maxLinkName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return nil, diag.Misuse(i18n.M("links.bad_name", "name", strings.ToValidUTF8(name[:min(len(name), 4*maxLinkName)], "")), i18n.M("links.bad_name_hint", "most", maxLinkName))
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// hasNamed refuses names of instructors who have no link in force, and says who has.
func hasNamed(ctx context.Context, book *gradebook.Gradebook, now time.Time, names []string) error {
	known, err := book.Links(ctx)
	if err != nil {
		return err
	}
	var have []string
	for _, l := range known {
		if l.Student == "" && l.Name != "" && l.InForce(now) {
			have = append(have, l.Name)
		}
	}
	for _, name := range names {
		if slices.Contains(have, name) {
			continue
		}
		hint := i18n.M("links.none_named_hint")
		if len(have) > 0 {
			hint = i18n.M("links.others_named_hint", "names", have)
		}
		return diag.Misuse(i18n.M("links.none_named", "name", name), hint)
	}
	return nil
}
