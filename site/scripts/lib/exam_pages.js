// The pages of an attempt, one after the other without leaving the document: fetched in the background once it is open, kept in
// memory as long as it is, so that all questions can be visited while there is no connection. Memory and not a cache: what a
// candidate is asked stays nowhere when the page is closed.
import { passing, send } from './server.js';
import { startView } from './exam_view.js';

const FRESH_MS = 4000; // a connection that takes longer is as good as none, once a page is here
const PAUSE_MS = 150; // between two pages that are fetched ahead
const RETRY_MS = 2000; // before a page that could not be fetched is asked for again: this, then twice as long each time, up to
const RETRY_MOST_MS = 15000;
const pages = new Map(); // path: HTML
const path = (href) => new URL(href, location.href).pathname;
const parse = (html) => new DOMParser().parseFromString(html, 'text/html');
const viewOf = (doc) => doc.querySelector('[data-exam-view]');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
// Ends early when the connection comes back.
const connection = (ms) => Promise.race([sleep(ms), new Promise((done) => addEventListener('online', done, { once: true }))]);
const questions = () => [...document.querySelectorAll('[data-exam-map] [data-exam-go]')].map((link) => path(link.href));

// A question with a formula may come after others: what draws it joins this document with the first page that names it, and is
// there when the connection is not.
function adoptParts(doc) {
  for (const part of doc.querySelectorAll('head [data-part]')) {
    const address = part.getAttribute('href') ?? part.getAttribute('src');
    if ([...document.head.children].some((one) => address === (one.getAttribute('href') ?? one.getAttribute('src')))) continue;
    const fresh = document.createElement(part.localName); // a script that was only parsed never runs
    for (const { name, value } of part.attributes) fresh.setAttribute(name, value);
    if (part.localName === 'link') fresh.addEventListener('load', () => document.fonts.load('1em "Gradus Math"', 'x\u{1d465}'));
    document.head.append(fresh);
  }
}

let view = null;
let turn = 0;

function start() {
  view?.abort();
  view = new AbortController();
  startView(document.querySelector('[data-exam-view]'), open, readiness, view.signal);
}

// `before`: why a page that was fetched before is shown, else ''.
function show(href, html, before) {
  const doc = parse(html), fresh = viewOf(doc), old = viewOf(document);
  adoptParts(doc);
  view.abort();
  // The clock that runs goes on: a page that was fetched before knows an older time.
  const running = old.querySelector('[data-timer]');
  fresh.querySelector('[data-timer]').replaceWith(running);
  if (before) fresh.dataset.before = before;
  const csrf = document.querySelector('meta[name="csrf"]').content;
  fresh.querySelectorAll('input[name="csrf"]').forEach((field) => { field.value = csrf; });
  old.replaceWith(document.adoptNode(fresh));
  document.title = doc.title;
  if (path(href) !== location.pathname) history.pushState(null, '', href);
  scrollTo(0, 0);
  const heading = fresh.querySelector('h1');
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  const content = fresh.querySelector('.question, .exam-review');
  document.dispatchEvent(new CustomEvent('htmx:load', { detail: { elt: content } })); // what other scripts do with new parts
  start();
}

// The answer when the page cannot be shown, else nothing.
async function open(href) {
  const mine = ++turn, to = path(href), kept = pages.get(to);
  let answer = { kind: 'offline', status: 0, data: '', after: 0 };
  if (navigator.onLine !== false)
    answer = await Promise.race([send('GET', to, { headers: { Accept: 'text/html' } }), ...(kept ? [sleep(FRESH_MS).then(() => answer)] : [])]);
  if (mine !== turn) return null; // somebody was quicker
  if (answer.kind === 'ok' && !viewOf(parse(answer.data))) {
    location.assign(answer.url); // it has ended
    return null;
  }
  if (answer.kind === 'ok') pages.set(to, answer.data);
  const html = answer.kind === 'ok' ? answer.data : kept;
  if (!html) return answer;
  show(href, html, answer.kind === 'ok' ? '' : answer.kind);
  return null;
}

// What can be visited without the server: {ready, total}, in questions.
function readiness() {
  const all = questions();
  return { ready: all.filter((to) => pages.has(to)).length, total: all.length };
}

// A page that could not be fetched is asked for again, after the others, until it is here: none is left out.
async function fetchAhead() {
  const { attempt } = document.querySelector('[data-attempt]').dataset;
  const missing = [...questions(), `/attempts/${attempt}/review`];
  let pause = RETRY_MS;
  while (missing.length) {
    const to = missing.shift();
    if (pages.has(to)) continue;
    const answer = await send('GET', to, { headers: { Accept: 'text/html' } });
    const doc = answer.kind === 'ok' ? parse(answer.data) : null;
    if (doc && viewOf(doc)) {
      pages.set(to, answer.data);
      adoptParts(doc);
      pause = RETRY_MS;
      await sleep(PAUSE_MS);
    } else if (passing(answer.kind) || answer.kind === 'signed-out') {
      missing.push(to);
      await connection(answer.after * 1000 || pause);
      pause = Math.min(RETRY_MOST_MS, pause * 2);
    } else return; // it has ended, or is somebody else's now
  }
  document.documentElement.dataset.examAhead = 'all';
}

export function startPages() {
  pages.set(location.pathname, document.documentElement.outerHTML); // the one that is here, as it came
  start();
  addEventListener('popstate', () => open(location.href));
  fetchAhead();
}
