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

// What waits, oldest first; also what other tabs left behind.
export function waiting(attempt) {
  const keys = new Set(memory.keys());
  try {
    for (let i = 0; i < localStorage.length; i++) keys.add(localStorage.key(i));
  } catch {
    /* memory alone */
  }
  return [...keys].filter((key) => key.startsWith(prefix(attempt))).map(read).filter(Boolean).sort((a, b) => a.made - b.made);
}

// A name for this page, so that the server can tell tabs and devices apart.
export function clientName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((n) => n.toString(36).padStart(2, '0')).join('');
}
