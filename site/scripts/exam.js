// The exam in the browser: answers are saved as they are chosen, kept while there is no connection, and never
// overwritten by an older one. The page works without this script; see engine/exam/exam.h for the save contract.
import { announce } from './lib/announce.js';
import { text } from './lib/dom.js';
import { shortcut } from './lib/keys.js';
import { startTimer } from './lib/timer.js';
import { canKeep, clientName, drop, keep, waiting } from './lib/exam_journal.js';

const FRESH_MS = 5000; // a choice made this long ago at most is the latest word, whatever another device said before
const TIMEOUT_MS = 15000;
const page = document.querySelector('[data-exam], [data-exam-review]');
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? '';
const zone = page?.dataset.zone || undefined;
// As the server writes it: in the reader's zone when the page knows it, else in UTC and saying so.
const clock = (iso) => new Intl.DateTimeFormat(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: zone ?? 'UTC' }).format(new Date(iso)) + (zone ? '' : ' UTC');
const same = (a, b) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

/* ---- One page of an attempt ---------------------------------------------------------------- */

function attemptPage() {
  const attempt = page.dataset.attempt, slot = Number(page.dataset.slot) || 0, form = slot ? page : null;
  const client = clientName(), base = `/attempts/${attempt}`;
  const state = page.querySelector('[data-save-state]'), message = page.querySelector('[data-exam-message]');
  const tabs = 'BroadcastChannel' in window ? new BroadcastChannel(`exam:${attempt}`) : null;
  let known = Number(page.dataset.seq) || 0; // the highest number that this page has heard of for its question
  let chosen = form ? JSON.parse(page.dataset.response) : [];
  let flagged = page.dataset.flagged === '1';
  let flagSeq = 0, over = false, flushing = null, again = false, delay = 1000, timer = 0, leaving = '', told = '';

  /* -- What the page says -- */

  function say(key, values, mood = '') {
    if (!state) return;
    state.textContent = text(key, values);
    state.classList.toggle('waiting', mood === 'waiting');
    state.classList.toggle('failed', mood === 'failed');
    if (key !== 'exam-saving') announce(state.textContent, { quiet: true });
  }
  function tell(key, values) {
    told = key;
    message.textContent = key ? text(key, values) : '';
    message.hidden = !key;
  }
  const own = (entry) => entry.kind === 'answer' && entry.slot === slot;
  const inputs = () => [...form.querySelectorAll('input[name="response[]"]')];
  const selected = () => inputs().filter((i) => i.checked).map((i) => Number(i.value));

  function show(response) {
    chosen = response ?? [];
    for (const input of inputs()) input.checked = chosen.includes(Number(input.value));
    form.elements.was.value = JSON.stringify(chosen);
    mark(slot, chosen.length > 0);
  }
  function hear(seq) {
    known = Math.max(known, seq);
    form.elements.seq.value = known;
  }
  function mark(number, answered, flag) {
    const link = page.querySelector(`[data-exam-map] [data-slot="${number}"]`);
    if (!link) return;
    link.classList.toggle('answered', answered);
    const overview = page.querySelector('[data-exam-overview]');
    if (overview) overview.textContent = text('exam-overview', { answered: page.querySelectorAll('[data-exam-map] .answered').length, total: overview.dataset.total });
    if (flag !== undefined) link.classList.toggle('flagged', flag);
    link.setAttribute('aria-label', text('exam-map-label', { slot: number }) + (link.classList.contains('answered') ? text('exam-map-answered') : '') +
      (link.classList.contains('flagged') ? text('exam-map-flagged') : ''));
  }

  /* -- Sending -- */

  async function put(path, body) {
    const answer = await fetch(path, {
      method: 'PUT', credentials: 'same-origin', signal: AbortSignal.timeout?.(TIMEOUT_MS),
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify(body),
    });
    const data = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : {};
    return { status: answer.status, data, after: Number(answer.headers.get('Retry-After')) || 0 };
  }

  // Nothing acknowledged: it stays in the journal and is tried again, with growing pauses.
  function later(after) {
    const pause = after ? after * 1000 : delay;
    delay = Math.min(30000, delay * 2);
    clearTimeout(timer);
    timer = setTimeout(flush, pause * (0.75 + Math.random() / 2));
    const mine = waiting(attempt);
    if (mine.some(own)) say(canKeep() ? 'exam-waiting' : 'exam-unkept', {}, 'waiting');
    else if (mine.length) tell('exam-unsent', { count: mine.length });
  }

  function acknowledged(entry, data) {
    drop(attempt, entry);
    tabs?.postMessage({ slot: entry.slot, seq: data.newest.seq, response: data.newest.response, saved_at: data.saved_at });
    moveDeadline(data.deadline);
    const lost = data.stale && !same(data.newest.response, entry.response);
    if (!own(entry)) {
      if (lost) tell('exam-elsewhere-slot', { slot: entry.slot });
      mark(entry.slot, data.newest.response.length > 0);
      return;
    }
    hear(data.newest.seq);
    const newer = waiting(attempt).some((e) => own(e) && e.client === client);
    if (lost && entry.client === client && !newer && performance.now() - entry.tick < FRESH_MS) {
      choose(entry.response); // chosen just now, by hand, here: it is the latest word
      return;
    }
    if (newer) return; // its own acknowledgement comes
    if (lost) {
      show(data.newest.response);
      tell('exam-elsewhere');
    } else if (entry.client !== client) show(data.newest.response);
    say('exam-saved', { time: clock(data.saved_at) });
  }

  function refused(entry, status, data) {
    if (status === 409) {
      over = true;
      say('exam-refused', {}, 'failed');
      if (state) state.textContent += ` ${data.message ?? ''}`;
      tell('exam-time-up');
      setTimeout(() => location.assign(`${base}/result`), 3000);
      return;
    }
    // A defect or a session of somebody else: what was chosen stays in the journal, and the page does not claim otherwise.
    if (own(entry)) {
      say('exam-refused', {}, 'failed');
      state.textContent += ` ${data.message ?? status}`;
    }
  }

  // Sends what waits, one after the other. True when nothing is left.
  async function run() {
    do {
      again = false;
      for (const entry of waiting(attempt)) {
        if (over) return false;
        let answer;
        try {
          answer = entry.kind === 'flag'
            ? await put(`${base}/flags/${entry.slot}`, { flagged: entry.response })
            : await put(`${base}/responses/${entry.slot}`, { seq: entry.seq, response: entry.response, client: entry.client });
        } catch {
          later(0);
          return false;
        }
        if (answer.status === 503 || answer.status === 429 || answer.status >= 500) {
          later(answer.after);
          return false;
        }
        if (answer.status === 401 || answer.status === 403) {
          refused(entry, answer.status, answer.data);
          return false;
        }
        if (answer.status !== 200) {
          refused(entry, answer.status, answer.data);
          if (answer.status !== 409) drop(attempt, entry);
          continue;
        }
        delay = 1000;
        if (entry.kind === 'flag') drop(attempt, entry);
        else acknowledged(entry, answer.data);
      }
    } while (again);
    const clear = waiting(attempt).length === 0;
    if (clear && leaving) setTimeout(go, 0, leaving);
    else if (clear && ['exam-unsent', 'exam-unsent-submit', 'exam-offline-next'].includes(told)) tell('');
    return clear;
  }
  function flush() {
    clearTimeout(timer);
    again = true;
    flushing ??= run().finally(() => { flushing = null; });
    return flushing;
  }

  /* -- Choosing -- */

  function choose(response) {
    if (over) return;
    chosen = response;
    hear(known + 1);
    const entry = { kind: 'answer', slot, seq: known, response, client, made: Date.now(), tick: performance.now() };
    const kept = keep(attempt, entry);
    form.elements.was.value = JSON.stringify(response);
    mark(slot, response.length > 0);
    tabs?.postMessage({ slot, seq: known, response });
    if (navigator.onLine === false) say(kept ? 'exam-waiting' : 'exam-unkept', {}, 'waiting');
    else say('exam-saving');
    flush();
  }
  function flag(on) {
    flagged = on;
    form.elements.flag.checked = on;
    form.elements.flag_was.value = on ? '1' : '';
    keep(attempt, { kind: 'flag', slot, seq: ++flagSeq, response: on, client, made: Date.now() });
    mark(slot, chosen.length > 0, on);
    announce(text(on ? 'exam-flagged' : 'exam-unflagged'));
    flush();
  }

  // Leaves for another page once everything is saved; without a connection it waits here instead of breaking.
  async function go(href) {
    leaving = '';
    const patience = setTimeout(() => tell('exam-offline-next'), 1500);
    const clear = await flush();
    clearTimeout(patience);
    if (over) return;
    if (!clear) {
      leaving = href; // flush goes there when it has sent what waits
      tell('exam-offline-next');
      return;
    }
    try {
      // The address bar must not end on the browser's own error page while the connection is away.
      await fetch(`${base}/state`, { credentials: 'same-origin', headers: { Accept: 'application/json' }, signal: AbortSignal.timeout?.(TIMEOUT_MS) });
      location.assign(href);
    } catch {
      leaving = href;
      tell('exam-offline-next');
      clearTimeout(timer);
      timer = setTimeout(flush, 2000);
    }
  }

  /* -- What the server holds -- */

  function moveDeadline(iso) {
    const box = document.querySelector('[data-timer]');
    if (!box || !iso || box.dataset.deadline === iso) return;
    const fresh = box.cloneNode(true); // the old one's clock runs on, unseen
    fresh.dataset.deadline = iso;
    fresh.dataset.now = new Date(Date.parse(box.dataset.now) + performance.now()).toISOString();
    box.replaceWith(fresh);
    startTimer(fresh);
    announce(text('exam-deadline-moved'));
  }

  async function sync() {
    const clear = await flush();
    try {
      const answer = await fetch(`${base}/state`, { credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json' } });
      if (!answer.ok) return;
      const now = await answer.json();
      if (!now.open) {
        over = true;
        location.assign(`${base}/result`);
        return;
      }
      moveDeadline(now.deadline);
      for (const s of now.slots) mark(s.slot, (s.response ?? []).length > 0, s.flagged);
      const mine = form && now.slots[slot - 1];
      if (!mine || !clear || mine.seq < known) return;
      hear(mine.seq);
      if (mine.saved_at) say('exam-saved', { time: clock(mine.saved_at) });
      if (same(mine.response, chosen)) return;
      show(mine.response);
      tell('exam-elsewhere');
    } catch {
      later(0);
    }
  }

  /* -- Events -- */

  if (form) {
    // What waits from before this page was opened is what counts for its reader.
    const left = waiting(attempt).filter(own).pop();
    if (left && left.seq > known) {
      hear(left.seq);
      show(left.response);
      say('exam-waiting', {}, 'waiting');
    }
    form.addEventListener('change', (event) => {
      if (event.target.name === 'response[]') choose(selected());
      else if (event.target.name === 'flag') flag(event.target.checked);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const way = event.submitter?.value ?? 'next';
      go(way === 'review' ? `${base}/review` : `${base}/q/${slot + (way === 'previous' ? -1 : 1)}`);
    });
    const pick = (n) => {
      const input = inputs()[n];
      if (!input || input.disabled) return;
      input.focus();
      input.click();
    };
    inputs().forEach((input, i) => {
      const letter = String.fromCharCode(97 + i);
      if (letter === 'f' || letter === 'n' || letter === 'p') return shortcut(String(i + 1), '', () => pick(i));
      shortcut(String(i + 1), '', () => pick(i));
      shortcut(letter, i ? '' : text('exam-key-choose'), () => pick(i));
    });
    shortcut('n', text('exam-key-next'), () => form.querySelector('[name="go"][value="next"], .question-nav [value="review"]')?.click());
    shortcut('p', text('exam-key-previous'), () => form.querySelector('[name="go"][value="previous"]')?.click());
    shortcut('f', text('exam-key-flag'), () => flag(!flagged));
  }
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('a[data-exam-go]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(link.href);
  });
  page.querySelector('[data-exam-submit]')?.addEventListener('submit', async (event) => {
    const submit = event.target;
    if (submit.dataset.clear || !waiting(attempt).length) return;
    event.preventDefault();
    event.stopPropagation();
    if (!(await flush())) return tell('exam-unsent-submit', { count: waiting(attempt).length });
    submit.dataset.clear = 'yes';
    setTimeout(() => submit.requestSubmit(), 0); // not while this event is still being told
  });
  // Another tab of this browser: what it chose is shown here at once.
  tabs?.addEventListener('message', ({ data }) => {
    mark(data.slot, (data.response ?? []).length > 0);
    if (data.slot !== slot || data.seq < known) return;
    const waits = waiting(attempt).some((e) => own(e) && e.client === client);
    if (waits && data.seq === known) return;
    hear(data.seq);
    if (!same(data.response, chosen)) show(data.response);
    if (data.saved_at) say('exam-saved', { time: clock(data.saved_at) });
    else say('exam-saving');
  });
  addEventListener('online', sync);
  addEventListener('pageshow', (event) => { if (event.persisted) sync(); });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) sync(); });
  document.addEventListener('gradus:time-up', (event) => {
    if (over || !event.detail.box.isConnected) return;
    tell('exam-time-up');
    announce(text('exam-time-up'), { assertive: true });
    flush();
    // The server takes what is under way for some seconds more; then the attempt is closed.
    setTimeout(() => { over = true; location.assign(`${base}/result`); }, 6000);
  });
  if (waiting(attempt).length) sync();
}

