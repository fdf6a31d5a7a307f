// Numeric: a field. It is saved when it is left, and a moment after a whole number stands in it; the server says how it read
// it. What is no number yet is not sent while somebody types.
import { text } from './dom.js';

const IDLE_MS = 1000;
const WHOLE = /^[\s\u061c\u200e\u200f]*[-+\u2212]?\p{Nd}+([.,\u066b]\p{Nd}+)?\s*$/u;

export function numeric(form, choose) {
  const field = form.querySelector('#answer'), read = form.querySelector('[data-number-read]');
  let sent = field.value.trim(), timer = 0;
  const say = (response) => { read.textContent = response.length ? text('exam-number-read', { number: response }) : ''; };

  function answer() {
    clearTimeout(timer);
    const now = field.value.trim();
    if (now === sent) return;
    sent = now;
    read.textContent = '';
    choose(now === '' ? [] : now);
  }
  field.addEventListener('input', () => {
    field.removeAttribute('aria-invalid');
    clearTimeout(timer);
    if (WHOLE.test(field.value)) timer = setTimeout(answer, IDLE_MS);
  });
  field.addEventListener('change', answer);
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') answer(); // and then on to the next question
  });

  return {
    show(response) {
      clearTimeout(timer);
      sent = String(response);
      field.value = sent;
      say(response);
    },
    accepted(response) {
      field.removeAttribute('aria-invalid');
      say(response);
    },
    refused() {
      field.setAttribute('aria-invalid', 'true');
      sent = null; // the same again is another try
    },
  };
}
