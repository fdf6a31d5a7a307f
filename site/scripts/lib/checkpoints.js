// Practice questions: an answer is kept, sent, and its feedback put in place; without a connection or a session it waits.
import { announce } from './announce.js';
import { placeParts, text } from './dom.js';
import { outbox, waited } from './outbox.js';
import { passing, send, sentence } from './server.js';
import { signInButton, signInHere } from './session.js';

const { all, drop, put } = outbox('answer'); // a question's path: {choices}
let sending = null, again = false, timer = 0, delay = 2000;

const sectionOf = (path) => document.querySelector(`.checkpoint form[action="${path}"]`)?.closest('.checkpoint');

function tell(path, answer) {
  const section = sectionOf(path);
  if (!section) return;
  let box = section.querySelector('[data-waits]');
  if (!box) {
    box = document.createElement('div');
    box.className = 'message message-warn';
    box.setAttribute('role', 'alert');
    box.dataset.waits = '';
    section.append(box);
  }
  const line = sentence(answer);
  if (box.firstChild?.textContent === line) return;
  box.replaceChildren(line);
  if (!['signed-out', 'other'].includes(answer.kind)) return;
  box.append(' ', signInButton(ask));
}
async function ask() {
  if (await signInHere()) flush();
}

function place(path, html, focus) {
  const section = sectionOf(path);
  if (!section) return;
  const answer = new DOMParser().parseFromString(html, 'text/html');
  const fresh = answer.querySelector('.checkpoint');
  if (!fresh) return;
  section.replaceWith(document.adoptNode(fresh));
  document.dispatchEvent(new CustomEvent('htmx:load', { detail: { elt: fresh } })); // what other scripts do with new parts
  placeParts(answer);
  if (focus) fresh.querySelector('[data-feedback]')?.focus({ preventScroll: true });
  announce(text('content-answered'), { quiet: true });
}

// What stops one answer stops those behind it: each says so at its question.
function stop(answer) {
  for (const entry of all()) tell(entry.key, answer);
  return false;
}

async function sendOne(entry, first) {
  const body = new URLSearchParams(entry.choices.map((choice) => ['choice[]', choice]));
  body.set('waited', waited(entry));
  const answer = await send('POST', entry.key, { body, headers: { 'HX-Request': 'true', Accept: 'text/html' } });
  if (answer.kind === 'ok') {
    drop(entry);
    place(entry.key, answer.data, first);
    return true;
  }
  if (['refused', 'gone', 'conflict'].includes(answer.kind)) drop(entry); // the question is no longer there, or another
  tell(entry.key, answer);
  if (passing(answer.kind)) {
    clearTimeout(timer);
    timer = setTimeout(flush, answer.after ? answer.after * 1000 : delay);
    delay = Math.min(60000, delay * 2);
  } else if (answer.kind === 'signed-out') ask();
  return passing(answer.kind) || ['signed-out', 'other'].includes(answer.kind) ? stop(answer) : true;
}

async function run(path) {
  do {
    again = false;
    for (const entry of all()) if (!(await sendOne(entry, entry.key === path))) return;
    delay = 2000;
  } while (again);
}
export function flush(path) {
  clearTimeout(timer);
  again = true;
  sending ??= run(path).finally(() => { sending = null; });
  return sending;
}

/* RULE checkpoint-count: another number than the question asks for stays in the form, and is told there. */
function miscounted(form, count) {
  const box = form.querySelector('[data-choose]');
  if (!box) return false;
  const wanted = Number(box.dataset.choose);
  box.hidden = count === wanted;
  box.textContent = count === wanted ? '' : count > wanted ? box.dataset.over : box.dataset.under;
  if (!box.hidden) box.scrollIntoView({ block: 'nearest' });
  return !box.hidden;
}

export function startCheckpoints() {
  document.addEventListener('submit', (event) => {
    const form = event.target.closest('.checkpoint form');
    if (!form) return;
    event.preventDefault();
    const path = form.getAttribute('action'), choices = new FormData(form).getAll('choice[]');
    if (miscounted(form, choices.length)) return;
    put(path, { choices });
    flush(path);
  }, { capture: true });
  addEventListener('online', () => flush());
  document.addEventListener('visibilitychange', () => { if (!document.hidden && all().length) flush(); });
  if (all().length) flush();
}
