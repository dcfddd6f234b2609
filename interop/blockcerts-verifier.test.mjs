// The public JavaScript verifier of Blockcerts over credentials of ours.
import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { profileContexts, shortName } from './contexts.mjs';
import { publish, readMadeJSON, silently } from './doubles.mjs';
import { publishTable, require, versionOf } from './report.mjs';

const { Certificate } = require('@blockcerts/cert-verifier-js/dist/verifier-node/index.js');
const judge = versionOf('@blockcerts/cert-verifier-js');

// The verifier asks several explorers and takes the first that answers. Only one of them
// has a double, as Esplora; the others are out of reach.
const otherExplorer = /^https:\/\/api\.blockcypher\.com\/v1\/btc\/test3\/txs\//;

/** verifies a credential of dir; bend changes what is published */
async function verify(dir, credential, bend) {
  const refused = publish(dir, bend);
  const passed = [];
  let failed;
  const { value: result, said } = await silently(async () => {
    const certificate = new Certificate(structuredClone(credential));
    try {
      await certificate.init();
    } catch (error) {
      failed = { step: 'init', message: error.message };
      return { status: 'failure' };
    }
    return certificate.verify(({ code, status, errorMessage }) => {
      if (status === 'success') passed.push(code);
      if (status === 'failure') failed ??= { step: code, message: errorMessage };
    });
  });
  if (result.status === 'failure') {
    // The last three steps are not announced, and some give no message; what there is
    // to know stands in the console alone.
    failed ??= { step: said.find((word) => word?.stepCode)?.stepCode, message: result.message };
    failed.message ??= `(none; console: ${said.at(-1)?.message ?? said.at(-1)})`;
  }
  for (const url of refused) {
    assert.match(url, otherExplorer, 'the verifier asked for something that is not published');
  }
  return { status: result.status, passed, failed };
}

const chains = { mocknet: readMadeJSON('mocknet', 'listing.json'), testnet: readMadeJSON('testnet', 'listing.json') };

const signatureSteps = ['retrieveVerificationMethodPublicKey', 'ensureVerificationMethodValidity', 'checkDocumentSignature'];
const standingSteps = ['validateDateFormat', 'checkRevokedStatus', 'ensureValidityPeriodStarted', 'checkExpiresDate'];
const stepsOf = {
  mocknet: [...signatureSteps, 'assertProofValidity', 'computeLocalHash', 'compareHashes', 'checkReceipt', ...standingSteps],
  testnet: [...signatureSteps, 'assertProofValidity', 'getTransactionId', 'computeLocalHash', 'fetchRemoteHash', 'compareHashes',
    'checkMerkleRoot', 'checkReceipt', 'parseIssuerKeys', 'checkAuthenticity', ...standingSteps],
};

const accepted = [];

for (const [dir, { credentials }] of Object.entries(chains)) {
  test(`accepts our batch on ${dir}`, async () => {
    assert.equal(credentials.length, 8);
    const types = {};
    for (const name of credentials) {
      const credential = readMadeJSON(dir, name);
      const { status, passed, failed } = await verify(dir, credential);
      assert.equal(status, 'success', `${name}: ${JSON.stringify(failed)}`);
      assert.deepEqual(passed, stepsOf[dir], name);
      types[credential.type.at(-1)] = (types[credential.type.at(-1)] ?? 0) + 1;
    }
    assert.equal(Object.keys(types).length, 3);
    for (const [type, count] of Object.entries(types)) {
      accepted.push([dir, type, count, `success, ${stepsOf[dir].length} steps passed`]);
    }
  });
}

test('accepts a credential with the signature only', async () => {
  const credential = readMadeJSON('testnet', chains.testnet.credentials[0]);
  credential.proof = credential.proof[0];
  const { status, passed, failed } = await verify('testnet', credential);
  assert.equal(status, 'success', JSON.stringify(failed));
  assert.deepEqual(passed, [...signatureSteps, ...standingSteps]);
  accepted.push(['none', `${credential.type.at(-1)}, signature only`, 1, `success, ${passed.length} steps passed`]);
});

test('accepts a profile with further contexts', async () => {
  const credential = readMadeJSON('testnet', chains.testnet.credentials[0]);
  const bend = { [credential.issuer.id]: (document) => ({ ...document, '@context': profileContexts }) };
  const { status, passed, failed } = await verify('testnet', credential, bend);
  assert.equal(status, 'success', JSON.stringify(failed));
  assert.deepEqual(passed, stepsOf.testnet);
  accepted.push(['testnet', `${credential.type.at(-1)}, @context of the profile: ${profileContexts.map(shortName).join(', ')}`, 1,
    `success, ${passed.length} steps passed`]);
});

