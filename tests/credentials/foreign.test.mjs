// Genuine credentials of other issuers, signed here with independent libraries: each gets its true verdict. What is not looked at
// is never called "not valid", and what was changed is. RULE whom-and-what. RULE known-issuer: "valid" is said when whoever checks vouches for the issuer.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { folder } from './academy.mjs';
import { ED, OB, V1, V2, badge, key, multikey, signed } from './stranger.mjs';
import { command } from '../lib/server.mjs';

const by = (did) => badge({ issuer: { id: did, type: ['Profile'], name: 'Another University' } });

function verdict(document, ...args) {
  const file = join(folder, 'foreign.json');
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  const done = command(['verify', file, '--format', 'json', ...args], { cwd: folder });
  const report = JSON.parse(done.out);
  assert.equal(done.code, { valid: 0, 'not valid': 1, 'not decided': 2 }[report.verdict], done.err);
  const told = report.checks.filter((c) => c.code).map((c) => c.code);
  for (const c of report.checks) if (c.code) assert.ok(c.detail.length > 10, `${c.code} is explained`);
  return [report.verdict, ...told];
}
const change = (document) => JSON.parse(JSON.stringify(document).replaceAll('Knows bees.', 'Knows all bees.'));

const trusted = ['--key', multikey];
const valid = {
  'did:key': await signed(badge()),
  'a proof that is no list': await signed(badge(), { list: false }),
  'Ed25519Signature2020': await signed(badge({}, [V2, `${OB}context-3.0.3.json`, ED]), { suite: { type: 'Ed25519Signature2020' } }),
  'the context of Open Badges 3.0.2': await signed(badge({}, [V2, `${OB}context-3.0.2.json`])),
  'a picture, under 3.0.2': await signed({ ...badge({}, [V2, `${OB}context-3.0.2.json`]), image: { id: 'https://other.example/bees.png', type: 'Image' } }),
  'no status is asked for': await signed(badge({ credentialStatus: [] })),
};
for (const [name, document] of Object.entries(valid))
  test(`valid: ${name}`, () => {
    assert.deepEqual(verdict(document, ...trusted), ['valid']);
    // Anybody can have made that key, and whatever it signed.
    assert.deepEqual(verdict(document), ['not decided', 'issuer_unknown']);
    const changed = verdict(change(document));
    assert.deepEqual(changed, ['not valid', 'changed']);
    assert.deepEqual(verdict(change(document), ...trusted), changed);
  });

const other = await Ed25519Multikey.generate();
const otherKey = (await other.export({ publicKey: true })).publicKeyMultibase;
const notValid = {
  'signed with the key of somebody else': [await signed(badge(), { method: `did:key:${multikey}#${otherKey}` }), 'foreign_key', 'not decided'],
  'the issuer is another key': [await signed(by(`did:key:${otherKey}`)), 'foreign_issuer'],
  'it has expired': [await signed(badge({ validUntil: '2026-01-02T00:00:00Z' })), 'expired'],
  'it has no proof': [badge(), 'changed'],
  'the signature is damaged': [((d) => ({ ...d, proof: [{ ...d.proof[0], proofValue: 'z123' }] }))(valid['did:key']), 'changed'],
  'it says nothing': [{ '@context': [V2] }, 'form'],
};
for (const [name, [document, code, verdict_ = 'not valid']] of Object.entries(notValid))
  test(`${verdict_}: ${name}`, () => assert.deepEqual(verdict(document, ...trusted), [verdict_, code]));

