// Contrast of the design's colours, in light and dark (WCAG 2.2: 1.4.3 text 4.5, 1.4.11 parts of controls 3).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

const read = (name) => fs.readFileSync(new URL(`../../site/style/${name}`, import.meta.url), 'utf8');
const values = (css) => Object.fromEntries([...css.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]]));
const light = values(read('tokens.css'));
const themes = { light, dark: { ...light, ...values(read('dark.css')) } };

const luminance = (hex) => {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};

const grounds = ['paper', 'surface', 'sunken'];
const personas = ['modernizer', 'orchestrator', 'psychologist', 'scientist'];
const softs = ['brand-soft', 'ok-soft', 'warn-soft', 'danger-soft', 'info-soft', ...personas.map((p) => `${p}-soft`)];
const pairs = [];
const want = (front, back, ratio) => pairs.push([front, back, ratio]);
for (const ground of [...grounds, ...softs]) {
  want('ink', ground, 7);
  want('ink-2', ground, 4.5);
  want('ink-3', ground, 4.5);
  want('focus', ground, 3);
}
for (const ground of grounds) {
  want('line-strong', ground, 3);
  for (const tone of ['brand', 'brand-strong', 'ok', 'warn', 'danger', 'info', ...personas]) want(tone, ground, 4.5);
}
for (const tone of ['brand', 'ok', 'warn', 'danger', 'info', ...personas]) want(tone, `${tone}-soft`, 4.5);
want('brand', 'info-soft', 4.5); // links inside callouts
want('brand', 'ok-soft', 4.5);
want('brand', 'warn-soft', 4.5);
want('brand', 'danger-soft', 4.5);
want('on-brand', 'brand', 4.5);
want('on-brand', 'brand-strong', 4.5);
want('on-danger', 'danger', 4.5);
want('on-danger', 'danger-strong', 4.5);
want('ink', 'mark', 7);
for (const persona of personas) want('paper', persona, 4.5);

for (const [theme, v] of Object.entries(themes)) {
  test(`colours of the ${theme} theme have contrast`, () => {
    for (const [front, back, ratio] of pairs) {
      assert.ok(v[front] && v[back], `no such colour: ${front} or ${back}`);
      const got = contrast(v[front], v[back]);
      assert.ok(got >= ratio, `--${front} on --${back} is ${got.toFixed(2)}, needs ${ratio}`);
    }
  });
}

test('the dark theme gives every colour that the light one has', () => {
  const dark = values(read('dark.css'));
  assert.deepEqual(Object.keys(light).filter((name) => !dark[name]), []);
});
