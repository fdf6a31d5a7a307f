// Verifies a credential with independent libraries only: nothing of ours but what the academy publishes.
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as vc from '@digitalbazaar/vc';
import { checkStatus } from '@digitalbazaar/vc-bitstring-status-list';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { loader } from './contexts.mjs';

// What a resolver of did:web gives for the document and for each key in it (DID Core, section 7.2).
function published(didDocument, statusList) {
  const more = { [didDocument.id]: didDocument };
  for (const method of didDocument.verificationMethod) {
    more[method.id] = { '@context': 'https://w3id.org/security/multikey/v1', ...method };
  }
  if (statusList) more[statusList.id] = statusList;
  return more;
}

// {verified, reason}. `statusList`: the signed list, or null when its lookup should fail.
export async function verify({ credential, didDocument, statusList, now = new Date() }) {
  const documentLoader = loader(published(didDocument, statusList));
  const suite = new DataIntegrityProof({ cryptosuite });
  const result = await vc.verifyCredential({
    credential: structuredClone(credential), suite, documentLoader, now,
    // The library reports the bit; that a set bit means "no" is for the caller to say. Its own check of the
    // list's dates takes the clock of this machine, so tests with another time verify the list beside it.
    checkStatus: async options => {
      const list = await vc.verifyCredential({ credential: structuredClone(statusList ?? {}), suite, documentLoader, now });
      if (!list.verified) return { verified: false, error: list.error };
      const answer = await checkStatus({ ...options, verifyBitstringStatusListCredential: false });
      const revoked = answer.results?.some(r => r.status) ?? false;
      return { ...answer, verified: answer.verified && !revoked, revoked };
    },
  });
  return { verified: result.verified, revoked: result.statusResult?.revoked ?? false, reason: reasons(result) };
}

function reasons(result) {
  const all = [];
  const visit = e => { if (e) { all.push(e.message); (e.errors ?? []).forEach(visit); visit(e.cause); } };
  visit(result.error);
  visit(result.statusResult?.error);
  return all.join('; ');
}

export { Ed25519Multikey };
