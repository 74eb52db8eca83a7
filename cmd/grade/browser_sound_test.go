package main

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// unsound gives what of a page keeps somebody from using it: who listens to it, who has a keyboard alone, and
// who has a narrow window.
const unsound = `(() => {
  const out = [], ids = new Set(), name = e => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + ' in ' + location.pathname;
  const shown = e => e.getClientRects().length > 0;
  for (const e of document.querySelectorAll('[id]')) {
    if (ids.has(e.id)) out.push('twice: ' + name(e));
    ids.add(e.id);
  }
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!e.labels.length && !e.getAttribute('aria-label')) out.push('no label: ' + name(e));
  for (const e of document.querySelectorAll('button, a[href], summary'))
    if (!e.textContent.trim() && !e.getAttribute('aria-label')) out.push('no name: ' + name(e));
  for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
    for (const id of (e.getAttribute('aria-labelledby') || e.getAttribute('aria-describedby')).split(/\s+/))
      if (!document.getElementById(id)) out.push('labelled by nothing: ' + name(e));
  for (const e of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(decodeURIComponent(e.hash.slice(1)))) out.push('leads nowhere: ' + e.hash + ' of ' + name(e));
  for (const e of document.querySelectorAll('[tabindex]'))
    if (e.tabIndex > 0) out.push('out of turn: ' + name(e));
  let level = 0;
  for (const e of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const n = +e.tagName[1];
    if (n > level + 1) out.push('level ' + n + ' after ' + level + ': ' + e.textContent.trim().slice(0, 40) + ' in ' + location.pathname);
    level = n;
  }
  if (document.querySelectorAll('h1').length !== 1) out.push('not one h1 in ' + location.pathname);
  if (!document.title.trim()) out.push('no title in ' + location.pathname);
  for (const e of document.querySelectorAll('th')) if (!e.scope) out.push('a heading of nothing: ' + e.textContent + ' in ' + location.pathname);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) out.push('wider than the window by ' + wide + ' in ' + location.pathname);
  for (const e of document.querySelectorAll('button, select, input:not([type=hidden]):not([type=checkbox]):not([type=radio])'))
    if (shown(e) && e.getBoundingClientRect().height < 24) out.push('too small to touch: ' + name(e));
  return out;
})()`

// sound holds pages to what everybody can use, in a window as narrow as a small phone's.
func (b *tab) sound(t *testing.T, paths ...string) {
	t.Helper()
	do(b, chromedp.EmulateViewport(360, 740))
	for _, path := range paths {
		b.visit(path)
		b.until("document.readyState === 'complete'")
		require.Empty(t, eval[[]string](b, unsound))
	}
}
