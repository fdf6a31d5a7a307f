// Counts down to the server's deadline. The page says what the server's clock was when it was made, so that a wrong
// clock in the browser changes nothing. Without this script the server's text stands.
import { announce } from './announce.js';
import { text } from './dom.js';

export function startTimer(box) {
  const value = box.querySelector('.timer-value');
  const left = Date.parse(box.dataset.deadline) - Date.parse(box.dataset.now);
  if (!value || Number.isNaN(left)) return;
  const end = performance.now() + left;
  let said = Infinity;
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    const h = Math.floor(seconds / 3600), m = Math.floor((seconds % 3600) / 60), s = String(seconds % 60).padStart(2, '0');
    value.textContent = h ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
    box.classList.toggle('hurry', seconds <= 120);
    for (const minutes of [10, 2]) {
      if (seconds > minutes * 60 || said <= minutes) continue;
      // Told once, and not for a limit that had passed before the page was opened.
      if (said !== Infinity || seconds > minutes * 60 - 5) announce(text('timer-warning', { minutes }), { assertive: true });
      said = minutes;
    }
    if (said === Infinity) said = 1000;
    if (seconds > 0) return;
    clearInterval(running);
    document.dispatchEvent(new CustomEvent('gradus:time-up', { detail: { box } }));
  };
  const running = setInterval(tick, 1000);
  tick();
  const toggle = box.querySelector('[data-timer-toggle]');
  const show = (visible) => {
    value.hidden = !visible;
    toggle.setAttribute('aria-pressed', String(!visible));
    localStorage.setItem('timer', visible ? 'shown' : 'hidden');
  };
  toggle?.addEventListener('click', () => show(value.hidden));
  if (toggle && localStorage.getItem('timer') === 'hidden') show(false);
}
