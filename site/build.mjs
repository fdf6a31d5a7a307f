// Builds site/static from style/, scripts/ and the font packages, the icon partials in templates/, and the figure of the
// personas.
// `node build.mjs` writes; `node build.mjs --check` only says which committed files are out of date.
import { build } from 'esbuild';
import subsetFont from 'subset-font';
import temml from 'temml';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as icons from './icons.mjs';
import * as personas from './personas.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const at = (...p) => path.join(here, ...p);
const check = process.argv.includes('--check');
const stale = [];

function put(file, bytes) {
  const to = at(file), wanted = Buffer.from(bytes);
  if (fs.existsSync(to) && fs.readFileSync(to).equals(wanted)) return;
  stale.push(file);
  if (check) return;
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.writeFileSync(to + '.tmp', wanted);
  fs.renameSync(to + '.tmp', to);
}

/* ---- Icons, mark, levels ---- */
put('templates/mark.mustache', icons.markPartial);
put('templates/page_icon.mustache', `<link rel="icon" href="${icons.markAddress}">\n`);
for (const name of icons.names) put(`templates/icon_${name}.mustache`, icons.partial(name));
for (const n of [1, 2, 3, 4]) put(`templates/level_${n}.mustache`, icons.level(n));

/* ---- The figure of the personas: one drawing, for pages and for the module that teaches it ---- */
const tokens = fs.readFileSync(at('style/tokens.css'), 'utf8');
put('templates/persona_figure.mustache', personas.partial);
put('../content/mops/modules/img/persona-quadrants.svg', personas.drawing((name) => new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(tokens)[1]));

/* ---- Fonts ---- */
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)).join('');
const ascii = range(0x20, 0x7e) + '\u00a0';
// With the accented letters that turn up in English texts and in names: one of them alone must not cost a file.
const accented = 'ÄÅÉÖÜßàáâäåçèéêíñóöøúü';
const basic = ascii + '©·×–—‘’“”•…←↑→↓−≤≥' + accented;
const polish = 'ĄĆĘŁŃŚŹŻąćęłńśźż';
const text = ascii + '–—‘’“”…';
const without = (all, some) => [...all].filter((c) => !some.includes(c)).join('');
const extended = without(range(0xa1, 0x17f) + 'ȘșȚț€', accented + polish);
// Formulas: what the library can write, with the italics that every formula has; and the rarer alphabets.
const library = fs.readFileSync(at('node_modules/temml/dist/temml.mjs'), 'utf8');
const written = [...library.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))].filter((c) => c > '~' && c < '\ud800');
const italics = range(0x1d434, 0x1d467) + range(0x1d6e2, 0x1d71b);
const formulas = [...new Set(range(0x20, 0x7e) + range(0xa0, 0xff) + range(0x391, 0x3f5) + range(0x2100, 0x214f) + range(0x2200, 0x22ff) + italics + written.join(''))].sort().join('');
const letters = without(range(0x1d400, 0x1d7ff), italics);
const variable = (family, file) => at('node_modules/@fontsource-variable', family, 'files', `${family}-${file}.woff2`);
const fixed = (family, file) => at('node_modules/@fontsource', family, 'files', `${family}-${file}.woff2`);
const sans = { wght: { min: 400, max: 700 } };
const fonts = [
  ['serif', variable('literata', 'latin-wght-normal'), basic, { wght: 400 }],
  ['serif-bold', variable('literata', 'latin-wght-normal'), text, { wght: 600 }],
  ['serif-italic', variable('literata', 'latin-wght-italic'), text, { wght: 400 }],
  ['serif-ext', [variable('literata', 'latin-wght-normal'), variable('literata', 'latin-ext-wght-normal')], extended, { wght: 400 }],
  ['serif-pl', variable('literata', 'latin-ext-wght-normal'), polish, { wght: 400 }],
  ['sans', variable('atkinson-hyperlegible-next', 'latin-wght-normal'), basic, sans],
  ['sans-ext', [variable('atkinson-hyperlegible-next', 'latin-wght-normal'), variable('atkinson-hyperlegible-next', 'latin-ext-wght-normal')], extended, sans],
  ['sans-pl', variable('atkinson-hyperlegible-next', 'latin-ext-wght-normal'), polish, sans],
  ['mono', variable('atkinson-hyperlegible-mono', 'latin-wght-normal'), basic, { wght: 400 }],
  ['naskh', fixed('noto-naskh-arabic', 'arabic-400-normal')],
  ['arabic', fixed('noto-sans-arabic', 'arabic-400-normal')],
  ['thai', fixed('noto-sans-thai', 'thai-400-normal')],
  ['thai-serif', fixed('noto-serif-thai', 'thai-400-normal')],
  ['math', fixed('stix-two-math', 'latin-400-normal'), formulas],
  ['math-letters', fixed('stix-two-math', 'latin-400-normal'), letters],
];
const packages = JSON.parse(fs.readFileSync(at('package-lock.json'))).packages;
const stamp = JSON.stringify(fonts.map(([name, from, characters, axes]) => {
  const files = [from].flat();
  const version = packages[path.relative(here, files[0]).split(path.sep).slice(0, 3).join('/')].version;
  return [name, files.map((f) => path.basename(f)), version, characters ?? '', axes ?? {}];
}));
// Subsetting takes seconds: done again only when its recipe or a package changes.
const recipe = at('fonts.recipe');
if (!fs.existsSync(recipe) || fs.readFileSync(recipe, 'utf8') !== stamp) {
  for (const [name, from, characters, axes] of fonts) {
    const files = [from].flat();
    for (const [i, file] of files.entries()) {
      const bytes = fs.readFileSync(file);
      const out = characters ? await subsetFont(bytes, characters, { targetFormat: 'woff2', variationAxes: axes }) : bytes;
      put(`static/fonts/${name}${i ? `-${i + 1}` : ''}.woff2`, out);
    }
  }
  put('fonts.recipe', stamp);
}
const [, openFontLicence] = fs.readFileSync(at('node_modules/@fontsource/stix-two-math/LICENSE'), 'utf8').split(/(?=^This Font Software is licensed)/m);
const holders = fonts.flatMap(([, from]) => [from].flat()).map((file) => fs.readFileSync(path.join(path.dirname(file), '../LICENSE'), 'utf8').match(/^[^)]*\)/)[0]);
put('static/fonts/licence.txt', `${[...new Set(holders)].join('\n')}\n\n${openFontLicence}`);

