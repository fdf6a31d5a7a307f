// Single and multiple choice: radio buttons or boxes. A response is the list of the chosen numbers.
import { text } from './dom.js';

export function choice(form, choose) {
  const picks = [...form.querySelectorAll('input[name="response[]"]')];
  const state = form.querySelector('[data-choose]'); // of multiple choice
  const chosen = () => picks.filter((input) => input.checked).map((input) => Number(input.value));
  const count = () => { if (state) state.textContent = text('exam-choose-state', { choose: state.dataset.choose, chosen: chosen().length }); };
  form.addEventListener('change', (event) => {
    if (!picks.includes(event.target)) return;
    count();
    choose(chosen());
  });
  return {
    picks,
    show(response) {
      for (const input of picks) input.checked = response.includes(Number(input.value));
      count();
    },
    whole: (response) => !state || response.length === Number(state.dataset.choose),
  };
}
