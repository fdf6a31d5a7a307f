// Numeric: a field. It is saved when it is left, and a moment after a whole number stands in it; the server says how it read
// it. What is no number yet is not sent while somebody types. What was refused stays in the field with the reason beside it.
import { text } from './dom.js';

const IDLE_MS = 1000;
const WHOLE = /^[\s\u061c\u200e\u200f]*[-+\u2212]?\p{Nd}+([.,\u066b]\p{Nd}+)?\s*$/u;

export function numeric(form, choose, typed) {
  const field = form.querySelector('#answer'), read = form.querySelector('[data-number-read]');
  const refusal = form.querySelector('[data-exam-refusal]');
  let sent = field.value.trim(), timer = 0, last = null; // what was refused last: {text, why, before}
  const say = (response) => { read.textContent = response.length ? text('exam-number-read', { number: response }) : ''; };
  const holds = () => field.getAttribute('aria-invalid') === 'true';

  function hold(why, before) {
    last = { text: field.value.trim(), why, before };
    field.setAttribute('aria-invalid', 'true');
    refusal.querySelector('[data-exam-why]').textContent = `${why} ${before ? text('exam-refusal-before', { before }) : text('exam-refusal-none')}`;
    refusal.querySelector('[data-exam-keep]').textContent = text(before ? 'exam-refusal-go' : 'exam-refusal-go-none');
    refusal.hidden = false;
    read.textContent = '';
    sent = null; // whatever comes next is sent
  }
  function release() {
    field.removeAttribute('aria-invalid');
    refusal.hidden = true;
  }
  function answer() {
    clearTimeout(timer);
    const now = field.value.trim();
    if (now === sent || holds()) return;
    sent = now;
    read.textContent = '';
    choose(now === '' ? [] : now);
  }
  field.addEventListener('input', () => {
    clearTimeout(timer);
    if (field.value.trim() === last?.text) { // the same again has the same reason
      hold(last.why, last.before);
      typed(field.value, last.why);
      return;
    }
    release();
    typed(field.value);
    if (WHOLE.test(field.value)) timer = setTimeout(answer, IDLE_MS);
  });
  field.addEventListener('change', answer);
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') answer(); // and the page stays
  });

  return {
    show(response) {
      clearTimeout(timer);
      last = null; // what counts is another one now
      release();
      sent = String(response);
      field.value = sent;
      say(response);
    },
    accepted(response) {
      last = null;
      say(response);
    },
    refused(response, why, before) {
      if (field.value.trim() === String(response)) hold(why, before);
    },
    restore(was, why, before) {
      if (field.value.trim() === was.trim()) return;
      field.value = was;
      if (why) hold(why, before);
      else answer();
    },
    settle: answer,
    doubtful: () => field.value.trim() !== '' && !WHOLE.test(field.value),
    holds,
    focus: () => field.focus(),
  };
}
