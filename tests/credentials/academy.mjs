// Credentials that the engine's own signer makes, and its view of them: through the small program tests/unit/cert/tool.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(new URL('../..', import.meta.url).pathname);
const build = resolve(root, process.env.GRADUS_BUILD ?? 'build');
export const tool = join(build, 'tests/cert/tool/sample');

if (!existsSync(tool)) throw new Error(`${tool} is not built (make unit)`);

export const folder = mkdtempSync(join(tmpdir(), 'gradus-credentials-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export const sample = (...args) => execFileSync(tool, args, { encoding: 'utf8', maxBuffer: 16 << 20 });
export const data = join(folder, 'data');
execFileSync('mkdir', [data]);

export const credentialText = (name = 'Ada Example') => sample('credential', data, name).trim();
export const credential = name => JSON.parse(credentialText(name));
export const didDocument = (from = data) => JSON.parse(sample('did', from));
export const statusList = (...indexes) => JSON.parse(sample('status', data, ...indexes.map(String)));
// The sample's index on its list, and a moment at which it is valid.
export const index = 94567;
export const now = new Date('2026-11-22T05:00:00Z');
