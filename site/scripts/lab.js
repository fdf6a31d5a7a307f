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

/* Heard, and not shown: the message stands on the desk. */
function tell() {
  const done = document.querySelector('#lab [data-done]');
  if (done) announce(done.textContent.trim(), { quiet: true });
}

document.addEventListener('htmx:afterSettle', (event) => {
  if (!document.getElementById('lab')) return;
  tell();
  /* The element that had the focus is gone with the old desk. */
  if (document.activeElement === document.body) document.getElementById('part')?.focus({ preventScroll: true });
  /* What was refused: there the next thing is to be typed. */
  const wrong = document.querySelector('#lab [aria-invalid]');
  wrong?.focus({ preventScroll: true });
  wrong?.scrollIntoView({ block: 'center' });
  if (wrong) return;
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
