// The figure of the personas is one wherever it is shown: quadrants where the programme's axes put them, colours of the
// style, the same words in descriptions.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

const read = (name) => fs.readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const ids = ['modernizer', 'orchestrator', 'psychologist', 'scientist'];
const programme = read('content/mops/programme.md');
const axes = Object.fromEntries(ids.map((id) => {
  const [, x, y] = new RegExp(`- id: ${id}\\n\\s+title: .*\\n\\s+x: (\\w+)\\n\\s+y: (\\w+)`).exec(programme);
  return [id, { x, y }];
}));

/** By hand: what the module teaches and its exam asks. */
const taught = {
  modernizer: { x: 'technology', y: 'emotional', place: 'bottom left' },
  orchestrator: { x: 'art', y: 'emotional', place: 'bottom right' },
  psychologist: { x: 'art', y: 'rational', place: 'top right' },
  scientist: { x: 'technology', y: 'rational', place: 'top left' },
};

const number = (tag, name) => Number(new RegExp(` ${name}="(-?[\\d.]+)"`).exec(tag)[1]);
/** Where the text of an axis stands, and the rectangle of each persona. */
function places(svg, rect) {
  const boxes = Object.fromEntries(ids.map((id) => [id, rect(id)]));
  const label = (word) => {
    const [tag] = new RegExp(`<text[^>]*>${word}</text>`).exec(svg) ?? assert.fail(`no ${word} in the figure`);
    return { x: number(tag, 'x'), y: number(tag, 'y') };
  };
  return { boxes, label };
}
const mid = (tag) => ({ x: number(tag, 'x') + number(tag, 'width') / 2, y: number(tag, 'y') + number(tag, 'height') / 2 });

const partial = read('site/templates/persona_figure.mustache');
const drawing = read('content/mops/modules/img/persona-quadrants.svg');
const figures = {
  'the figure of the pages': places(partial.replaceAll(/\{\{t\.site_axis_(\w+)\}\}/g, '$1'), (id) => mid(new RegExp(`data-persona="${id}".*?(<rect[^>]*>)`).exec(partial)[1])),
  'the drawing of the module': places(drawing, (id) => mid(new RegExp(`<rect data-persona="${id}"[^>]*>`).exec(drawing)[0])),
};

test('the programme says what is taught', () => {
  for (const id of ids) assert.deepEqual(axes[id], { x: taught[id].x, y: taught[id].y }, id);
});

for (const [name, { boxes, label }] of Object.entries(figures)) {
  test(`${name} has each persona at its axes' ends`, () => {
    assert.ok(label('technology').x < label('art').x, 'technology is left');
    assert.ok(label('rational').y < label('emotional').y, 'rational is above');
    for (const id of ids) {
      const { x, y } = taught[id], box = boxes[id];
      const near = (a, b, axis) => Math.abs(label(a)[axis] - box[axis]) < Math.abs(label(b)[axis] - box[axis]);
      assert.ok(near(x, x === 'art' ? 'technology' : 'art', 'x'), `${id} is at ${x}`);
      assert.ok(near(y, y === 'rational' ? 'emotional' : 'rational', 'y'), `${id} is at ${y}`);
    }
  });
}

test('the drawing has the colours of the style', () => {
  const tokens = read('site/style/tokens.css');
  for (const id of ids) {
    const [rect] = new RegExp(`<rect data-persona="${id}"[^>]*>`).exec(drawing);
    for (const [attribute, name] of [['fill', `${id}-soft`], ['stroke', id]]) {
      const [, colour] = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(tokens);
      assert.equal(new RegExp(`${attribute}="([^"]+)"`).exec(rect)[1], colour, `${id} ${attribute}`);
    }
  }
});

test('every description puts them in the same place', () => {
  const [, alt] = /!\[([^\]]+)\]\(img\/persona-quadrants\.svg\)/.exec(read('content/mops/modules/four-personas.md'));
  const [, desc] = /<desc[^>]*>([^<]+)</.exec(drawing);
  const said = { module: alt, drawing: desc, pages: JSON.parse(read('site/locale/en/site.json')).site_personas_figure };
  for (const [where, text] of Object.entries(said))
    for (const id of ids) assert.match(text, new RegExp(`${id}s (are |stand )?${taught[id].place}`, 'i'), `${where}: ${id}`);
});
