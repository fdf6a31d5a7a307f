// What an answer of our server means, in one place for all scripts: its kind, its sentence, and when to try again.
import { text } from './dom.js';
import { refresh, token } from './session.js';

const TIMEOUT_MS = 15000;
const kinds = { 401: 'signed-out', 403: 'denied', 404: 'gone', 409: 'conflict', 429: 'slow', 503: 'busy' };
const kindOf = (status) => kinds[status] ?? (status < 400 ? 'ok' : status < 500 ? 'refused' : 'failed');

async function once(method, path, { body, headers }) {
  let answer;
  try {
    answer = await fetch(path, { method, body, credentials: 'same-origin', cache: 'no-store', redirect: 'follow', signal: AbortSignal.timeout?.(TIMEOUT_MS), headers: { ...headers, 'X-CSRF-Token': token() } });
    const out = /^\/login$/.test(new URL(answer.url).pathname) && path !== '/login'; // a page sends there, JSON says 401
    const json = answer.headers.get('Content-Type')?.includes('json');
    const data = json ? await answer.json() : await answer.text();
    return { kind: out ? 'signed-out' : kindOf(answer.status), status: answer.status, url: answer.url, data, after: Number(answer.headers.get('Retry-After')) || 0 };
  } catch {
    return { kind: 'offline', status: 0, data: {}, after: 0 };
  }
}

// {kind, status, url, data, after}; kind: ok, signed-out, other (somebody else is signed in), denied, gone, conflict, slow, busy,
// refused, failed, offline. `after`: seconds that the server asks to wait. Never rejects. A token that has
// become old (signed in again in another tab) is fetched anew, once, when the same person is signed in.
export async function send(method, path, options = {}) {
  const answer = await once(method, path, options);
  if (answer.kind !== 'denied') return answer;
  const now = await refresh();
  if (now === 'same') return once(method, path, options);
  return { ...answer, kind: now === 'out' ? 'signed-out' : now === 'other' ? 'other' : 'offline' };
}

// Is it worth trying the same again, later, without anybody doing something?
export const passing = (kind) => ['offline', 'slow', 'busy', 'failed'].includes(kind);

// What happened, what was kept, what to do next.
export function sentence(answer) {
  return text(`net-${answer.kind}`, { status: answer.status, seconds: answer.after || 5 });
}
