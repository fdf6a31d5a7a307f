// Answers to practice questions that wait to be sent: one for each question, in this browser, under the name of whoever gave
// it, with the time at which it was given. Nobody else's page sends it.
import { person } from './session.js';

const prefix = () => `answer:${person()}:`;
const memory = new Map();

export function put(path, choices) {
  const entry = { path, choices, made: Date.now() };
  memory.set(prefix() + path, entry);
  try {
    localStorage.setItem(prefix() + path, JSON.stringify(entry));
  } catch {
    /* it lives as long as the page */
  }
}

export function all() {
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
export function drop(entry) {
  const key = prefix() + entry.path;
  const now = all().find((one) => one.path === entry.path);
  if (!now || now.made !== entry.made) return;
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    /* there was never anything to remove */
  }
}
