// Keys for whoever decides: on a case, g and r choose, Ctrl and Enter decides, j and k go from section to section;
// in the queue, j and k go from case to case. Without script the forms work as they stand.
import { shortcut } from './lib/keys.js';

const step = (list, by) => {
  if (!list.length) return;
  const at = list.findIndex((e) => e === document.activeElement || e.contains(document.activeElement));
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)];
  if (!next.matches('a')) next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
};

const queue = document.querySelector('[data-queue]');
if (queue) {
  const links = [...queue.querySelectorAll('th a')];
  shortcut('j', queue.dataset.next, () => step(links, 1));
  shortcut('k', queue.dataset.previous, () => step(links, -1));
}

const decide = document.querySelector('[data-decide]');
if (document.querySelector('[data-case]')) {
  const sections = [...document.querySelectorAll('[data-case] section > h2')];
  const { next, previous } = document.querySelector('[data-case]').dataset;
  shortcut('j', next, () => step(sections, 1));
  shortcut('k', previous, () => step(sections, -1));
}
if (decide) {
  const reason = decide.querySelector('[name="reason"]');
  const choose = (id) => {
    const radio = decide.querySelector(id);
    if (!radio || radio.disabled) return;
    radio.checked = true;
    reason.focus();
  };
  shortcut('g', decide.dataset.grant, () => choose('#field-grant'));
  shortcut('r', decide.dataset.refuse, () => choose('#field-refuse'));
  reason.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) decide.requestSubmit();
  });
}
