// An issuer that this academy knows nothing of: a key of its own, and credentials that it signs with independent libraries.
import crypto from 'node:crypto';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as base58 from 'base58-universal';
import jsonld from 'jsonld';
import { loader } from './contexts.mjs';

export const V1 = 'https://www.w3.org/2018/credentials/v1', V2 = 'https://www.w3.org/ns/credentials/v2';
export const OB = 'https://purl.imsglobal.org/spec/ob/v3p0/';
export const ED = 'https://w3id.org/security/suites/ed25519-2020/v1';
const sec = 'https://w3id.org/security#';
const xsd = 'http://www.w3.org/2001/XMLSchema#';
// What that address serves, as far as a proof of an assertion uses it.
const edContext = { '@context': { id: '@id', type: '@type', '@protected': true, Ed25519Signature2020: { '@id': `${sec}Ed25519Signature2020`, '@context': { '@protected': true, id: '@id', type: '@type', created: { '@id': 'http://purl.org/dc/terms/created', '@type': `${xsd}dateTime` }, proofPurpose: { '@id': `${sec}proofPurpose`, '@type': '@vocab', '@context': { '@protected': true, id: '@id', type: '@type', assertionMethod: { '@id': `${sec}assertionMethod`, '@type': '@id', '@container': '@set' } } }, proofValue: { '@id': `${sec}proofValue`, '@type': `${sec}multibase` }, verificationMethod: { '@id': `${sec}verificationMethod`, '@type': '@id' } } } } };
const extra = { '@context': { '@protected': true, shoeSize: 'https://vocab.example/shoeSize' } };
const documentLoader = loader({ [ED]: edContext, 'https://vocab.example/v1': extra });
const pair = await Ed25519Multikey.generate();
export const multikey = (await pair.export({ publicKey: true })).publicKeyMultibase;
export const key = `did:key:${multikey}`;

const canon = async (document) => jsonld.canonize(document, { algorithm: 'RDFC-1.0', format: 'application/n-quads', documentLoader, safe: true });
const sha = (text) => crypto.createHash('sha256').update(text).digest();
export async function signed(document, { did = key, method = `${did}#${multikey}`, suite = { type: 'DataIntegrityProof', cryptosuite: 'eddsa-rdfc-2022' }, list = true } = {}) {
  const proof = { ...suite, created: '2026-01-02T03:04:05Z', verificationMethod: method, proofPurpose: 'assertionMethod' };
  const data = Buffer.concat([sha(await canon({ '@context': document['@context'], ...proof })), sha(await canon(document))]);
  const value = { ...proof, proofValue: `z${base58.encode(await pair.signer().sign({ data }))}` };
  return { ...document, proof: list ? [value] : value };
}
export const badge = (over = {}, contexts = [V2, `${OB}context-3.0.3.json`]) => ({
  '@context': contexts, id: 'urn:uuid:3c1d1f6e-1f5c-4b7a-9a53-3b0a1a2b3c4d', type: ['VerifiableCredential', 'OpenBadgeCredential'],
  issuer: { id: key, type: ['Profile'], name: 'Another University' }, validFrom: '2026-01-01T00:00:00Z', name: 'Bees',
  credentialSubject: { id: 'urn:uuid:9a1b0c52-0d3c-4a55-8a55-6f1f5a3c2b1d', type: ['AchievementSubject'], achievement: { id: 'https://other.example/bees', type: ['Achievement'], name: 'Bees', description: 'Knows bees.', criteria: { narrative: 'Opens a hive.' } } }, ...over,
});
