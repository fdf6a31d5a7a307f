// Ordering: rows that move up and down by their buttons, or by the arrow keys while a button has the focus. A response is
// the list of the options' numbers in their order; the selects of the page without scripts rest.
import { announce } from './announce.js';
import { text } from './dom.js';

export function ordering(form, choose) {
  const list = form.querySelector('[data-order-rows]'), keep = form.querySelector('[data-order-keep]');
  const all = [...list.children];
  const rows = () => [...list.children];
  const value = (row) => Number(row.dataset.value);
  const letter = (row) => row.querySelector('.option-key').textContent;
  form.querySelectorAll('[data-order-plain]').forEach((part) => { part.hidden = true; });
  form.querySelectorAll('[data-order-scripted]').forEach((part) => { part.hidden = false; });
  form.querySelectorAll('select').forEach((select) => { select.disabled = true; });

  function settle() {
    rows().forEach((row, i, { length }) => {
      row.querySelector('[data-order-by="-1"]').setAttribute('aria-disabled', String(i === 0));
      row.querySelector('[data-order-by="1"]').setAttribute('aria-disabled', String(i === length - 1));
    });
  }
  function answer() {
    keep.parentElement.hidden = true;
    choose(rows().map(value));
  }
  function move(row, by, button) {
    const at = rows().indexOf(row), other = rows()[at + by];
    if (!other) return;
    if (by < 0) other.before(row);
    else other.after(row);
    settle();
    button.focus(); // a row that is moved loses it
    announce(text('exam-order-moved', { letter: letter(row), place: at + by + 1, total: all.length }));
    answer();
  }

  list.addEventListener('click', (event) => {
    const button = event.target.closest('[data-order-by]');
    if (button) move(button.closest('[data-value]'), Number(button.dataset.orderBy), button);
  });
  list.addEventListener('keydown', (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key], button = event.target.closest('[data-order-by]');
    if (!by || !button || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    move(button.closest('[data-value]'), by, button);
  });
  keep.addEventListener('click', answer);

  // Those that have no place yet come last, as the page had them.
  function show(response) {
    const placed = response.filter(Boolean).map((n) => all.find((row) => value(row) === n));
    list.append(...placed, ...all.filter((row) => !placed.includes(row)));
    keep.parentElement.hidden = placed.length === all.length;
    settle();
  }
  show(JSON.parse(form.dataset.response));
  return { show };
}
