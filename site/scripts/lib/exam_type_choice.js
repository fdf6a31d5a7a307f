// Single and multiple choice: radio buttons or boxes. A response is the list of the chosen numbers.
import { announce } from './announce.js';
import { text } from './dom.js';

export function choice(form, choose) {
  const picks = [...form.querySelectorAll('input[name="response[]"]')];
  const state = form.querySelector('[data-choose]'); // of multiple choice
  const chosen = () => picks.filter((input) => input.checked).map((input) => Number(input.value));
  const surplus = (response) => (state ? response.length - Number(state.dataset.choose) : 0);
  const count = () => {
    if (!state) return;
    const over = surplus(chosen()) > 0;
    state.textContent = text(over ? 'exam-choose-over' : 'exam-choose-state', { choose: state.dataset.choose, chosen: chosen().length });
    state.classList.toggle('over', over);
  };
  form.addEventListener('change', (event) => {
    if (!picks.includes(event.target)) return;
    count();
    if (surplus(chosen()) > 0) announce(state.textContent);
    choose(chosen());
  });
  return {
    picks,
    show(response) {
      for (const input of picks) input.checked = response.includes(Number(input.value));
      count();
    },
    surplus,
  };
}
