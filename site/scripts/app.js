// What every page has. Each part only adds: pages work without it.
import { announce } from './lib/announce.js';
import { each, on, setCookie, text } from './lib/dom.js';
import { shortcut } from './lib/keys.js';

const root = document.documentElement;

/* The reader's zone, so that the server writes times as the reader knows them. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split('; ').includes(`tz=${zone}`)) setCookie('tz', zone);
/* On a first visit the page was made before the server knew it. */
if (zone) document.querySelectorAll('[data-zone=""]').forEach((part) => { part.dataset.zone = zone; });

/* Controls that need a script show themselves now. */
document.querySelectorAll('[data-scripted]').forEach((part) => { part.hidden = false; });

/* Light, dark, or as the system says. */
each('[data-theme-choice]', (choice) => {
  const now = ['light', 'dark'].includes(root.dataset.theme) ? root.dataset.theme : 'auto';
  choice.querySelectorAll('input').forEach((input) => { input.checked = input.value === now; });
  choice.addEventListener('change', (event) => {
    root.dataset.theme = event.target.value;
    setCookie('theme', event.target.value);
  });
});

/* Menus and pop-overs close as people expect. */
document.addEventListener('click', (event) => {
  document.querySelectorAll('details:is(.menu, .rooms)[open]').forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener('keydown', (event) => {
  const menu = event.key === 'Escape' && document.querySelector('details:is(.menu, .rooms)[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});
on('click', '[data-dialog]', (event, button) => {
  event.preventDefault();
  document.querySelector(button.dataset.dialog)?.showModal();
});

/* What other scripts want to have said. */
document.addEventListener('gradus:status', (event) => announce(event.detail.text, event.detail));

/* Copying. */
on('click', '[data-copy]', async (event, button) => {
  const from = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(from.value ?? from.textContent);
    announce(text('copied'));
  } catch {
    getSelection().selectAllChildren(from);
  }
});

/* A form that was refused: begin at what is wrong. */
document.querySelector('[data-focus]')?.focus();
/* Not twice: a second press would only make people wonder. */
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post' || event.defaultPrevented || form.dataset.sending) {
    if (form.dataset.sending) event.preventDefault();
    return;
  }
  form.dataset.sending = 'yes';
});
addEventListener('pageshow', () => document.querySelectorAll('[data-sending]').forEach((form) => form.removeAttribute('data-sending')));

/* The contents of a page: where am I? */
each('nav.toc', (toc) => {
  const links = new Map([...toc.querySelectorAll('a[href^="#"]')].map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  let waits = false;
  // The last heading in the upper third, or above; also after a jump, and on the way up.
  const mark = () => {
    waits = false;
    const here = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight * 0.3).pop();
    for (const [id, a] of links) {
      if (id === here?.id) a.setAttribute('aria-current', 'true');
      else a.removeAttribute('aria-current');
    }
  };
  const later = () => {
    if (!waits) requestAnimationFrame(mark);
    waits = true;
  };
  addEventListener('scroll', later, { passive: true });
  addEventListener('resize', later, { passive: true });
  later();
});

/* Shortcuts. */
const keys = document.getElementById('keys');
if (keys) shortcut('?', '', () => keys.showModal());
shortcut('/', '', () => {
  const field = document.getElementById('site-q');
  if (field?.offsetParent) field.focus();
  else document.querySelector('.search-link')?.click(); // where there is no room for the field
});

/* htmx comes when somebody begins to use a part that needs it; until then (and if it never comes) forms are forms. */
const parts = '[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete]';
function loadHtmx() {
  const src = document.querySelector('meta[name="htmx-script"]').content;
  if (window.htmx || document.querySelector(`script[src="${src}"]`)) return;
  const script = document.createElement('script');
  script.src = src;
  document.head.append(script);
}
for (const type of ['pointerover', 'pointerdown', 'focusin']) on(type, parts, loadHtmx, { passive: true });
if (document.querySelector('[hx-trigger*="load"], [hx-trigger*="every"], [hx-trigger*="revealed"], [hx-trigger*="intersect"]')) loadHtmx();

/* Faces that the first view did without; a phone does without them further (site/style/late.css). */
addEventListener('load', () => {
  const late = document.querySelector('meta[name="late-style"]')?.content;
  if (!late || navigator.connection?.saveData || !matchMedia('(min-width: 48em)').matches) return;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = late;
  document.head.append(link);
});
