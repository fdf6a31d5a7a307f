// A module's page: tells the server which section the reader has reached and which were read to their end, and moves
// on after a practice question was answered. Without it everything works by the forms on the page.
import { startCheckpoints } from './lib/checkpoints.js';
import { each, placeParts, text } from './lib/dom.js';
import { outbox, waited } from './lib/outbox.js';
import { passing, send } from './lib/server.js';
import { token } from './lib/session.js';

const SEND_EVERY = 8000; // ms between two reports of a position
const REST = 15000; // ms until the next try, when one had no success
const READ_AT_LEAST = 4000; // ms that a section must have been in view before its end counts as read

const waits = outbox('reading'); // {path, section, position, done}
const body = document.querySelector('[data-module]');
const article = document.querySelector('[data-article]');
const rows = [...document.querySelectorAll('[data-section]')];

if (body && article && rows.length) watch();

function watch() {
  const address = `/modules/${body.dataset.module}/progress`;
  const sections = rows.map((row) => ({
    row,
    id: row.dataset.section,
    heading: document.getElementById(row.dataset.anchor),
    done: 'done' in row.dataset, // here: its end was seen
    known: 'done' in row.dataset, // to the server
    seen: 0,
  }));
  let sent = '';
  let sentAt = 0;
  let moved = false;

  // The last section whose heading is above the middle of the window.
  const current = () => sections.filter((s) => s.heading && s.heading.getBoundingClientRect().top < innerHeight / 2).pop() ?? sections[0];
  const bounds = (s) => {
    const i = sections.indexOf(s);
    const top = s.heading ? s.heading.getBoundingClientRect().top : article.getBoundingClientRect().top;
    const next = sections[i + 1]?.heading;
    return { top, bottom: next ? next.getBoundingClientRect().top : article.getBoundingClientRect().bottom };
  };
  const position = (s) => {
    const { top, bottom } = bounds(s);
    return Math.max(0, Math.min(1000, Math.round((1000 * (innerHeight / 2 - top)) / Math.max(1, bottom - top))));
  };

  const fields = ({ section, position: at, done }) => {
    const form = new URLSearchParams({ csrf: token(), section, position: at, quiet: 1 });
    if (done) form.set('done', 1);
    return form;
  };
  const what = (s, done) => ({ path: address, section: s.id, position: done ? 1000 : position(s), done });
  // The place in a module is one entry, and each section that was read is one.
  const keep = (entry) => waits.put(`${entry.path}#${entry.done ? entry.section : ''}`, entry);
  let restUntil = 0; // nothing is sent before: the server, or the network, had enough
  let sending = null, again = false;

  // Also what an earlier page left behind.
  async function run() {
    do {
      again = false;
      for (const entry of waits.all()) if (!(await sendOne(entry))) return;
    } while (again);
  }
  // False when what comes behind it waits, too.
  async function sendOne(entry) {
    const form = fields(entry);
    form.set('waited', waited(entry));
    const answer = await send('POST', entry.path, { body: form, headers: { 'HX-Request': 'true', Accept: 'text/html' } });
    restUntil = answer.kind === 'ok' ? 0 : performance.now() + (answer.after * 1000 || REST);
    if (passing(answer.kind) || ['signed-out', 'other', 'denied'].includes(answer.kind)) return false;
    waits.drop(entry); // taken, or of a section that is no longer there
    if (answer.kind !== 'ok' || entry.path !== address) return true;
    if (answer.data) placeParts(new DOMParser().parseFromString(answer.data, 'text/html'));
    const s = sections.find((one) => one.id === entry.section);
    if (entry.done && s) show(s);
    return true;
  }
  function flush() {
    if (performance.now() < restUntil) return;
    again = true;
    sending ??= run().finally(() => { sending = null; });
  }
  function report(s, done) {
    keep(what(s, done));
    flush();
  }

  function show(s) {
    s.done = s.known = true;
    s.row.querySelector('button')?.remove();
    if (!s.row.querySelector('.badge')) {
      const badge = document.createElement('span');
      badge.className = 'badge badge-ok';
      badge.textContent = text('content-read');
      s.row.append(badge);
    }
    const done = sections.filter((one) => one.known).length;
    const bar = document.querySelector('[data-progress-bar]');
    const line = text('content-progress', { done, total: sections.length });
    bar.value = done;
    bar.setAttribute('aria-label', line);
    document.querySelector('[data-progress-text]').textContent = line;
  }

  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const passed = now - last;
    last = now;
    if (document.hidden) return;
    for (const s of sections) {
      const { top, bottom } = bounds(s);
      if (top < innerHeight && bottom > 0) s.seen += passed;
      // Read: its end was on the screen, after a while with it.
      if (!s.done && s.seen >= READ_AT_LEAST && bottom <= innerHeight && moved) {
        s.done = true;
        report(s, true);
      }
    }
    const s = current();
    const place = `${s.id}:${Math.round(position(s) / 100)}`;
    if (moved && place !== sent && now - sentAt >= SEND_EVERY) {
      sent = place;
      sentAt = now;
      report(s, false);
    } else if (restUntil && now >= restUntil) flush();
  }, 1000);

  for (const type of ['scroll', 'keydown', 'pointerdown']) addEventListener(type, () => { moved = true; }, { passive: true });
  addEventListener('online', () => {
    restUntil = 0;
    flush();
  });
  flush();
  // The page goes: what it knows last goes with a beacon, which outlives it; without a connection it waits for the next page.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'hidden' || !moved) return;
    const s = current();
    const place = `${s.id}:${Math.round(position(s) / 100)}`;
    if (place === sent) return;
    sent = place;
    if (navigator.onLine === false) keep(what(s, false));
    else navigator.sendBeacon(address, fields(what(s, false)));
  });
}

// What is left to answer: the first question without an answer.
each('[data-open-question]', (link) => {
  const open = document.querySelector('.checkpoint:not(:has([data-feedback]))');
  if (open) link.hash = open.id;
});

// A drawing that is wider than a phone moves with the keys, too (site/style/prose.css).
if (article && matchMedia('(max-width: 40em)').matches) {
  for (const img of article.querySelectorAll('p > img[src$=".svg"]:only-child')) img.parentElement.tabIndex = 0;
}

// Pictures that nobody has scrolled to are fetched for paper, which would show them blank, and not for a phone.
addEventListener('beforeprint', () => {
  for (const img of document.querySelectorAll('img[loading="lazy"]')) img.loading = 'eager';
});

startCheckpoints();
