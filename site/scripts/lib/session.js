// Who this page belongs to, the token that its requests carry, and signing in again without leaving it. A token is taken
// from another page only when the same person is signed in there: what one person gave is never sent as another's.
import { text } from './dom.js';

const meta = (name) => document.querySelector(`meta[name="${name}"]`);
export const person = () => meta('person')?.content ?? '';
export const token = () => meta('csrf')?.content ?? '';
const ask = (path, options = {}) => fetch(path, { credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout?.(15000), ...options });
const read = async (answer) => new DOMParser().parseFromString(await answer.text(), 'text/html');

// Looks who is signed in now: 'same' (and the page has a fresh token), 'other', 'out', or 'offline'.
export async function refresh() {
  try {
    const answer = await ask('/me', { headers: { Accept: 'text/html' } });
    if (new URL(answer.url).pathname === '/login') return 'out';
    if (!answer.ok) return 'offline';
    const doc = await read(answer);
    const who = doc.querySelector('meta[name="person"]')?.content;
    if (!who) return 'out';
    if (who !== person()) return 'other';
    const fresh = doc.querySelector('meta[name="csrf"]').content;
    meta('csrf').content = fresh;
    document.querySelectorAll('input[name="csrf"]').forEach((field) => { field.value = fresh; });
    document.body.setAttribute('hx-headers', JSON.stringify({ 'X-CSRF-Token': fresh }));
    return 'same';
  } catch {
    return 'offline';
  }
}

// Ends the session of whoever is signed in here now.
async function signOut() {
  const csrf = (await read(await ask('/login?other=1'))).querySelector('form[action="/logout"] input[name="csrf"]')?.value;
  if (csrf) await ask('/logout', { method: 'POST', body: new URLSearchParams({ csrf }), redirect: 'manual' });
}

// '' when the session has begun, else a sentence.
async function signIn(login, password) {
  const form = await ask('/login');
  if (new URL(form.url).pathname !== '/login') return '';
  const csrf = (await read(form)).querySelector('form[action="/login"] input[name="csrf"]').value;
  const answer = await ask('/login', { method: 'POST', body: new URLSearchParams({ csrf, login, password, next: '/me' }), redirect: 'manual' });
  if (answer.type === 'opaqueredirect') return '';
  const doc = await read(answer);
  const problem = doc.querySelector('.error-summary li') ?? doc.querySelector('main [role="alert"]'); // the list stands within an alert
  return problem?.textContent.trim() || text('net-failed', { status: answer.status });
}

// Beside a sentence that says that the session has ended; `ask` shows the dialog.
export function signInButton(ask) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button small secondary';
  button.textContent = text('net-sign-in');
  button.addEventListener('click', ask);
  return button;
}

let asking = null;

// Shows the dialog, unless it is there. True once the same person is signed in again; false when it was closed.
export function signInHere() {
  const dialog = document.getElementById('sign-in');
  if (!dialog) return Promise.resolve(false);
  asking ??= new Promise((done) => {
    const form = dialog.querySelector('form'), problem = dialog.querySelector('[data-sign-in-problem]');
    const tell = (sentence) => {
      problem.textContent = sentence;
      problem.hidden = !sentence;
    };
    let asked = false; // it was said that somebody else is signed in, and will be signed out
    const look = async () => {
      const state = await refresh();
      asked = state === 'other';
      if (state === 'same') dialog.close('in');
      else if (asked) tell(text('net-instead'));
      else if (state === 'offline') tell(text('net-offline'));
      return state;
    };
    const submit = async (event) => {
      event.preventDefault();
      tell('');
      const { login, password } = form.elements;
      let sentence = '';
      try {
        if (!asked && await look() !== 'out') return; // the same person is back, or has to be asked
        if (asked) await signOut();
        sentence = await signIn(login.value, password.value);
        if (!sentence && await look() === 'out') sentence = text('net-elsewhere'); // a second factor, or a first password
      } catch {
        sentence = text('net-offline');
      }
      password.value = '';
      if (sentence) tell(sentence);
    };
    const back = () => { if (!document.hidden) look(); }; // signed in in another tab
    const later = () => dialog.close('later');
    const button = dialog.querySelector('[data-sign-in-later]');
    form.addEventListener('submit', submit);
    button.addEventListener('click', later);
    document.addEventListener('visibilitychange', back);
    dialog.addEventListener('close', () => {
      form.removeEventListener('submit', submit);
      button.removeEventListener('click', later);
      document.removeEventListener('visibilitychange', back);
      asking = null;
      done(dialog.returnValue === 'in');
    }, { once: true });
    dialog.returnValue = '';
    tell('');
    dialog.showModal();
    form.elements.password.focus();
  });
  return asking;
}
