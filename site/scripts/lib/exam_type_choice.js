// Single and multiple choice: radio buttons or boxes. A response is the list of the chosen numbers.
export function choice(form, choose) {
  const picks = [...form.querySelectorAll('input[name="response[]"]')];
  form.addEventListener('change', (event) => {
    if (picks.includes(event.target)) choose(picks.filter((input) => input.checked).map((input) => Number(input.value)));
  });
  return {
    picks,
    show(response) {
      for (const input of picks) input.checked = response.includes(Number(input.value));
    },
  };
}
