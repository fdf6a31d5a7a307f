// Shortcuts of one key, listed in the dialog that `?` opens. They rest while somebody types, and can be switched off
// there (WCAG 2.1.4).
const keys = new Map();
const own = new Set();
const off = () => localStorage.getItem('shortcuts') === 'off';

export function shortcut(key, label, fn) {
  keys.set(key, fn);
  own.add(key);
  const list = document.querySelector('[data-keys]');
  if (!list || !label || list.querySelector(`[data-key="${key}"]`)) return;
  const row = document.createElement('div');
  row.dataset.key = key;
  const name = row.appendChild(document.createElement('dt')).appendChild(document.createElement('kbd'));
  name.textContent = key;
  row.appendChild(document.createElement('dd')).textContent = label;
  list.append(row);
}

// The keys of a view that is gone.
export function forget() {
  for (const key of own) keys.delete(key);
  own.clear();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || off()) return;
  if (event.target.closest('input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable], dialog')) return;
  const fn = keys.get(event.key);
  if (!fn) return;
  event.preventDefault();
  fn(event);
});

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-keys-off]')) localStorage.setItem('shortcuts', event.target.checked ? 'off' : 'on');
});
document.querySelectorAll('[data-keys-off]').forEach((box) => { box.checked = off(); });
