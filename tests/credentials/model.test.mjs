// The canonical form against RDFC-1.0 of an independent JSON-LD library and, where it is at hand, against the model of
// the signer; the credential against the published JSON Schema.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Ajv from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import jsonld from 'jsonld';
import { credential, credentialText, folder, root, sample, statusList } from './academy.mjs';
import { loader } from './contexts.mjs';

const shared = join(root, '../shared/credentials');
// Names decide about the order of hashes: many of them, so that an order that is right by chance shows.
const many = Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`name ${i}`, credential(`Person ${i}`)]));
const documents = { credential: credential(), 'name in Arabic': credential('نور حداد'), 'odd name': credential('\t"\\\u007f\u0001'), 'status list': statusList(3, 131071) };

function ours(document) {
  const file = join(folder, 'document.json');
  writeFileSync(file, JSON.stringify(document));
  const [whole, options] = sample('canon', file).split(/^# (?:document|proof options) [0-9a-f]{64}\n/m);
  return { whole, options };
}

async function theirs(document) {
  return jsonld.canonize(document, { algorithm: 'RDFC-1.0', format: 'application/n-quads', documentLoader: loader(), safe: true });
}

for (const [name, document] of Object.entries({ ...documents, ...many })) {
  test(`canonical form of the ${name} is that of RDFC-1.0`, async () => {
    const { proof: [{ proofValue, ...proof }], ...rest } = document;
    const { whole, options } = ours(document);
    assert.equal(whole, await theirs(rest));
    assert.equal(options, await theirs({ '@context': document['@context'], ...proof }));
  });
}

test('canonical form is that of the model', { skip: !existsSync(shared) && 'the model is not at hand' }, async () => {
  const { canonical } = await import(join(shared, 'rdfc-lite.mjs'));
  // The model counts statements that read alike once in a hash, RDFC-1.0 each: compared where there are none.
  const plain = credential();
  plain.credentialSubject.identifier.splice(1);
  plain.credentialSubject.result.splice(1);
  for (const document of [plain, documents['status list']]) assert.equal(ours(document).whole, canonical(document));
});

test('the credential fits the published schema', { skip: !existsSync(shared) && 'the schema is not at hand' }, () => {
  const schema = JSON.parse(readFileSync(join(shared, 'schemas/ob_v3p0_achievementcredential_schema.json')));
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const check = ajv.compile(schema);
  assert.ok(check(credential()), JSON.stringify(check.errors, null, 1));
  const broken = credential();
  delete broken.credentialSubject.achievement.criteria;
  assert.equal(check(broken), false);
  // Why there is one entry of a status, and not one for each purpose: a list of them is no credential by this schema.
  const listed = credential();
  listed.credentialStatus = [listed.credentialStatus];
  assert.equal(check(listed), false);
  assert.ok(check.errors.some((error) => error.instancePath === '/credentialStatus' && error.keyword === 'type'));
});

test('no address of a person is published, and its hash can be checked', () => {
  const text = credentialText();
  assert.doesNotMatch(text, /ada\.example@/i);
  const [{ identityHash, salt, hashed }] = credential().credentialSubject.identifier;
  assert.equal(hashed, true);
  assert.equal(identityHash, 'sha256$' + crypto.createHash('sha256').update('ada.example@academy.example' + salt).digest('hex'));
});
