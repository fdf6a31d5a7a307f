// The icons: 24 × 24, drawn with one stroke; a partial for each in templates/.
const stroke = {
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6L6 18',
  warning: 'M12 4L2.8 19.5h18.4zM12 10v4.5M12 17v.01',
  info: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5.5M12 7.8v.01',
  arrow: 'M5 12h14M13 6l6 6-6 6',
  back: 'M19 12H5M11 6l-6 6 6 6',
  search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20',
  menu: 'M4 7h16M4 12h16M4 17h16',
  clock: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 7.5V12l3 2',
  flag: 'M6 21V4M6 4.5h11l-2.5 4 2.5 4H6',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3',
  book: 'M12 6.5C10 5 7.5 4.5 4 4.5v13c3.5 0 6 .5 8 2 2-1.5 4.5-2 8-2v-13c-3.5 0-6 .5-8 2zM12 6.5v13',
  exam: 'M6 3.5h12v17H6zM9 8h6M9 12h6M9 16h3',
  lab: 'M9.5 3.5h5M10.5 3.5v6L5 19a1.2 1.2 0 001 1.5h12a1.2 1.2 0 001-1.5l-5.5-9.5v-6M7.5 15h9',
  certificate: 'M12 3.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM8.5 13.5L7.5 21l4.5-2.5 4.5 2.5-1-7.5',
  person: 'M12 4a4 4 0 100 8 4 4 0 000-8zM4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6',
  people: 'M9 5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM2.5 20c.6-3.6 3-5.5 6.5-5.5s5.9 1.9 6.5 5.5M15.5 5.2a3.5 3.5 0 010 6.6M17.5 14.8c2.3.6 3.6 2.5 4 5.2',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8a2.2 2.2 0 100 4.4 2.2 2.2 0 000-4.4zM9 14.8a2.2 2.2 0 100 4.4 2.2 2.2 0 000-4.4z',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  external: 'M13 4.5h6.5V11M19.5 4.5L11 13M17 14v5.5H4.5V7H10',
  play: 'M7 5l12 7-12 7z',
  pause: 'M8 5v14M16 5v14',
  reset: 'M5 12a7 7 0 107-7H6M9.5 1.8L6 5l3.5 3.2',
  filter: 'M4 5h16l-6.5 7.5V19l-3 1.5v-8z',
  sort: 'M8 5v14M4.5 15.5L8 19l3.5-3.5M16 19V5M12.5 8.5L16 5l3.5 3.5',
  plus: 'M12 5v14M5 12h14',
  edit: 'M4 20l1-4.5L16 4.5l3.5 3.5-11 11z',
  trash: 'M4.5 7h15M9.5 7V4h5v3M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5',
  sun: 'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 019.5 4a8.5 8.5 0 1010.5 10.5z',
  globe: 'M12 3a9 9 0 100 18 9 9 0 000-18zM3 12h18M12 3c5.5 5.5 5.5 12.5 0 18-5.5-5.5-5.5-12.5 0-18z',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01',
  chart: 'M4 20h16M7 16v-4M12 16V6M17 16V9.5',
  shield: 'M12 3l7.5 2.5V11c0 5-3 8-7.5 10-4.5-2-7.5-5-7.5-10V5.5zM8.5 12l2.5 2.5 4.5-5',
  hint: 'M9 17.5h6M10 20.5h4M12 3.5a6 6 0 00-3.5 10.9c.5.4.8 1 .8 1.6v1.5h5.4V16c0-.6.3-1.2.8-1.6A6 6 0 0012 3.5z',
  log: 'M8 6h12M8 12h12M8 18h7M4 6v.01M4 12v.01M4 18v.01',
};
const pointing = new Set(['arrow', 'back', 'external']);

export const names = Object.keys(stroke);
// Inline: no request of its own, and drawn with the text beside it.
export const partial = (n) =>
  `<svg class="icon${pointing.has(n) ? ' icon-flip' : ''}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${stroke[n]}"/></svg>`;

// The mark: four steps up, in the brand's colour.
const steps = 'M7 25.5h5.2v-5.4h5.2v-5.4h5.2V9.3H25.5';
export const markPartial =
  '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="7"/>' +
  `<path d="${steps}"/></svg>`;
// The page's icon, as an address in the head: a file would be one more request.
export const markAddress =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%230f5c47'/%3E" +
  `%3Cpath d='${steps}' fill='none' stroke='%23fff' stroke-width='3.2' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E`;

// A level's badge: a flight of four steps, climbed as far as the level.
export const level = (n) => {
  const up = (from, to) => Array.from({ length: to - from }, () => 'v-8h8.5').join('');
  const x = 3 + 8.5 * n, y = 36 - 8 * n;
  const climbed = `<path d="M3 36${up(0, n)}V36z" fill="currentColor" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/>`;
  const ahead = n < 4 ? `<path d="M${x} ${y}${up(n, 4)}V36H${x}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-opacity=".5"/>` : '';
  return `<svg class="level" viewBox="0 0 40 40" aria-hidden="true" focusable="false">${ahead}${climbed}</svg>`;
};