test('table of what was accepted', () => {
  assert.equal(accepted.length, 8);
  publishTable(`Accepted by ${judge}`, ['chain', 'type', 'credentials', 'result'], accepted);
});

// Mutations. Each has a name, what it changes in a credential or in what is published,
// and the step at which each chain's path must end. One that names no step for mocknet
// is about a transaction or an address, which mocknet does not have.

const profileURL = (credential) => credential.issuer.id;
const foreign = readMadeJSON('testnet', 'impostor', 'issuer.json');
const hours = (n) => new Date(Date.parse(chains.testnet.anchored) + n * 3600e3).toISOString();

const merkleValue = (name) => (credential, { listing }) => {
  credential.proof[1].proofValue = listing.altered[name];
};
const profile = (change) => (credential, { bend }) => {
  bend[profileURL(credential)] = (document) => {
    change(document);
    return document;
  };
};
const otherIn = (list, i) => (credential, { dir, listing }) => {
  credential.proof[1].proofValue = readMadeJSON(dir, listing[list][i]).proof[1].proofValue;
};
const swapLetters = (text) => {
  let i = 20;
  while (text[i] === text[i + 1]) i++;
  return text.slice(0, i) + text[i + 1] + text[i] + text.slice(i + 2);
};
const secondEarlier = (time) => new Date(Date.parse(time) - 1000).toISOString().replace('.000Z', 'Z');

const mutations = [
  ['a claim: family name', (c) => { c.credentialSubject.person.familyName += 'x'; },
    { mocknet: 'checkDocumentSignature', testnet: 'checkDocumentSignature' }],
  ['a claim, signature taken out', (c) => { c.credentialSubject.person.familyName += 'x'; c.proof = [c.proof[1]]; },
    { mocknet: 'compareHashes', testnet: 'compareHashes' }],
  ['a member taken away: salt', (c) => { delete c.salt; },
    { mocknet: 'checkDocumentSignature', testnet: 'checkDocumentSignature' }],
  ['a member added that no context defines', (c) => { c.credentialSubject.extra = 'x'; },
    { mocknet: 'checkDocumentSignature', testnet: 'checkDocumentSignature' }],
  ['signature: two letters of its value', (c) => { c.proof[0].proofValue = swapLetters(c.proof[0].proofValue); },
    { mocknet: 'checkDocumentSignature', testnet: 'checkDocumentSignature' }],
  ['signature: its time', (c) => { c.proof[0].created = secondEarlier(c.proof[0].created); },
    { mocknet: 'checkDocumentSignature', testnet: 'checkDocumentSignature' }],
  ['path: one node', merkleValue('path-node'), { mocknet: 'checkReceipt', testnet: 'checkReceipt' }],
  ['path: side of one node', merkleValue('path-side'), { mocknet: 'checkReceipt', testnet: 'checkReceipt' }],
  ['path: cut to one node', merkleValue('path-cut'), { mocknet: 'checkReceipt', testnet: 'checkReceipt' }],
  ['root', merkleValue('root'), { mocknet: 'checkReceipt', testnet: 'checkMerkleRoot' }],
  ['target hash', merkleValue('target-hash'), { mocknet: 'compareHashes', testnet: 'compareHashes' }],
  ['transaction: an id that is none', merkleValue('unknown-transaction'), { testnet: 'fetchRemoteHash' }],
  ['transaction: that of another batch', merkleValue('other-transaction'), { testnet: 'checkMerkleRoot' }],
  ['transaction: same root, paid by somebody else', merkleValue('impostor-transaction'), { testnet: 'checkAuthenticity' }],
  ['Merkle proof of another credential of the batch', otherIn('credentials', 1), { mocknet: 'compareHashes', testnet: 'compareHashes' }],
  ['Merkle proof of a credential of another batch', otherIn('others', 0), { testnet: 'compareHashes' }],
  ['order of the two proofs', (c) => { c.proof.reverse(); }, { mocknet: 'compareHashes', testnet: 'compareHashes' }],
  ['profile: foreign signing key', profile((p) => { p.verificationMethod[0].publicKeyJwk = foreign.verificationMethod[0].publicKeyJwk; }),
    { mocknet: 'checkDocumentSignature', testnet: 'checkDocumentSignature' }],
  ['profile: signing key expired', profile((p) => { p.verificationMethod[0].expires = hours(-1); }),
    { mocknet: 'ensureVerificationMethodValidity', testnet: 'ensureVerificationMethodValidity' }],
  ['profile: foreign key behind the address', profile((p) => { p.verificationMethod[1].publicKeyJwk = foreign.verificationMethod[1].publicKeyJwk; }),
    { testnet: 'compareIssuingAddress' }],
  ['profile: foreign issuing address', profile((p) => { p.publicKey[0].id = foreign.publicKey[0].id; }), { testnet: 'checkAuthenticity' }],
  ['profile: address counts from after the anchor', profile((p) => { p.publicKey[0].created = hours(1); }), { testnet: 'checkAuthenticity' }],
  ['profile: address expired before the anchor', profile((p) => { p.publicKey[0].expires = hours(-1); }), { testnet: 'checkAuthenticity' }],
  ['profile: address revoked before the anchor', profile((p) => { p.publicKey[0].revoked = hours(-1); }), { testnet: 'checkAuthenticity' }],
  ['revocation list names the credential', (c, { bend }) => {
    bend[profileURL(c).replace('issuer.json', 'revocation.json')] = (list) => {
      list.revokedAssertions.push({ id: c.id, revocationReason: 'Obtained by fraud' });
      return list;
    };
  }, { mocknet: 'checkRevokedStatus', testnet: 'checkRevokedStatus' }],
  ['the day: a month before', (c, world) => { world.at = Date.parse(c.validFrom) - 30 * 24 * 3600e3; },
    { mocknet: 'ensureValidityPeriodStarted', testnet: 'ensureValidityPeriodStarted' }],
  ['the day: after the end of the licence', (c, world) => { world.at = Date.parse(c.validUntil) + 1000; },
    { mocknet: 'checkExpiresDate', testnet: 'checkExpiresDate' }],
];

