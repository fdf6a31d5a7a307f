// What site/static holds is what site/ says: nobody edits built files, nobody forgets `make site`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';

const built = fs.existsSync('site/node_modules') ? false : 'site/node_modules is not installed (make site)';

test('site/static is built from site/', { skip: built }, () => {
  const run = spawnSync(process.execPath, ['build.mjs', '--check'], { cwd: 'site', encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout + run.stderr);
});

// What a first view of a module loads on a phone besides its text and its own style and script: 50 KB in all.
test('a first view stays small', async () => {
  const { gzipSync } = await import('node:zlib');
  const size = (file) => {
    const bytes = fs.readFileSync(`site/static/${file}`);
    return file.endsWith('.woff2') ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  };
  const files = ['app.css', 'app.js', 'fonts/serif.woff2'];
  const sum = files.reduce((total, file) => total + size(file), 0);
  assert.ok(sum < 28 * 1024, `${sum} bytes`);
});
