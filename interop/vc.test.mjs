// @digitalbazaar/vc and this module judge each other's eddsa-rdfc-2022 signatures.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import { loaderOf, profileContexts, shortName } from './contexts.mjs';
import { made, readMadeJSON, silently } from './doubles.mjs';
import { publishTable, versionOf } from './report.mjs';

const judge = `${versionOf('@digitalbazaar/vc')} with ${versionOf('@digitalbazaar/eddsa-rdfc-2022-cryptosuite')}`;
const rows = [];

// Ours, judged by them. The signature alone is judged: the anchor is nothing they know.

const { credentials } = readMadeJSON('signed', 'listing.json');
const profile = readMadeJSON('testnet', 'issuer.json');
const controller = readMadeJSON('signed', 'controller.json');

/** documents of the issuer: context, controller document and its key */
function published(document) {
  const [method] = document.verificationMethod;
  return loaderOf({
    [profile.id.replace('issuer.json', 'context.jsonld')]: readMadeJSON('testnet', 'context.jsonld'),
    [profile.id]: document,
    [method.id]: { '@context': 'https://w3id.org/security/multikey/v1', ...method },
  });
}

async function verify(credential, document = controller) {
  const suite = new DataIntegrityProof({ cryptosuite });
  const { value } = await silently(() => vc.verifyCredential({ credential, suite, documentLoader: published(document) }));
  return { verified: value.verified, message: reasonOf(value.error) };
}

/** the innermost reason that an error gives */
function reasonOf(error) {
  const inner = error?.errors?.[0] ?? error?.cause;
  return inner ? reasonOf(inner) : error?.message;
}

test('accepts our signatures', async () => {
  assert.equal(credentials.length, 4);
  for (const name of credentials) {
    const { verified, message } = await verify(readMadeJSON('signed', name));
    assert.ok(verified, `${name}: ${message}`);
  }
  rows.push(['credentials of ours, key as Multikey in a controller document', credentials.length, 'verified']);
});

const foreign = readMadeJSON('testnet', 'impostor', 'issuer.json');
const mutations = [
  ['a claim: family name', (c) => { c.credentialSubject.person.familyName += 'x'; }],
  ['a member taken away: salt', (c) => { delete c.salt; }],
  ['a member added that no context defines', (c) => { c.credentialSubject.extra = 'x'; }],
  ['signature: its time', (c) => { c.proof.created = '2020-01-01T00:00:00Z'; }],
  ['signature: that of another credential', (c) => { c.proof.proofValue = readMadeJSON('signed', credentials[1]).proof.proofValue; }],
  ['key: not listed for assertionMethod', (c, document) => { document.assertionMethod = []; }],
  ['issuer: another name for the same key', (c) => { c.issuer.id = foreign.id; }],
];

test('refuses every mutation', async () => {
  for (const [name, mutate] of mutations) {
    const credential = readMadeJSON('signed', credentials[0]);
    const document = structuredClone(controller);
    mutate(credential, document);
    const { verified, message } = await verify(credential, document);
    assert.equal(verified, false, name);
    assert.doesNotMatch(message, /not a pinned context/, name);
    rows.push([`one with a change: ${name}`, 1, `refused: ${message}`]);
  }
});

test('reads our profile as a controller document', async () => {
  const credential = readMadeJSON('signed', credentials[0]);
  const asItIs = await verify(credential, profile);
  rows.push(['key as JsonWebKey2020 in our profile, as it is published', 1, asItIs.verified ? 'verified' : `not read: ${asItIs.message}`]);
  const described = { ...profile, '@context': profileContexts };
  const { verified, message } = await verify(credential, described);
  assert.ok(verified, message);
  rows.push([`the same, @context of the profile: ${profileContexts.map(shortName).join(', ')}`, 1, 'verified']);
  described.verificationMethod = [{ ...profile.verificationMethod[0], publicKeyJwk: foreign.verificationMethod[0].publicKeyJwk }];
  assert.equal((await verify(credential, described)).verified, false, 'verified with a foreign key');
});

// Theirs, judged by us.

const theirs = [];

/** asks this module about a credential of a did:key issuer that the trust file names */
function ours(credential, issuer) {
  const file = made('theirs.json');
  const trust = made('theirs-trust.json');
  writeFileSync(file, JSON.stringify(credential));
  writeFileSync(trust, JSON.stringify({
    version: 1, networks: [], anchor: 'optional', issuers: [{ id: issuer, label: 'Signer of another library', types: ['*'], jurisdictions: ['*'],
      keys: [{ id: `${issuer}#${issuer.slice('did:key:'.length)}`, from: '2020-01-01T00:00:00Z' }] }],
  }));
  return JSON.parse(execFileSync(made('gen'), ['--check', file, '--trust', trust]));
}

test('our verifier judges theirs', async () => {
  const key = await Ed25519Multikey.generate();
  const did = `did:key:${key.publicKeyMultibase}`;
  Object.assign(key, { controller: did, id: `${did}#${key.publicKeyMultibase}` });
  const unsigned = {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    id: 'urn:uuid:3f0c6a52-7d0e-4b9e-9a43-0a6f4f1d2c11',
    type: ['VerifiableCredential'],
    issuer: did,
    validFrom: new Date(Date.now() - 3600e3).toISOString().replace(/\.\d+Z/, 'Z'),
    name: 'A credential "signed" elsewhere\nwith 日本語 in its name',
    credentialSubject: { id: 'did:example:holder' },
  };
  const signed = await vc.issue({
    credential: unsigned, suite: new DataIntegrityProof({ signer: key.signer(), cryptosuite }), documentLoader: loaderOf(),
  });
  const judged = (what, credential, issuer, verdict) => {
    const report = ours(credential, issuer);
    assert.equal(report.verdict, verdict, `${what}: ${JSON.stringify(report.steps)}`);
    const failed = report.steps.find((step) => step.result === 'failed');
    theirs.push([what, report.verdict, report.steps.find((s) => s.step === 'signature').result, failed?.code ?? '–']);
  };
  judged('as signed', signed, did, 'valid');
  judged('a change: its name', { ...signed, name: 'Another name' }, did, 'invalid');
  judged('a change: time of the signature', { ...signed, proof: { ...signed.proof, created: unsigned.validFrom } }, did, 'invalid');
  judged('issuer not in the trust file', signed, 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK', 'indeterminate');
});

test('tables', () => {
  publishTable(`Our signatures, judged by ${judge}`, ['what', 'credentials', 'result'], rows);
  publishTable(`Signatures by ${judge}, judged by us`, ['what', 'verdict', 'signature step', 'failed code'], theirs);
});