/** runs task with the clock of this process standing at a moment, if one is given */
async function standingAt(at, task) {
  if (at === undefined) return task();
  mock.timers.enable({ apis: ['Date'], now: at });
  try {
    return await task();
  } finally {
    mock.timers.reset();
  }
}


test('refuses every mutation', async () => {
  const rows = [];
  const tried = { mocknet: 0, testnet: 0 };
  const wrong = [];
  for (const [name, mutate, steps] of mutations) {
    const ends = {};
    let message;
    for (const [dir, step] of Object.entries(steps)) {
      const listing = chains[dir];
      const credential = readMadeJSON(dir, listing.credentials[0]);
      const before = JSON.stringify(credential);
      const world = { dir, listing, bend: {} };
      mutate(credential, world);
      const changes = (JSON.stringify(credential) !== before) + Object.keys(world.bend).length + ('at' in world);
      assert.equal(changes, 1, `${name} must change one thing`);
      const { status, failed } = await standingAt(world.at, () => verify(dir, credential, world.bend));
      if (status !== 'failure' || failed.step !== step) {
        wrong.push(`${dir}, ${name}: ${status} at ${JSON.stringify(failed)}, not at ${step}`);
      }
      ends[dir] = failed?.step;
      message = failed?.message;
      tried[dir]++;
    }
    rows.push([name, ends.mocknet ?? '–', ends.testnet, message.replace(/ on .*[0-9]{4}.*/, ' on …')]);
  }
  assert.deepEqual(wrong, []);
  assert.ok(tried.testnet >= 12 && tried.mocknet >= 12, JSON.stringify(tried));
  publishTable(`Refused by ${judge}`, ['what was changed', 'failing step, mocknet', 'failing step, testnet', 'its message (testnet)'], rows);
});

// What the data model allows and the verifier does not read. If it ever does, this says so.
const limits = [
  ['evidence without an id', 'testnet', 'credentials', (c) => { delete c.evidence[0].id; }, 'init'],
  ['W3C status entry without an id', 'bitstring', 'others', (c) => { delete c.credentialStatus[0].id; }, 'init'],
  ['W3C status entry with an id, list encoded with the prefix u', 'bitstring', 'others', () => {}, 'checkRevokedStatus'],
  ['segwit (P2WPKH) issuing address', 'segwit', 'credentials', () => {}, 'compareIssuingAddress'],
];

test('what it cannot read', async () => {
  const rows = [];
  for (const [what, dir, list, change, step] of limits) {
    const credential = readMadeJSON(dir, readMadeJSON(dir, 'listing.json')[list][0]);
    change(credential);
    const { status, failed } = await verify(dir, credential);
    assert.equal(status, 'failure', `${what}: it can read this now`);
    assert.equal(failed.step, step, `${what}: ${failed.message}`);
    rows.push([what, failed.step, failed.message]);
  }
  publishTable(`Not read by ${judge}`, ['what', 'failing step', 'its message'], rows);
});
