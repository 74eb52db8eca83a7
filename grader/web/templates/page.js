// Keeps a page up to date, and spares some typing. Everything can be done without it.
'use strict';
(() => {
  const body = document.body, words = body.dataset;
  const find = id => document.getElementById(id);

  // Each line or file that is to be typed gets a button that copies it.
  const copying = root => {
    if (!navigator.clipboard) return;
    for (const pre of root.querySelectorAll('pre.commands, pre.file')) {
      if (pre.querySelector('button')) continue;
      const text = [...pre.querySelectorAll('code')].map(c => c.textContent).join('\n');
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'copy';
      button.textContent = words.copy;
      button.addEventListener('click', () => navigator.clipboard.writeText(text).then(() => {
        button.textContent = words.copied;
        say(words.copied);
        setTimeout(() => { button.textContent = words.copy; }, 2000);
      }));
      pre.prepend(button);
    }
  };

  // A button that it is too early for says for how many seconds.
  const early = root => {
    for (const button of root.querySelectorAll('button[data-wait]')) {
      const word = button.textContent, end = Date.now() + 1000 * button.dataset.wait;
      const tick = () => {
        const left = Math.ceil((end - Date.now()) / 1000);
        button.disabled = left > 0;
        button.textContent = left > 0 ? `${word} (${left})` : word;
        const line = left <= 0 && button.getAttribute('aria-describedby');
        if (line && find(line)) find(line).hidden = true;
        if (left > 0) setTimeout(tick, 500);
      };
      tick();
    }
  };

  let toSay = [];
  const say = text => {
    if (!text) return;
    toSay.push(text);
    if (toSay.length === 1) setTimeout(() => { find('said').textContent = toSay.join('. '); toSay = []; }, 300);
  };

  // What does harm is asked for once more; so is nothing sent twice.
  document.addEventListener('submit', e => {
    const form = e.target, ask = form.dataset.confirm || (e.submitter && e.submitter.dataset.confirm);
    if (form.dataset.sent || (ask && !window.confirm(ask))) { e.preventDefault(); return; }
    form.dataset.sent = 'yes';
    setTimeout(() => { delete form.dataset.sent; }, 3000);
  });

  // What is pressed stays until it is let go of: a click that begins on one button and ends on the one that took its
  // place is none.
  let pressed, kept = [];
  const letGo = () => {
    clearTimeout(pressed);
    pressed = undefined;
    const all = kept;
    kept = [];
    all.forEach(put);
  };
  addEventListener('pointerdown', () => { clearTimeout(pressed); pressed = setTimeout(letGo, 5000); }, true);
  for (const name of ['pointerup', 'pointercancel']) addEventListener(name, () => setTimeout(letGo), true);

  // A part takes the place of the element of its ID. Who was at something within it stays there,
  // and what was typed or chosen meanwhile is kept.
  const put = patch => {
    if (pressed) { kept.push(patch); return; }
    say(patch.say);
    const there = patch.id && find(patch.id);
    if (!there) return;
    const t = document.createElement('template');
    t.innerHTML = patch.html || '';
    const fresh = t.content;
    copying(fresh);
    early(fresh);
    if (patch.append) {
      for (const child of [...fresh.children]) {
        const old = child.id && find(child.id);
        if (old) old.replaceWith(child); else there.append(child);
      }
      return;
    }
    const at = document.activeElement, id = there.contains(at) ? at.id : '';
    for (const field of there.querySelectorAll('input[id], select[id], textarea[id]')) {
      const next = fresh.getElementById(field.id);
      if (!next) continue;
      if (field.type === 'checkbox' || field.type === 'radio') next.checked = field.checked; else next.value = field.value;
    }
    for (const box of there.querySelectorAll('details[open][id]')) {
      const next = fresh.getElementById(box.id);
      if (next) next.open = true;
    }
    there.replaceWith(fresh);
    const next = id && (find(id) || find(patch.id));
    if (next) next.focus({preventScroll: !find(id)});
  };

  const net = text => {
    const line = find('net');
    line.textContent = text || '';
    line.hidden = !text;
  };

  let reloading = false;
  const reload = () => {
    if (reloading) return;
    reloading = true;
    setTimeout(() => location.reload(), 500 + Math.random() * 2500); // not all readers at once
  };

  const listen = after => {
    const source = new EventSource(words.events + (words.events.includes('?') ? '&' : '?') + 'after=' + encodeURIComponent(after));
    let failed;
    source.onopen = () => { clearTimeout(failed); failed = undefined; net(''); };
    source.addEventListener('put', e => { after = e.lastEventId || after; JSON.parse(e.data).forEach(put); });
    source.addEventListener('reset', reload);
    source.onerror = () => {
      if (!failed) failed = setTimeout(() => net(words.lost), 5000);
      if (source.readyState !== EventSource.CLOSED) return; // it connects anew by itself
      clearTimeout(failed);
      net(words.over);
      setTimeout(() => listen(after), 30000 + Math.random() * 10000);
    };
    addEventListener('pagehide', () => source.close(), {once: true});
  };
  addEventListener('pageshow', e => { if (e.persisted) location.reload(); }); // what it shows is old

  // What is left of a time goes on between events. It is counted from when it came: clocks differ.
  const ends = new WeakMap();
  setInterval(() => {
    for (const at of document.querySelectorAll('[data-left]')) {
      if (!ends.has(at)) ends.set(at, Date.now() + 1000 * at.dataset.left);
      const left = Math.max(0, Math.ceil((ends.get(at) - Date.now()) / 1000));
      at.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
    }
  }, 250);

  copying(document);
  early(document);
  if (words.events && window.EventSource) listen(words.after);
})();
