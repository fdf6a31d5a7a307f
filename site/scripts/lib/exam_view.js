// One view of an attempt: a question, or the review. Answers are saved as they are chosen, kept while there is no
// connection, and never overwritten by an older one; see engine/exam/exam.h for the save contract. A view ends when `signal`
// is aborted and another takes its place; what it has not sent lies in the journal, and the next one sends it.
import { announce } from './announce.js';
import { text } from './dom.js';
import { forget, shortcut } from './keys.js';
import { passing, send, sentence } from './server.js';
import { refresh, signInButton, signInHere, token } from './session.js';
import { startTimer } from './timer.js';
import { canKeep, drafts, drop, dropDraft, keep, keepDraft, tabName, viewName, waiting } from './exam_journal.js';
import { types } from './exam_types.js';

const FRESH_MS = 5000; // a choice made this long ago at most is the latest word, whatever another device said before
const MOVED_MS = 5000; // less than this is rounding, and the way of an answer
const PATIENCE_MS = 1500; // how long a turn of the page waits for what is being sent
const DOUBT_MS = 5000; // the same when the server may refuse what was typed: then its reader should still be there
const same = (a, b) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);
const LATE = 'gradus-exam-late'; // the attempt whose submitting had waited for the connection: its result says so
const surplus = new Map(); // slot: whether its answer gives less (below 0) or more than is asked for, where this document has seen it change
const held = new Map(); // slot: {seq, response, saved_at} as the server acknowledged it last; pages fetched before know less

function submittedLate(attempt) {
  try {
    sessionStorage.setItem(LATE, attempt);
  } catch {
    // A browser that keeps nothing: the result alone says that it was submitted.
  }
}
/** Whether submitting this attempt had waited for the connection; said once. */
export function wasSubmittedLate(attempt) {
  try {
    const late = sessionStorage.getItem(LATE) === attempt;
    if (late) sessionStorage.removeItem(LATE);
    return late;
  } catch {
    return false;
  }
}

