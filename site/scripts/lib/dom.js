// One listener on the document for all elements that match, also those that come later.
export function on(type, selector, fn, options) {
  document.addEventListener(type, (event) => {
    const hit = event.target instanceof Element && event.target.closest(selector);
    if (hit) fn(event, hit);
  }, options);
}

// Runs `fn` for each element that is there now, and for those in parts that htmx puts in.
export function each(selector, fn) {
  const all = (root) => {
    if (root.matches?.(selector)) fn(root);
    root.querySelectorAll(selector).forEach(fn);
  };
  all(document);
  document.addEventListener('htmx:load', (event) => all(event.detail.elt));
}

// Parts of the page that came again with an answer take the place of those that are there.
export function placeParts(answer) {
  for (const part of answer.querySelectorAll('[data-part]')) {
    document.getElementById(part.id)?.replaceWith(document.adoptNode(part));
    document.dispatchEvent(new CustomEvent('htmx:load', { detail: { elt: part } }));
  }
}

// Interface texts for scripts stand in the page: <template data-text="key">…</template> or data-text-KEY on an element.
export function text(key, values = {}) {
  const found = document.querySelector(`[data-text="${key}"]`);
  const raw = found ? (found.content ?? found).textContent : key;
  return raw.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// `value`: letters, digits and "/_+-" only, as it is.
export function setCookie(name, value) {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
