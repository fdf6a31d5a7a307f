// Builds site/static from style/, scripts/ and the font packages, and the icon partials in templates/.
// `node build.mjs` writes; `node build.mjs --check` only says which committed files are out of date.
import { build } from 'esbuild';
import subsetFont from 'subset-font';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as icons from './icons.mjs';

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

/* ---- Style: `@dark;` stands for the dark values ---- */
const parts = new Set(['tokens', 'dark', 'base', 'layout', 'forms', 'components', 'prose', 'question', 'print', 'fonts']);
const dark = fs.readFileSync(at('style/dark.css'), 'utf8').replace(/\/\*[^]*?\*\//g, '');
const expandDark = {
  name: 'dark',
  setup(b) {
    b.onLoad({ filter: /tokens\.css$/ }, (a) => ({ contents: fs.readFileSync(a.path, 'utf8').replaceAll('@dark;', dark), loader: 'css' }));
  },
};
const names = (folder, suffix) => fs.readdirSync(at(folder)).filter((f) => f.endsWith(suffix)).map((f) => f.slice(0, -suffix.length)).sort();
const common = { bundle: true, minify: true, write: false, legalComments: 'none', logLevel: 'warning', absWorkingDir: here, charset: 'utf8' };
for (const name of names('style', '.css').filter((n) => !parts.has(n))) {
  const out = await build({ ...common, entryPoints: [`style/${name}.css`], external: ['*.woff2', '*.svg', '*.png'], plugins: [expandDark], target: ['chrome109', 'firefox115', 'safari16'] });
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