// `root` holds the view; `open(href)` shows another one and says whether it could; `readiness()` says how many questions can be
// visited without a connection, {ready, total}.
export function startView(root, open, readiness, signal) {
  const page = root.querySelector('[data-exam], [data-exam-review]');
  const zone = page.dataset.zone || undefined;
  // As the server writes it: in the reader's zone when the page knows it, else in UTC and saying so.
  const clock = (iso) => new Intl.DateTimeFormat(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: zone ?? 'UTC' }).format(new Date(iso)) + (zone ? '' : ' UTC');
  const attempt = page.dataset.attempt, slot = Number(page.dataset.slot) || 0, form = slot ? page : null;
  const client = viewName(), tab = tabName(attempt), base = `/attempts/${attempt}`;
  const state = page.querySelector('[data-save-state]'), message = page.querySelector('[data-exam-message]');
  const tabs = 'BroadcastChannel' in window ? new BroadcastChannel(`exam:${attempt}`) : null;
  let known = Number(page.dataset.seq) || 0; // the highest number that this page has heard of for its question
  let chosen = form ? JSON.parse(page.dataset.response) : [];
  let counts = chosen; // what the server said last that counts
  let flagged = page.dataset.flagged === '1';
  let flagSeq = 0, refusals = 0, wanted = '', over = false, submitting = false, flushing = null, again = false, delay = 1000, timer = 0, leaving = '', told = '', asked = '';

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
  // Whether or not anything waits: somebody who knows plans what to do meanwhile.
  function tellOffline() {
    const { ready, total } = readiness();
    tell(ready === total ? 'exam-offline-shown' : 'exam-offline-some', { ready, total });
  }
  // The server has answered: what was said of the connection is over.
  function reached() {
    delay = 1000;
    if (/^net-(?!refused)|^exam-offline-/.test(told)) tell('');
  }
  // To whoever pressed a button, where they look: the button of a long page may stand far below its head.
  function showMessage() {
    if (message.hidden) return;
    message.tabIndex = -1;
    message.focus({ preventScroll: true });
    message.scrollIntoView({ block: 'center' });
  }
  // What an answer of the server means for whoever sits here; whoever is signed out signs in on this page.
  function tellAnswer(answer) {
    told = `net-${answer.kind}`;
    message.textContent = (answer.kind === 'refused' && answer.data.message) || sentence(answer); // the server says what is wrong with it
    message.hidden = false;
    if (!['signed-out', 'other'].includes(answer.kind)) return;
    message.append(' ', signInButton(ask));
    if (told !== asked && answer.kind === 'signed-out') ask();
    asked = told;
  }
  async function ask() {
    if (!(await signInHere())) return;
    asked = '';
    tell('');
    sync();
  }
  const own = (entry) => entry.kind === 'answer' && entry.slot === slot;
  const type = form && types[form.dataset.face](form, choose, (typed, why = '') => keepDraft(attempt, { slot, text: typed, seq: known, why }));
  const words = (response) => String(response ?? []);

  function show(response) {
    chosen = response ?? [];
    type.show(chosen);
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
    if (answered !== undefined) link.classList.toggle('answered', answered);
    const overview = page.querySelector('[data-exam-overview]');
    if (overview) overview.textContent = text('exam-overview', { answered: page.querySelectorAll('[data-exam-map] .answered').length, total: overview.dataset.total });
    if (flag !== undefined) link.classList.toggle('flagged', flag);
    if (number === slot && answered !== undefined) surplus.set(slot, answered ? type?.surplus?.(chosen) ?? 0 : 0);
    showIncomplete();
    label(link);
  }
  function showIncomplete() {
    const links = [...page.querySelectorAll('[data-exam-map] [data-slot]')];
    for (const link of links) {
      const now = surplus.get(Number(link.dataset.slot));
      if (now === undefined) continue;
      link.classList.toggle('incomplete', now < 0);
      link.classList.toggle('over', now > 0);
    }
    listed('[data-exam-incomplete]', links.filter((link) => link.matches('.incomplete, .over')).map((link) =>
      [link.dataset.slot, text(link.matches('.over') ? 'exam-over-asked' : 'exam-incomplete', { slot: link.dataset.slot })]));
  }
  function listed(where, rows) {
    const list = page.querySelector(where);
    list.hidden = rows.length === 0;
    list.replaceChildren(...rows.map(([number, words]) => {
      const link = document.createElement('a'), row = document.createElement('li');
      link.href = `${base}/q/${number}`;
      link.dataset.examGo = '';
      link.textContent = words;
      row.append(link);
      return row;
    }));
  }
  function label(link) {
    link.setAttribute('aria-label', text('exam-map-label', { number: link.dataset.slot }) + (link.classList.contains('answered') ? text('exam-map-answered') : '') +
      (link.classList.contains('flagged') ? text('exam-map-flagged') : '') +
      (link.classList.contains('incomplete') ? text('exam-map-incomplete') : '') + (link.classList.contains('over') ? text('exam-map-over') : '') + (link.classList.contains('unsaved') ? text('exam-map-draft') : ''));
  }
  // Questions in whose field something stands that is not saved: on the map, and in words. What is being typed is no such case.
  function draftSentence(draft) {
    const before = words(draft.slot === slot ? counts : held.get(draft.slot)?.response);
    return text(before ? 'exam-draft-before' : 'exam-draft-none', { slot: draft.slot, text: draft.text.trim(), before });
  }
  function showDrafts() {
    const open = drafts(attempt).filter((draft) => draft.why || draft.slot !== slot);
    for (const link of page.querySelectorAll('[data-exam-map] [data-slot]')) {
      link.classList.toggle('unsaved', open.some((draft) => draft.slot === Number(link.dataset.slot)));
      label(link);
    }
    listed('[data-exam-drafts]', open.map((draft) => [draft.slot, draftSentence(draft)]));
  }
  // It is saved: as it was typed, or as it stands meanwhile.
  function settled(number, response) {
    const draft = drafts(attempt).find((one) => one.slot === number);
    if (draft && draft.text.trim() === words(response)) dropDraft(attempt, number);
    showDrafts();
  }

  /* -- Sending -- */

  const put = (path, body) => send('PUT', path, { headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) });

  // Nothing acknowledged: it stays in the journal and is tried again, with growing pauses.
  function later(answer) {
    const pause = answer.after ? answer.after * 1000 : delay;
    delay = Math.min(30000, delay * 2);
    clearTimeout(timer);
    const mine = waiting(attempt);
    timer = setTimeout(mine.length ? flush : sync, pause * (0.75 + Math.random() / 2));
    if (mine.some(own)) say(canKeep() ? 'exam-waiting' : 'exam-unkept', {}, 'waiting');
    if (submitting) tell('exam-submit-waits');
    else if (answer.kind !== 'offline') tellAnswer(answer);
    else tellOffline();
  }

  function acknowledged(entry, data) {
    drop(attempt, entry);
    tabs?.postMessage({ slot: entry.slot, seq: data.newest.seq, response: data.newest.response, saved_at: data.saved_at });
    held.set(entry.slot, { ...data.newest, saved_at: data.saved_at });
    settled(entry.slot, entry.response);
    moveDeadline(data.deadline, data.now);
    const lost = data.stale && !same(data.newest.response, entry.response);
    if (!own(entry)) {
      if (lost) tell('exam-elsewhere-slot', { slot: entry.slot });
      mark(entry.slot, data.newest.response.length > 0);
      return;
    }
    hear(data.newest.seq);
    counts = data.newest.response;
    if (told === 'net-refused') tell(''); // what was wrong was put right
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
    else if (!data.stale && same(chosen, entry.response)) { // as the server reads it: 12,50 is 12.5
      chosen = data.response;
      form.elements.was.value = JSON.stringify(chosen);
      type.accepted?.(chosen);
    }
    say('exam-saved', { time: clock(data.saved_at) });
  }

  function refused(entry, answer) {
    if (answer.kind === 'conflict') {
      over = true;
      say('exam-refused', {}, 'failed');
      if (state && answer.data.message) state.textContent += `: ${answer.data.message}`;
      tell('exam-time-up');
      setTimeout(() => location.assign(`${base}/result`), 3000);
      return;
    }
    // Kept, unless the server says that it is no answer at all: the page does not claim otherwise.
    const typed = answer.kind === 'refused' && typeof entry.response === 'string', why = answer.data.message || sentence(answer);
    if (answer.kind === 'refused') {
      drop(attempt, entry);
      refusals++;
    }
    const draft = { slot: entry.slot, text: entry.response, seq: entry.seq, why };
    const now = drafts(attempt).find((one) => one.slot === entry.slot);
    if (typed && (!now || now.text.trim() === entry.response)) keepDraft(attempt, draft);
    if (own(entry) && answer.kind === 'refused') {
      chosen = counts;
      form.elements.was.value = JSON.stringify(counts);
      mark(slot, counts.length > 0);
      type.refused?.(entry.response, why, words(counts));
    }
    if (typed) showDrafts();
    if (typed && own(entry)) {
      say('exam-refused', {}, 'failed');
      announce(why, { assertive: true });
      return;
    }
    if (typed) {
      const before = words(held.get(entry.slot)?.response);
      tell(before ? 'exam-draft-before' : 'exam-draft-none', { slot: entry.slot, text: entry.response, before });
      showMessage();
      sync(); // and what counts for it, when this page does not know
      return;
    }
    if (own(entry)) say(answer.kind === 'refused' ? 'exam-refused' : 'exam-waiting', {}, answer.kind === 'refused' ? 'failed' : 'waiting');
    tellAnswer(answer);
  }

  // Sends what waits, one after the other. True when nothing is left.
  async function run() {
    let heard = false;
    do {
      again = false;
      for (const entry of waiting(attempt)) {
        if (over || signal.aborted) return false;
        const answer = entry.kind === 'flag'
          ? await put(`${base}/flags/${entry.slot}`, { flagged: entry.response })
          : await put(`${base}/responses/${entry.slot}`, { seq: entry.seq, response: entry.response, client: entry.tab });
        if (signal.aborted && answer.kind !== 'ok') return false;
        if (passing(answer.kind)) {
          later(answer);
          return false;
        }
        if (answer.kind !== 'ok') {
          refused(entry, answer);
          if (answer.kind !== 'refused') return false;
          continue;
        }
        delay = 1000;
        heard = true;
        if (entry.kind === 'flag') drop(attempt, entry);
        else acknowledged(entry, answer.data);
      }
    } while (again);
    const clear = waiting(attempt).length === 0;
    if (signal.aborted) return clear;
    if (clear && leaving) setTimeout(go, 0, leaving);
    else if (clear && heard) reached();
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
    const entry = { kind: 'answer', slot, seq: known, response, client, tab, made: Date.now(), tick: performance.now() };
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

  // To another question, or the review. What was given is sent meanwhile; without a connection the pages that were fetched
  // before serve, and what waits goes on waiting.
  // What stands in the field and was refused holds its reader here, until it is put right or `anyway` is said.
  async function go(href, anyway = false) {
    leaving = '';
    if (!anyway) type?.settle?.();
    const patience = !anyway && type?.doubtful?.() ? DOUBT_MS : PATIENCE_MS;
    await Promise.race([flush(), new Promise((done) => setTimeout(done, patience))]);
    if (over || signal.aborted) return;
    if (!anyway && type?.holds?.()) {
      wanted = href;
      type.focus();
      return;
    }
    const answer = await open(href);
    if (!answer || signal.aborted) return;
    tellAnswer(answer);
    if (!passing(answer.kind)) {
      if (answer.kind !== 'signed-out') showMessage();
      return;
    }
    leaving = href; // flush goes there when it has sent what waits
    tell('exam-offline-next');
    showMessage();
    clearTimeout(timer);
    timer = setTimeout(flush, 2000);
  }

  // Submitting waits for the connection: until then nothing has happened, and the page says so.
  async function submitWhenClear(form) {
    if (submitting) return;
    submitting = true;
    let waited = false;
    const before = refusals;
    form.querySelector('.actions').before(message); // at the button that was pressed
    for (;;) {
      const clear = await flush();
      const now = clear ? await refresh() : 'offline';
      if (over || signal.aborted) return;
      if (refusals > before) { // what was typed for a question was not taken: its reader has a look first
        submitting = false;
        showMessage();
        return;
      }
      if (clear && now === 'same') break;
      if (now === 'out' || /^net-(signed-out|other|denied|gone)/.test(told)) {
        submitting = false;
        if (now === 'out') tellAnswer({ kind: 'signed-out', status: 401 });
        return;
      }
      tell('exam-submit-waits');
      if (!waited) showMessage();
      waited = true;
      await new Promise((done) => {
        setTimeout(done, 3000);
        addEventListener('online', done, { once: true, signal });
      });
      if (signal.aborted) return;
    }
    if (waited) {
      tell('exam-submit-back');
      submittedLate(attempt);
    }
    form.dataset.clear = 'yes';
    setTimeout(() => form.requestSubmit(), 0); // not while this event is still being told
  }

  /* -- What the server holds -- */

  // The server says how much is left. What it says of the deadline alone is not enough: its clock may have been put right.
  function moveDeadline(deadline, now) {
    const box = root.querySelector('[data-timer]');
    if (!box || !deadline || !now) return;
    const left = Date.parse(box.dataset.deadline) - Date.parse(box.dataset.now) - (performance.now() - (Number(box.dataset.base) || 0));
    const more = Date.parse(deadline) - Date.parse(now) - left;
    if (Math.abs(more) < MOVED_MS) return;
    const fresh = box.cloneNode(true); // the old one's clock runs on, unseen
    Object.assign(fresh.dataset, { deadline, now, base: performance.now() });
    box.replaceWith(fresh);
    startTimer(fresh);
    if (more > 0) announce(text('exam-deadline-moved'));
  }

  async function sync() {
    const clear = await flush();
    if (signal.aborted || over) return;
    const answer = await send('GET', `${base}/state`, { headers: { Accept: 'application/json' } });
    if (signal.aborted) return;
    if (answer.kind !== 'ok') {
      if (passing(answer.kind)) later(answer);
      else tellAnswer(answer);
      return;
    }
    if (clear) reached();
    const now = answer.data;
    if (!now.open) {
      over = true;
      location.assign(`${base}/result`);
      return;
    }
    moveDeadline(now.deadline, now.now);
    for (const s of now.slots) {
      if (s.saved_at && s.seq >= (held.get(s.slot)?.seq ?? 0)) held.set(s.slot, s);
      mark(s.slot, (s.response ?? []).length > 0, s.flagged);
    }
    showDrafts();
    const told_of = /^exam-draft-/.test(told) && drafts(attempt).find((draft) => draft.why && draft.slot !== slot);
    if (told_of) message.textContent = draftSentence(told_of);
    const mine = form && now.slots[slot - 1];
    if (!mine || !clear || mine.seq < known) return;
    hear(mine.seq);
    if (mine.saved_at) say('exam-saved', { time: clock(mine.saved_at) });
    if (same(mine.response, chosen)) return;
    show(mine.response);
    tell('exam-elsewhere');
  }

  /* -- Events -- */

  // A page that was fetched before knows less than what was acknowledged since, and nothing of what waits.
  for (const [n, s] of held) mark(n, s.response.length > 0);
  for (const entry of waiting(attempt))
    if (entry.kind === 'answer') mark(entry.slot, entry.response.length > 0);
    else mark(entry.slot, undefined, entry.response);
  const lede = !form && root.querySelector('[data-exam-lede]');
  if (lede && root.dataset.before) {
    const all = root.querySelectorAll('[data-exam-map] [data-slot]');
    lede.textContent = text('exam-review-now', { answered: [...all].filter((link) => link.classList.contains('answered')).length, total: all.length });
  }
  if (form) {
    const newest = held.get(slot);
    if (newest && newest.seq > known) {
      hear(newest.seq);
      show(newest.response);
      say('exam-saved', { time: clock(newest.saved_at) });
    }
    // What waits from before this page was opened is what counts for its reader.
    const left = waiting(attempt).filter(own).pop();
    if (left && left.seq > known) {
      hear(left.seq);
      show(left.response);
      say('exam-waiting', {}, 'waiting');
    }
    // What was typed and is not saved. A newer answer from elsewhere, given after it, counts.
    const draft = drafts(attempt).find((one) => one.slot === slot);
    if (draft && (!type.restore || draft.seq < known || draft.text.trim() === words(chosen))) dropDraft(attempt, slot);
    else if (draft) type.restore(draft.text, draft.why, words(counts));
    if (type.holds?.()) say('exam-refused', {}, 'failed');
    form.addEventListener('change', (event) => {
      if (event.target.name === 'flag') flag(event.target.checked);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const way = event.submitter?.value ?? 'next', anyway = event.submitter?.name === 'keep';
      if (way === 'stay') return; // Enter in a field: it was saved
      const last = way === 'next' && !form.querySelector('[name="go"][value="next"]');
      const href = way === 'review' || last ? `${base}/review` : `${base}/q/${slot + (way === 'previous' ? -1 : 1)}`;
      go(anyway && wanted ? wanted : href, anyway);
    });
    const pick = (n) => {
      const input = type.picks[n];
      if (!input || input.disabled) return;
      input.focus();
      input.click();
    };
    type.picks?.forEach((input, i) => {
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
  }, { signal });
  page.querySelector('[data-exam-submit]')?.addEventListener('submit', (event) => {
    const submit = event.target;
    if (submit.dataset.clear) return;
    event.preventDefault();
    event.stopPropagation();
    submitWhenClear(submit);
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
  // The page is left: what stands in a field is sent all the same, and lies in the journal until somebody heard that it arrived.
  addEventListener('pagehide', () => {
    if (over) return;
    type?.settle?.();
    for (const entry of waiting(attempt).filter((one) => own(one) && one.client === client))
      fetch(`${base}/responses/${slot}`, { method: 'PUT', keepalive: true, credentials: 'same-origin', headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': token() },
        body: JSON.stringify({ seq: entry.seq, response: entry.response, client: entry.tab }) }).catch(() => {});
  }, { signal });
  addEventListener('online', sync, { signal });
  addEventListener('offline', () => { if (!submitting && !over) tellOffline(); }, { signal });
  addEventListener('pageshow', (event) => { if (event.persisted) sync(); }, { signal });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) sync(); }, { signal });
  document.addEventListener('gradus:time-up', (event) => {
    if (over || !event.detail.box.isConnected) return;
    tell('exam-time-up');
    announce(text('exam-time-up'), { assertive: true });
    flush();
    // The server takes what is under way for some seconds more; then the attempt is closed.
    setTimeout(() => { over = true; location.assign(`${base}/result`); }, 6000);
  }, { signal });
  signal.addEventListener('abort', () => {
    type?.settle?.(); // into the journal: the next view sends it
    clearTimeout(timer);
    tabs?.close();
    forget();
  });
  showDrafts();
  if (root.dataset.before === 'offline' || navigator.onLine === false) tellOffline();
  if (waiting(attempt).length || root.dataset.before || drafts(attempt).length) sync();
}
