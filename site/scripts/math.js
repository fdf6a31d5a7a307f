// Pages with formulas: makes MathML, which screen readers know, of the TeX that stands in the text. What cannot be read stays
// as it was written. Also of questions that come later.
import temml from 'temml';

const done = 'mathDone';

function draw(code) {
  if (done in code.dataset) return;
  code.dataset[done] = '';
  const block = code.classList.contains('math-block');
  const shown = document.createElement(block ? 'div' : 'span');
  shown.className = block ? 'formula formula-block' : 'formula';
  try {
    // As nodes, never as text: a style that a text holds is refused by the content security policy, one set on a node is not.
    temml.render(code.textContent.trim(), shown, { displayMode: block, annotate: true, throwOnError: true, trust: false, maxSize: [20, 500], maxExpand: 200 });
  } catch {
    return;
  }
  code.replaceWith(shown);
}

const drawAll = (where) => where.querySelectorAll?.('code.math').forEach(draw);

drawAll(document);
document.addEventListener('htmx:load', (event) => drawAll(event.detail.elt));