/* ---- Formulas: the commands and environments that can be drawn, for `gradus check`. Behind a command stands how many arguments
   it needs, and `[` when one in brackets may come before them. ---- */
const refusal = (tex) => {
  try {
    temml.renderToString(tex, { displayMode: true, throwOnError: true, trust: true });
    return '';
  } catch (error) {
    return error.message;
  }
};
const draws = (tex) => !/Unsupported function name|No such environment/.test(refusal(tex));
const lacks = (tex) => /Unexpected end of input in a macro argument|(Expected group as argument|Invalid size).* at end of input/.test(refusal(tex));
const halves = new Set(['left', 'right', 'begin', 'end']); // have a rule of their own
function needs(name) {
  let count = 0;
  while (!halves.has(name) && count < 9 && (lacks(`\\${name}${'{a}'.repeat(count)}`) || lacks(`\\${name}${'{}'.repeat(count)}`))) count++;
  return count === 0 ? '' : lacks(`\\${name}[1em]`) ? ` [${count}` : ` ${count}`;
}
const known = (pattern, tries) => [...new Set([...library.matchAll(pattern)].map((m) => m[1]))].filter((name) => tries(name).some(draws));
const commands = known(/\\\\([a-zA-Z]+)/g, (name) => [`\\${name}`, `\\${name}{a}`, `\\${name}{a}{b}`, `\\text{\\${name}}`, `\\begin{matrix}a\\\\ \\${name} b\\end{matrix}`]);
const environments = known(/"([a-zA-Z]+\*?)"/g, (name) => [`\\begin{${name}}a\\end{${name}}`]);
put('../engine/doc/math_names.txt', `${[...commands.map((name) => `\\${name}${needs(name)}`), ...environments].sort().join('\n')}\n`);

/* ---- Style: `@dark;` stands for the dark values ---- */
const parts = new Set(['tokens', 'dark', 'base', 'layout', 'forms', 'components', 'prose', 'question', 'print', 'fonts']);
const dark = fs.readFileSync(at('style/dark.css'), 'utf8').replace(/\/\*[^]*?\*\//g, '');
const expandDark = {
  name: 'dark',
  setup(b) {
    b.onLoad({ filter: /tokens\.css$/ }, (a) => ({ contents: fs.readFileSync(a.path, 'utf8').replaceAll('@dark;', dark), loader: 'css' }));
  },
};
// The formula library's sheet without its fonts: ours have their own names and addresses (style/math.css).
const formulaSheet = {
  name: 'formulas',
  setup(b) {
    b.onLoad({ filter: /Temml-STIX2\.css$/ }, (a) => ({ contents: fs.readFileSync(a.path, 'utf8').replace(/@font-face \{[^}]*\}/g, ''), loader: 'css' }));
  },
};
const names = (folder, suffix) => fs.readdirSync(at(folder)).filter((f) => f.endsWith(suffix)).map((f) => f.slice(0, -suffix.length)).sort();
const common = { bundle: true, minify: true, write: false, legalComments: 'none', logLevel: 'warning', absWorkingDir: here, charset: 'utf8' };
for (const name of names('style', '.css').filter((n) => !parts.has(n))) {
  const out = await build({ ...common, entryPoints: [`style/${name}.css`], external: ['*.woff2', '*.svg', '*.png'], plugins: [expandDark, formulaSheet], target: ['chrome109', 'firefox115', 'safari16'] });
  put(`static/${name}.css`, out.outputFiles[0].contents);
}

/* ---- Scripts ---- */
for (const name of names('scripts', '.js')) {
  const out = await build({ ...common, entryPoints: [`scripts/${name}.js`], format: 'esm', target: 'es2021' });
  put(`static/${name}.js`, out.outputFiles[0].contents);
}
put('static/htmx.js', fs.readFileSync(at('node_modules/htmx.org/dist/htmx.min.js')));

if (stale.length) console.log(`${check ? 'out of date' : 'written'}: ${stale.join(' ')}`);
if (check && stale.length) {
  console.log('Run `make site` and commit site/static.');
  process.exitCode = 1;
}
