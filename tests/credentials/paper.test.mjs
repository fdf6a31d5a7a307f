// The PDF and the badge, looked at with other people's tools.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { credentialText, data, folder, sample } from './academy.mjs';

const there = name => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
const missing = (...names) => {
  const absent = names.filter(name => !there(name));
  return absent.length ? `${absent.join(', ')} not installed` : false;
};
const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

const names = {
  Latin: 'Zażółć Gęślą-Jaźń Efficiency', Thai: 'กรรณิการ์ ศรีสุวรรณ', Arabic: 'نور حداد الأمين', Cyrillic: 'Дарья Соколова', Greek: 'Ελένη Παππά', Chinese: '李小龍', Japanese: '佐藤 さくら', Korean: '김민수',
};
function paper(kind, name) {
  const file = join(folder, `paper.${kind}`);
  sample(kind, data, file, name);
  return file;
}
// Marks of direction that a program adds around text from right to left.
const plain = text => text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');

for (const [script, name] of Object.entries(names)) {
  test(`PDF with a name in ${script}: sound, fonts embedded, text comes back`, { skip: missing('qpdf', 'pdffonts', 'pdftotext') }, () => {
    const file = paper('pdf', name);
    run('qpdf', '--check', file);
    const fonts = run('pdffonts', file).trim().split('\n').slice(2);
    assert.ok(fonts.length >= 3);
    for (const line of fonts) assert.match(line, /yes +yes +yes/, line); // embedded, subset, with letters
    if (script === 'Thai') assert.ok(fonts.some(line => line.includes('NotoSansThai')), fonts.join('\n'));
    if (script === 'Arabic') assert.ok(fonts.some(line => line.includes('NotoNaskhArabic')), fonts.join('\n'));
    if (['Chinese', 'Japanese', 'Korean'].includes(script)) assert.ok(fonts.some(line => line.includes('CJK')), fonts.join('\n'));
    const text = plain(run('pdftotext', file, '-'));
    assert.ok(text.includes(name), text);
    assert.ok(text.includes('GR-2026-K7MQ2XWD'));
  });
}

test('PDF is tagged, names its language, shows its title', { skip: missing('pdfinfo', 'qpdf') }, () => {
  const file = paper('pdf', names.Arabic), info = run('pdfinfo', file);
  assert.match(info, /Title: .*GR-2026-K7MQ2XWD/);
  assert.match(info, /Tagged: +yes/);
  assert.match(info, /Metadata Stream: +yes/);
  assert.match(info, /CreationDate: .*2026/);
  const structure = run('pdfinfo', '-struct-text', file);
  assert.match(structure, /H1[^]*Certificate/);
  assert.match(structure, /Figure/);
  const objects = run('qpdf', '--qdf', '--object-streams=disable', file, '-');
  assert.match(objects, /\/Lang \(en\)/);
  assert.match(objects, /\/DisplayDocTitle true/);
  assert.match(objects, /\/Alt /);
  assert.match(objects, /\/AFRelationship \/Data/);
});

test('PDF carries the credential', { skip: missing('pdfdetach') }, () => {
  const file = paper('pdf', 'Ada Example'), out = join(folder, 'detached.json');
  run('pdfdetach', '-save', '1', '-o', out, file);
  assert.equal(readFileSync(out, 'utf8'), credentialText());
  assert.equal(sample('extract', file).trim(), credentialText());
});

test('it is found again after another program has written the PDF', { skip: missing('qpdf') }, () => {
  const file = paper('pdf', 'Ada Example'), again = join(folder, 'again.pdf');
  for (const how of [['--linearize'], ['--object-streams=generate', '--compress-streams=y'], ['--qdf']]) {
    run('qpdf', ...how, file, again);
    assert.equal(sample('extract', again).trim(), credentialText(), how.join(' '));
  }
});

test('the QR code leads to the public page', { skip: missing('pdftoppm', 'zbarimg') }, () => {
  const file = paper('pdf', 'Ada Example');
  run('pdftoppm', '-r', '150', '-png', '-singlefile', file, join(folder, 'page'));
  assert.equal(run('zbarimg', '-q', '--raw', join(folder, 'page.png')).trim(), 'https://academy.example/certificates/GR-2026-K7MQ2XWD');
});

test('the same certificate gives the same bytes', () => {
  for (const kind of ['pdf', 'png']) {
    const once = readFileSync(paper(kind, names.Thai));
    assert.ok(once.equals(readFileSync(paper(kind, names.Thai))), kind);
  }
});

test('the badge carries the credential in one uncompressed iTXt chunk', () => {
  const png = readFileSync(paper('png', 'Ada Example')), chunks = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at), body = png.subarray(at + 4, at + 8 + length);
    assert.equal(png.readUInt32BE(at + 8 + length), zlib.crc32?.(body) ?? png.readUInt32BE(at + 8 + length));
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  const texts = chunks.filter(chunk => chunk.type === 'iTXt');
  assert.equal(texts.length, 1);
  const keyword = Buffer.from('openbadgecredential\0\0\0\0\0');
  assert.ok(texts[0].data.subarray(0, keyword.length).equals(keyword));
  assert.equal(texts[0].data.subarray(keyword.length).toString(), credentialText());
  assert.equal(chunks.at(-1).type, 'IEND');
});
