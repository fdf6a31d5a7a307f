// Sortable tables: a header becomes a button; cells may give their value in data-value.
export function sortable(table) {
  const body = table.tBodies[0];
  if (!body || body.rows.length < 2) return;
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true, sensitivity: 'base' });
  [...(table.tHead?.rows[0]?.cells ?? [])].forEach((head, column) => {
    if (!head.textContent.trim() || head.hasAttribute('data-unsorted')) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'sort';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const way = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', way === 1 ? 'ascending' : 'descending');
      const value = (row) => row.cells[column]?.dataset.value ?? row.cells[column]?.textContent.trim() ?? '';
      body.append(...[...body.rows].sort((a, b) => way * collator.compare(value(a), value(b))));
    });
  });
}
