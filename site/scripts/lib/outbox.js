// What waits to be sent, of one kind ("answer"): the newest of each key, in this browser, under the name of whoever gave it,
// with the time at which it was given. Nobody else's page sends it.
import { person } from './session.js';

export function outbox(kind) {
  const prefix = () => `${kind}:${person()}:`;
  const memory = new Map();

  function put(key, fields) {
    const entry = { ...fields, key, made: Date.now() };
    memory.set(prefix() + key, entry);
    try {
      localStorage.setItem(prefix() + key, JSON.stringify(entry));
    } catch {
      /* it lives as long as the page */
    }
  }

  function all() {
    const found = new Map([...memory].filter(([key]) => key.startsWith(prefix())));
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const key = localStorage.key(i);
        if (key.startsWith(prefix())) found.set(key, JSON.parse(localStorage.getItem(key)));
      }
    } catch {
      /* memory alone */
    }
    return [...found.values()].sort((a, b) => a.made - b.made);
  }

  // Only when it still is what was sent.
  function drop(entry) {
    const now = all().find((one) => one.key === entry.key);
    if (!now || now.made !== entry.made) return;
    memory.delete(prefix() + entry.key);
    try {
      localStorage.removeItem(prefix() + entry.key);
    } catch {
      /* there was never anything to remove */
    }
  }

  return { put, all, drop };
}

// How long it has waited: the server's time minus that is when it was given; a browser never sends a time of its own.
export const waited = (entry) => String(Math.max(0, Date.now() - entry.made));
