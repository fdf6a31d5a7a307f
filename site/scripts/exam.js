// The exam in the browser: an attempt's pages, and the lobby's look at the browser. All of it works without this script.
import { text } from './lib/dom.js';
import { canKeep, drafts, drop, dropDraft, waiting } from './lib/exam_journal.js';
import { startPages } from './lib/exam_pages.js';
import { wasSubmittedLate } from './lib/exam_view.js';

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
if (ended) {
  waiting(ended).forEach((entry) => drop(ended, entry));
  drafts(ended).forEach((draft) => dropDraft(ended, draft.slot));
  if (wasSubmittedLate(ended)) document.querySelector('[data-exam-waited]').hidden = false;
}
if (document.querySelector('[data-exam-view]')) startPages();
const check = document.querySelector('[data-exam-check]');
if (check) lobbyPage(check);
