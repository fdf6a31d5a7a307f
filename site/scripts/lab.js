/* The lab's desk: parts are exchanged without loading the page again, what happened is announced, and SQL runs with
 * Ctrl+Enter. Without this everything works by forms and links. */
import { announce } from './lib/announce.js';

/* Not before the page is complete: htmx waits for DOMContentLoaded, and waits for ever when it comes just after. */
function begin() {
  const source = document.querySelector('meta[name="htmx-script"]')?.content;
  if (!source || window.htmx || !document.getElementById('lab')) return;
  const script = document.createElement('script');
  script.src = source;
  document.head.append(script);
}
if (document.readyState === 'complete') begin();
else addEventListener('load', begin);

/* The editor of the warehouse is fetched when its part is shown. */
function edit() {
  const field = document.querySelector('#sql:not([hidden])');
  const source = document.querySelector('meta[name="lab-editor"]')?.content;
  if (field && source) import(source).then((editor) => { if (field.isConnected && !field.hidden) editor.begin(field); }, () => {});
}
edit();

/* Heard, and not shown: the message stands on the desk. */
function tell() {
  const done = document.querySelector('#lab [data-done]');
  if (done) announce(done.textContent.trim(), { quiet: true });
}

/* What the reader opened, closed and scrolled beside the systems stays so when the desk is exchanged. */
const kept = { open: new Map(), at: 0 };
const rail = () => document.getElementById('tasks');
document.addEventListener('toggle', (event) => {
  if (event.target.id?.startsWith('rail-')) kept.open.set(event.target.id, event.target.open);
}, true);
document.addEventListener('htmx:beforeSwap', () => { kept.at = rail()?.scrollTop ?? 0; });
function keep() {
  for (const [id, open] of kept.open) {
    const part = document.getElementById(id);
    if (part) part.open = open;
  }
  if (rail()) rail().scrollTop = kept.at;
  inRow();
}
/* Of a row that is wider than the window, the current one is in view. */
function inRow() {
  for (const here of document.querySelectorAll(':is(.lab-tabs, .lab-objects) [aria-current]')) {
    const row = here.closest('nav');
    const { left, right } = here.getBoundingClientRect();
    const edge = row.getBoundingClientRect();
    if (left < edge.left) row.scrollLeft += left - edge.left - 16;
    else if (right > edge.right) row.scrollLeft += right - edge.right + 16;
  }
}
inRow();

/* The panels of filters and of the clock close as menus do. */
const panel = () => document.querySelector(':is(.lab-filter, .lab-clock-more)[open]');
document.addEventListener('click', (event) => { if (panel() && !panel().contains(event.target)) panel().open = false; });
document.addEventListener('keydown', (event) => {
  const open = event.key === 'Escape' && panel();
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
});

/* A long way of the clock is gone in parts: after each it goes on by itself, tells how far it is, and can be stopped. */
let stopped = false;
document.addEventListener('click', (event) => { if (event.target.closest?.('form[action$="/clock"] button:not([data-stop])')) stopped = false; });
function goOn() {
  const form = document.getElementById('go-on');
  if (!form) return;
  announce(form.querySelector('label').textContent.trim(), { quiet: true });
  const stop = form.querySelector('[data-stop]');
  stop.hidden = stopped;
  if (stopped) return;
  stop.focus({ preventScroll: true });
  stop.addEventListener('click', () => {
    stopped = true;
    stop.hidden = true;
    form.querySelector('button').focus();
  });
  setTimeout(() => { if (form.isConnected && !stopped) form.requestSubmit(); }, 400);
}

/* A sheet of a small window opens and closes by its address (#desk is nowhere): what is under it stays where it was, and
 * the focus goes back to what opened it. Escape closes it, too. */
let place = null;
document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-sheet], .lab-to-part a')) place = scrollY;
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !document.querySelector('.lab-sheet:target')) return;
  place = scrollY;
  location.hash = '#desk';
});
addEventListener('hashchange', (event) => {
  if (place !== null) scrollTo({ top: place, behavior: 'instant' });
  if (place !== null && location.hash === '#desk') document.querySelector(`[data-sheet][href="${new URL(event.oldURL).hash}"]`)?.focus({ preventScroll: true });
  place = null;
});

document.addEventListener('htmx:afterSettle', (event) => {
  if (!document.getElementById('lab')) return;
  tell();
  keep();
  edit();
  goOn();
  document.querySelectorAll('#lab [data-scripted]').forEach((part) => { part.hidden = false; });
  /* The element that had the focus is gone with the old desk. */
  if (document.activeElement === document.body) document.getElementById('part')?.focus({ preventScroll: true });
  /* What was refused: there the next thing is to be typed. */
  const wrong = document.querySelector('#lab [aria-invalid]');
  wrong?.focus({ preventScroll: true });
  wrong?.scrollIntoView({ block: 'center' });
  if (wrong) return;
  /* The answer to what was tried. */
  const answer = document.getElementById('answer');
  if (answer) return void show(answer);
  const place = event.detail.requestConfig?.path?.split('#')[1] ?? location.hash.slice(1);
  if (place && place !== 'calls') document.getElementById(place)?.scrollIntoView({ block: 'start' });
  else show(document.querySelector('#lab [data-done], #part .lab-object-head') ?? document.querySelector('#part h2'));
});

/* What a tap brought begins in the upper half of the window; what stands there already does not
 * move. */
function show(part) {
  const top = part?.getBoundingClientRect().top;
  if (top < 0 || top > innerHeight / 2) part.scrollIntoView({ block: 'start' });
}

document.addEventListener('keydown', (event) => {
  const editor = event.target.closest?.('[data-submit-keys]');
  if (!editor || event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  editor.form.requestSubmit();
});

/* The current step of a replay is in view in its list. */
const step = document.querySelector('.lab-steps [aria-current]'), steps = step?.closest('.lab-steps');
if (steps) steps.scrollTop += step.getBoundingClientRect().top - steps.getBoundingClientRect().top - steps.clientHeight / 2;

/* A replay is scrubbed with the arrow keys; where one of them scrolls something, it does that. */
document.addEventListener('keydown', (event) => {
  const way = { ArrowLeft: 'prev', ArrowRight: 'next' }[event.key];
  if (!way || !document.querySelector('.lab-replay') || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest('input, textarea, select, .table-wrap, pre')) return;
  const link = document.querySelector(`.lab-replay [rel="${document.dir === 'rtl' ? { prev: 'next', next: 'prev' }[way] : way}"]`);
  if (!link) return;
  event.preventDefault();
  link.click();
});
