// What the signer makes holds for independent libraries; a changed byte, a wrong key, an expired and a revoked one do not.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { credential, credentialText, data, didDocument, folder, index, now, sample, statusList } from './academy.mjs';
import { verify } from './verify.mjs';

const good = credential();
const did = didDocument();
const list = statusList(5, 77);

test('a credential verifies with an independent library', async () => {
  const result = await verify({ credential: good, didDocument: did, statusList: list, now });
  assert.deepEqual(result, { verified: true, revoked: false, reason: '' });
});

for (const name of ['กรรณิการ์ ศรีสุวรรณ', 'نور حداد الأمين', 'Zażółć "gęślą" \\ jaźń', '王小明', 'W'.repeat(200)]) {
  test(`it verifies with the name ${name.slice(0, 30)}`, async () => {
    const { verified, reason } = await verify({ credential: credential(name), didDocument: did, statusList: list, now });
    assert.ok(verified, reason);
  });
}

test('the same facts give the same bytes', () => assert.equal(credentialText(), credentialText()));

// Each text of the credential, one after the other.
function* leaves(value, path = []) {
  for (const [key, inner] of Object.entries(value)) {
    if (key === '@context') continue;
    if (typeof inner === 'object') yield* leaves(inner, [...path, key]);
    else yield [...path, key];
  }
}

test('a changed byte anywhere fails', async () => {
  let changed = 0;
  for (const path of leaves(good)) {
    const copy = structuredClone(good);
    const holder = path.slice(0, -1).reduce((o, key) => o[key], copy);
    const key = path.at(-1);
    // In the middle, so that addresses stay addresses and dates stay dates where they can.
    holder[key] = typeof holder[key] === 'boolean' ? !holder[key]
      : holder[key].replace(/[a-z0-9](?=[^a-z0-9]*$)/i, c => (c === '1' || c === 'a' ? 'b' : /\d/.test(c) ? '1' : 'a'));
    if (holder[key] === path.reduce((o, k) => o[k], good)) continue;
    const { verified } = await verify({ credential: copy, didDocument: did, statusList: list, now }).catch(error => ({ verified: false, error }));
    assert.equal(verified, false, `${path.join('.')} was changed and nobody noticed`);
    changed++;
  }
  assert.ok(changed > 40, `${changed} texts were changed`);
});

test('a wrong key fails', async () => {
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  const other = didDocument(elsewhere);
  // The document of the right name with the wrong key, and the right name of the key with the wrong key behind it.
  assert.equal((await verify({ credential: good, didDocument: other, statusList: list, now })).verified, false);
  const forged = structuredClone(did);
  forged.verificationMethod[0].publicKeyMultibase = other.verificationMethod[0].publicKeyMultibase;
  assert.equal((await verify({ credential: good, didDocument: forged, statusList: list, now })).verified, false);
});

test('a key that is not listed for assertions fails', async () => {
  const withdrawn = { ...did, assertionMethod: [] };
  assert.equal((await verify({ credential: good, didDocument: withdrawn, statusList: list, now })).verified, false);
});

test('an expired one fails, and one that has not begun', async () => {
  const late = await verify({ credential: good, didDocument: did, statusList: list, now: new Date('2029-11-23T00:00:00Z') });
  assert.equal(late.verified, false);
  assert.match(late.reason, /after "validUntil"/);
  assert.equal((await verify({ credential: good, didDocument: did, statusList: list, now: new Date('2026-11-21T00:00:00Z') })).verified, false);
});

test('a revoked one fails, its neighbours do not', async () => {
  assert.equal((await verify({ credential: good, didDocument: did, statusList: statusList(index), now })).revoked, true);
  assert.equal((await verify({ credential: good, didDocument: did, statusList: statusList(index), now })).verified, false);
  for (const other of [0, index - 1, index + 1, 131071]) {
    const { verified, reason } = await verify({ credential: good, didDocument: did, statusList: statusList(other), now });
    assert.ok(verified, reason);
  }
});

test('a status list that was changed, has expired or is gone fails', async () => {
  const forged = { ...statusList(index), credentialSubject: list.credentialSubject };
  assert.equal((await verify({ credential: good, didDocument: did, statusList: forged, now })).verified, false);
  const stale = await verify({ credential: good, didDocument: did, statusList: list, now: new Date('2026-11-24T00:00:00Z') });
  assert.equal(stale.verified, false);
  assert.equal((await verify({ credential: good, didDocument: did, statusList: null, now })).verified, false);
});

test('after a rotation old and new credentials hold', async () => {
  const before = credential();
  sample('rotate', data);
  const rotated = didDocument();
  assert.equal(rotated.verificationMethod.length, 2);
  for (const one of [before, credential()]) {
    const { verified, reason } = await verify({ credential: one, didDocument: rotated, statusList: statusList(5), now });
    assert.ok(verified, reason);
  }
  assert.notEqual(before.proof[0].verificationMethod, credential().proof[0].verificationMethod);
});
