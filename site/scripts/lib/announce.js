// Says something in the live region: screen readers hear it, others see it for a while.
// `assertive` interrupts (time is running out); `quiet` is heard but not shown.
let timer;

export function announce(message, { assertive = false, quiet = false } = {}) {
  const region = document.getElementById(assertive ? 'alert' : 'status');
  if (!region) return;
  const line = document.createElement('p');
  line.textContent = message;
  if (quiet) line.className = 'quiet';
  region.replaceChildren(line);
  if (assertive) return;
  clearTimeout(timer);
  timer = setTimeout(() => line.remove(), 6000);
}