/* ---- The lobby: is this browser fine? ----------------------------------------------------------- */

async function lobbyPage(box) {
  const list = box.querySelector('[data-exam-checks]');
  const add = (fine, sentence) => {
    const row = list.appendChild(document.createElement('li'));
    row.className = fine ? 'met' : 'missing';
    const word = row.appendChild(document.createElement('span'));
    word.className = 'visually-hidden';
    word.textContent = text(fine ? 'exam-check-fine' : 'exam-check-mind');
    row.append(` ${sentence}`);
  };
  box.hidden = false;
  add(true, text('exam-check-script'));
  add(canKeep(), text(canKeep() ? 'exam-check-storage' : 'exam-check-storage-bad'));
  try {
    const began = performance.now();
    const answer = await fetch('/healthz', { cache: 'no-store' });
    const ms = Math.max(1, Math.round(performance.now() - began));
    add(answer.ok, text(answer.ok ? 'exam-check-network' : 'exam-check-network-bad', { ms }));
    const server = Date.parse(answer.headers.get('Date') ?? '');
    const off = Math.round(Math.abs(Date.now() - server) / 1000);
    if (!Number.isNaN(server)) add(off < 60, text(off < 60 ? 'exam-check-clock' : 'exam-check-clock-bad', { seconds: off }));
  } catch {
    add(false, text('exam-check-network-bad'));
  }
}

// An attempt that has ended takes nothing any more: what waited for it goes.
const ended = document.querySelector('[data-exam-ended]')?.dataset.examEnded;
if (ended) waiting(ended).forEach((entry) => drop(ended, entry));
if (page) attemptPage();
const check = document.querySelector('[data-exam-check]');
if (check) lobbyPage(check);
