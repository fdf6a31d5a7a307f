// The journal of an attempt: every answer is written here before it is sent, and goes only when the server has said
// that it is on disk. It lies in localStorage, an entry for each question and page, so that tabs never overwrite each
// other and a closed tab or a crash loses nothing. Without storage the entries live as long as the page.
const prefix = (attempt) => `exam:${attempt}:`;
const memory = new Map();

function storage() {
  try {
    localStorage.setItem('exam:try', '1');
    localStorage.removeItem('exam:try');
    return localStorage;
  } catch {
    return null;
  }
}

export function canKeep() {
  return storage() !== null;
}

// True when the entry will outlive this page.
export function keep(attempt, entry) {
  const key = `${prefix(attempt)}${entry.kind}:${entry.slot}:${entry.client}`;
  memory.set(key, entry);
  try {
    localStorage.setItem(key, JSON.stringify(entry));
    return true;
  } catch {
    return false;
  }
}

// What stands in a field and is not saved, one for each question: {slot, text, seq, why}. `why`: what the server said when it
// refused it, '' while it was not sent; `seq`: the highest number of the question when it was typed.
const draftKey = (attempt, slot) => `${prefix(attempt)}draft:${slot}`;
export function keepDraft(attempt, draft) {
  const entry = { kind: 'draft', why: '', ...draft };
  memory.set(draftKey(attempt, draft.slot), entry);
  try {
    localStorage.setItem(draftKey(attempt, draft.slot), JSON.stringify(entry));
  } catch {
    /* it lives as long as the page */
  }
}
export function dropDraft(attempt, slot) {
  memory.delete(draftKey(attempt, slot));
  try {
    localStorage.removeItem(draftKey(attempt, slot));
  } catch {
    /* there was never anything to remove */
  }
}
export function drafts(attempt) {
  return entries(attempt).filter((entry) => entry.kind === 'draft').sort((a, b) => a.slot - b.slot);
}

// Only when it still is what was sent: a newer choice may have taken its place meanwhile.
export function drop(attempt, entry) {
  const key = `${prefix(attempt)}${entry.kind}:${entry.slot}:${entry.client}`;
  const now = read(key);
  if (!now || now.seq !== entry.seq || JSON.stringify(now.response) !== JSON.stringify(entry.response)) return;
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    /* there was never anything to remove */
  }
}

function read(key) {
  try {
    const raw = localStorage.getItem(key);
    if (raw) return JSON.parse(raw);
  } catch {
    /* fall through */
  }
  return memory.get(key);
}

function entries(attempt) {
  const keys = new Set(memory.keys());
  try {
    for (let i = 0; i < localStorage.length; i++) keys.add(localStorage.key(i));
  } catch {
    /* memory alone */
  }
  return [...keys].filter((key) => key.startsWith(prefix(attempt))).map(read).filter(Boolean);
}

// What waits, oldest first; also what other tabs left behind.
export function waiting(attempt) {
  return entries(attempt).filter((entry) => entry.kind !== 'draft').sort((a, b) => a.made - b.made);
}

const randomName = () => [...crypto.getRandomValues(new Uint8Array(12))].map((n) => n.toString(36).padStart(2, '0')).join('');

// A name for one view, under which its entries lie here: views of one tab never overwrite each other either.
export const viewName = randomName;

// A name for this tab, so that the server can tell tabs and devices apart: the same for a whole attempt, through all its pages
// and reloads. While a page is open the name lies nowhere but in it: sessionStorage goes along when a tab is duplicated, and the
// copy is another tab.
const tabs = new Map(); // attempt: name
export function tabName(attempt) {
  const key = `exam-tab:${attempt}`;
  const stored = (use) => {
    try {
      return use(sessionStorage);
    } catch {
      return null; // a browser that keeps nothing: a name for each page
    }
  };
  if (!tabs.has(attempt)) {
    tabs.set(attempt, stored((storage) => storage.getItem(key)) ?? randomName());
    stored((storage) => storage.removeItem(key));
    addEventListener('pagehide', () => stored((storage) => storage.setItem(key, tabs.get(attempt))));
    addEventListener('pageshow', () => stored((storage) => storage.removeItem(key)));
  }
  return tabs.get(attempt);
}