const web = 'did:web:other.example', list = { id: 'https://other.example/status/1#5', type: 'BitstringStatusListEntry', statusPurpose: 'revocation', statusListIndex: '5', statusListCredential: 'https://other.example/status/1' };
const jwt = [{ alg: 'RS256', typ: 'JWT' }, { vc: badge() }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.c2lnbmF0dXJl';
const undecided = {
  'did:web, whose document is not here': [await signed(by(web), { did: web }), 'foreign_key'],
  'an issuer that is an address': [await signed(by('https://other.example/issuer')), 'issuer_unseen'],
  'did:web, signed with a did:key': [await signed(by(web)), 'issuer_unseen'],
  'a list that nobody looked at': [await signed(badge({ credentialStatus: list })), 'issuer_unknown', 'status_unseen'],
  'two lists that nobody looked at': [await signed(badge({ credentialStatus: [list, { ...list, id: `${list.id}0`, statusPurpose: 'suspension' }] })), 'issuer_unknown', 'status_unseen'],
  'nobody whom it is about': [await signed(((b) => (delete b.credentialSubject.id, b))(badge())), 'unsaid'],
  'only the context of the W3C': [{ ...valid['did:key'], '@context': [V2] }, 'context'],
  'another way to tell the status': [{ ...(await signed(badge())), credentialStatus: { id: 'https://other.example/1', type: '1EdTechRevocationList' } }, 'words'],
  'a context more': [await signed(badge({ shoeSize: '42' }, [V2, `${OB}context-3.0.3.json`, 'https://vocab.example/v1'])), 'context'],
  'the contexts of before': [{ ...badge({}, [V1, `${OB}context-3.0.1.json`]), issuanceDate: '2024-01-01T00:00:00Z', proof: { type: 'Ed25519Signature2020' } }, 'context'],
  'another cryptosuite': [((d) => ({ ...d, proof: [{ ...d.proof[0], cryptosuite: 'ecdsa-rdfc-2019' }] }))(valid['did:key']), 'suite'],
  'an older suite': [((d) => ({ ...d, proof: { ...d.proof[0], type: 'Ed25519Signature2018' } }))(valid['did:key']), 'suite'],
  'two proofs': [((d) => ({ ...d, proof: [d.proof[0], d.proof[0]] }))(valid['did:key']), 'suite'],
  'a word that is not known': [{ ...valid['did:key'], shoeSize: '42' }, 'words'],
  'a credential of another kind': [{ ...valid['did:key'], type: ['VerifiableCredential', 'DegreeCredential'] }, 'kind'],
  'a VC-JWT': [jwt, 'jwt'],
  'Open Badges 2.0': [{ '@context': 'https://w3id.org/openbadges/v2', type: 'Assertion', id: 'https://other.example/a', badge: 'https://other.example/b' }, 'ob2'],
};
for (const [name, [document, ...codes]] of Object.entries(undecided))
  test(`not decided: ${name}`, () => assert.deepEqual(verdict(document), ['not decided', ...codes]));

test('whose credential it is stands in every report', () => {
  const file = join(folder, 'whose.json');
  writeFileSync(file, JSON.stringify(valid['did:key']));
  const ask = (...args) => command(['verify', file, ...args], { cwd: folder });
  assert.deepEqual(JSON.parse(ask('--format', 'json').out).issuer, { id: key, ours: false });
  const out = ask().out;
  assert.match(out, /^NOT DECIDED\n/);
  assert.ok(out.includes(`issued by  ${key} (not known here)`), out);
  assert.match(out, /it says .*issuer Another University/);
  assert.ok(ask(...trusted).out.includes(`${key} (its key was given)`));
});

test('a key that somebody vouches for is not a key of the issuer whose document was given', async () => {
  const did = join(folder, 'not-in-did.json');
  writeFileSync(did, JSON.stringify({ '@context': ['https://www.w3.org/ns/did/v1'], id: web, verificationMethod: [{ id: `${web}#${otherKey}`, type: 'Multikey', controller: web, publicKeyMultibase: otherKey }], assertionMethod: [`${web}#${otherKey}`] }));
  assert.deepEqual(verdict(await signed(by(web), { did: web }), '--did', did, ...trusted), ['not valid', 'unknown_key']);
});

test('expired is expired, also when the key is not here', async () => {
  const document = await signed({ ...by(web), validUntil: '2026-01-02T00:00:00Z' }, { did: web });
  assert.deepEqual(verdict(document), ['not valid', 'foreign_key', 'expired']);
});

test('a VC-JWT is named with its algorithm', () => {
  const file = join(folder, 'foreign.jwt');
  writeFileSync(file, `${jwt}\n`);
  assert.match(command(['verify', file], { cwd: folder }).out, /^NOT DECIDED\n[^]*VC-JWT \(signed with RS256\)/);
});

test('with the document of its issuer, did:web is decided', async () => {
  const document = await signed(by(web), { did: web });
  const did = join(folder, 'web-did.json');
  writeFileSync(did, JSON.stringify({ '@context': ['https://www.w3.org/ns/did/v1'], id: web, verificationMethod: [{ id: `${web}#${multikey}`, type: 'Multikey', controller: web, publicKeyMultibase: multikey }], assertionMethod: [`${web}#${multikey}`] }));
  assert.deepEqual(verdict(document, '--did', did), ['valid']);
  assert.deepEqual(verdict(change(document), '--did', did), ['not valid', 'changed']);
  // The document is the issuer's own: a key that is not in it is none of theirs.
  const alien = JSON.parse(JSON.stringify(document).replaceAll(`#${multikey}`, `#${otherKey}`));
  assert.deepEqual(verdict(alien, '--did', did), ['not valid', 'unknown_key']);
});
