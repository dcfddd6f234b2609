// @sd-jwt/sd-jwt-vc and @sd-jwt/core, with their status lists, and this module judge each
// other's SD-JWTs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import { SDJwtInstance } from '@sd-jwt/core';
import { createHeaderAndPayload, StatusList } from '@sd-jwt/jwt-status-list';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { made, readMade, readMadeJSON } from './doubles.mjs';
import { publishTable, versionOf } from './report.mjs';

const judge = `${versionOf('@sd-jwt/sd-jwt-vc')} with ${versionOf('@sd-jwt/jwt-status-list')}`;
const rows = [];
const theirs = [];

const hasher = (data, alg) => createHash(alg.replace('sha-', 'sha')).update(typeof data === 'string' ? data : Buffer.from(data)).digest();
const signerOf = (key) => (data) => sign(null, Buffer.from(data), key).toString('base64url');
const verifierOf = (key) => (data, sig) => verify(null, Buffer.from(data), key, Buffer.from(sig, 'base64url'));
const keyOf = (jwk) => createPublicKey({ key: jwk, format: 'jwk' });
const now = () => Math.floor(Date.now() / 1000);

class SDJwtW3C extends SDJwtInstance {
  type = 'vc+sd-jwt';
}

// Ours, judged by them.

const made3 = readMadeJSON('sdjwt', 'sdjwts.json');
const { served } = readMadeJSON('sdjwt', 'listing.json');
const profile = readMadeJSON('sdjwt', 'issuer.json');
const issuerKey = keyOf(profile.verificationMethod[0].publicKeyJwk);
const holderKey = createPrivateKey({ key: readMadeJSON('sdjwt', 'holder.json'), format: 'jwk' });

function reader(typ, changes = {}) {
  const config = {
    hasher, hashAlg: 'sha-256', saltGenerator: () => randomBytes(16).toString('base64url'),
    verifier: verifierOf(issuerKey), kbVerifier: (data, sig, payload) => verify(null, Buffer.from(data), keyOf(payload.cnf.jwk), Buffer.from(sig, 'base64url')),
    kbSigner: signerOf(holderKey), kbSignAlg: 'EdDSA',
    statusListFetcher: async (url) => readMade('sdjwt', served[url]).toString().trim(), ...changes,
  };
  return typ === 'dc+sd-jwt' ? new SDJwtVcInstance(config) : new SDJwtW3C(config);
}

/** the claims of the subject, from what they made of the payload */
function subjectOf(typ, payload) {
  if (typ === 'vc+sd-jwt') {
    return payload.credentialSubject;
  }
  const { iss, vct, jti, nbf, exp, cnf, status, vc, anchored, sub, ...claims } = payload;
  return { id: sub, ...claims };
}

test('they read what we issue', async () => {
  assert.equal(made3.length, 6);
  for (const typ of ['vc+sd-jwt', 'dc+sd-jwt']) {
    const good = made3.filter((m) => m.typ === typ).slice(0, 2);
    for (const { sdJwt, claims } of good) {
      const { payload } = await reader(typ).verify(sdJwt);
      assert.deepEqual(subjectOf(typ, payload), claims);
    }
    rows.push([`${typ} of ours, all shown`, good.length, 'verified, the same claims']);
  }
});

test('they refuse what we revoked', async () => {
  const revoked = made3.filter((m) => m.typ === 'dc+sd-jwt')[2];
  await assert.rejects(reader('dc+sd-jwt').verify(revoked.sdJwt), /Status is not valid/);
  rows.push(['dc+sd-jwt of ours, revoked in our IETF list', 1, 'refused: Status is not valid']);
});

test('they refuse every mutation', async () => {
  const { sdJwt } = made3.find((m) => m.typ === 'dc+sd-jwt');
  const [jwt, ...rest] = sdJwt.split('~');
  const other = made3.filter((m) => m.typ === 'dc+sd-jwt')[1].sdJwt.split('~');
  const [head, body, sig] = jwt.split('.');
  const bent = JSON.parse(Buffer.from(body, 'base64url'));
  bent.exp += 1;
  for (const [name, text, changes] of [
    ['its end', [[head, Buffer.from(JSON.stringify(bent)).toString('base64url'), sig].join('.'), ...rest].join('~')],
    ['the key', sdJwt, { verifier: verifierOf(createPublicKey(holderKey)) }],
    ['the list, missing', sdJwt, { statusListFetcher: async () => { throw new Error('no list'); } }],
  ]) {
    await assert.rejects(reader('dc+sd-jwt', changes).verify(text), undefined, name);
    rows.push([`dc+sd-jwt of ours with a change: ${name}`, 1, 'refused']);
  }
  // A disclosure that belongs to nothing they pass over; we refuse it (RFC 9901, section 7.1).
  const [, claim] = JSON.parse(Buffer.from(other[1], 'base64url'));
  const { payload } = await reader('dc+sd-jwt').verify([jwt, other[1], ''].join('~'));
  assert.equal(payload[claim], undefined);
  rows.push(['dc+sd-jwt of ours with a claim of another', 1, 'verified without that claim']);
});

test('their holder shows what we issued', async () => {
  const { sdJwt } = made3.find((m) => m.typ === 'dc+sd-jwt' && m.claims.person);
  const shown = await reader('dc+sd-jwt').present(sdJwt, { person: true }, { kb: { payload: { iat: now(), aud: 'https://hospital.example', nonce: 'n-1' } } });
  const { payload, kb } = await reader('dc+sd-jwt').verify(shown, { keyBindingNonce: 'n-1' });
  assert.ok(payload.person && kb);
  assert.equal(Object.keys(subjectOf('dc+sd-jwt', payload)).filter((n) => !['id', 'type', 'jurisdiction', 'person'].includes(n)).length, 0);
  rows.push(['dc+sd-jwt of ours, shown in part by their holder', 1, 'verified, key binding too']);
  // And by us: its Merkle proof is not with it, and nothing else is wrong.
  const report = ours(shown, profile.id, { document: profile, evidence: evidenceOf(), nonce: 'n-1' });
  const step = (name) => report.steps.find((s) => s.step === name)?.result;
  assert.deepEqual([step('signature'), step('request'), report.verdict], ['passed', 'passed', 'indeterminate'], JSON.stringify(report.steps));
  theirs.push(['a credential of ours, shown by their holder', report.verdict, 'passed', 'passed', report.steps.find((s) => s.result !== 'passed' && s.result !== 'not-required')?.code ?? '–']);
});

// Theirs, judged by us.

function evidenceOf(lists = []) {
  const documents = {};
  for (const [url, bytes] of lists) {
    documents[url] = [{ mediaType: 'application/statuslist+jwt', at: new Date().toISOString().replace(/\.\d+Z/, 'Z'), bytes: Buffer.from(bytes).toString('base64url') }];
  }
  return { version: 1, documents };
}

/** asks this module about an SD-JWT */
function ours(sdJwt, issuer, { keys, document, evidence = evidenceOf(), nonce } = {}) {
  const files = { credential: { version: 1, type: 'certanchor-sd-jwt', sdJwt }, evidence,
    trust: { version: 1, networks: [], anchor: 'optional', issuers: [{ id: issuer, label: 'Signer of another library', types: ['*'], jurisdictions: ['*'], keys, document }] } };
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(made(`theirs-${name}.json`), JSON.stringify(value));
  }
  const asked = nonce ? ['--audience', 'https://hospital.example', '--nonce', nonce] : [];
  return JSON.parse(execFileSync(made('gen'), ['--check', made('theirs-credential.json'), '--trust', made('theirs-trust.json'), '--evidence', made('theirs-evidence.json'), ...asked]));
}

test('our verifier judges theirs', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const holder = generateKeyPairSync('ed25519');
  const issuer = 'https://issuer.example/profile';
  const kid = `${issuer}#key-1`;
  const url = 'https://issuer.example/list';
  const document = { '@context': 'https://www.w3.org/ns/did/v1', id: issuer, assertionMethod: [kid],
    verificationMethod: [{ id: kid, type: 'JsonWebKey2020', controller: issuer, created: '2020-01-01T00:00:00Z', publicKeyJwk: publicKey.export({ format: 'jwk' }) }] };
  const instance = new SDJwtVcInstance({ hasher, hashAlg: 'sha-256', saltGenerator: () => randomBytes(16).toString('base64url'),
    signer: signerOf(privateKey), signAlg: 'EdDSA', verifier: verifierOf(publicKey), kbSigner: signerOf(holder.privateKey), kbSignAlg: 'EdDSA' });
  const listOf = (values, bits) => {
    const { header, payload } = createHeaderAndPayload(new StatusList(values, bits), { sub: url, iat: now() - 60 }, { alg: 'EdDSA', kid });
    const text = [header, payload].map((v) => Buffer.from(JSON.stringify(v)).toString('base64url')).join('.');
    return [[url, `${text}.${signerOf(privateKey)(text)}`]];
  };
  const issue = (change = {}) => instance.issue(
    { iss: issuer, iat: now() - 60, nbf: now() - 60, exp: now() + 3600, vct: 'https://issuer.example/degree', cnf: { jwk: holder.publicKey.export({ format: 'jwk' }) },
      status: { status_list: { idx: 3, uri: url } }, firstname: 'Ilva', lastname: 'Ostrowe', address: { street: 'x', place: 'y' }, id: '1234', places: ['X07', 'X08'], ...change },
    { _sd: ['firstname', 'lastname', 'id'], address: { _sd: ['street'] }, places: { _sd: [0] } }, { header: { kid } });
  const show = async (text, frame) => instance.present(text, frame, { kb: { payload: { iat: now(), aud: 'https://hospital.example', nonce: 'n-2' } } });
  const good = listOf([0, 0, 1, 0, 1, 0, 0, 0], 1);
  const whole = await issue();
  const judged = (what, text, verdict, options = {}) => {
    const report = ours(text, issuer, { document, evidence: evidenceOf(good), ...options });
    assert.equal(report.verdict, verdict, `${what}: ${JSON.stringify(report.steps)}`);
    const step = (name) => report.steps.find((s) => s.step === name)?.result;
    const code = report.steps.find((s) => s.result !== 'passed' && s.result !== 'not-required')?.code;
    theirs.push([what, report.verdict, step('signature'), step('request'), verdict === 'valid' ? '–' : code]);
    return report;
  };
  assert.deepEqual(judged('as issued', whole, 'valid').claims.credentialSubject.places, ['X07', 'X08']);
  const part = judged('shown in part, key bound', await show(whole, { lastname: true, address: { street: true } }), 'valid', { nonce: 'n-2' });
  assert.deepEqual(part.claims.credentialSubject, { lastname: 'Ostrowe', address: { street: 'x', place: 'y' }, places: ['X08'] });
  judged('shown in part, another nonce asked', await show(whole, { lastname: true }), 'invalid', { nonce: 'n-3' });
  judged('revoked, list of one bit', whole, 'not-in-force', { evidence: evidenceOf(listOf([0, 0, 0, 1, 0, 0, 0, 0], 1)) });
  judged('suspended, list of two bits', whole, 'not-in-force', { evidence: evidenceOf(listOf([0, 0, 0, 2], 2)) });
  judged('list missing', whole, 'indeterminate', { evidence: evidenceOf() });
  judged('expired', await issue({ exp: now() - 1 }), 'not-in-force');
  judged('a claim of another', whole.split('~')[0] + '~' + (await issue()).split('~')[1] + '~', 'invalid');
});

test('tables', () => {
  publishTable(`Our SD-JWTs, judged by ${judge}`, ['what', 'credentials', 'result'], rows);
  publishTable(`SD-JWTs by ${judge}, judged by us`, ['what', 'verdict', 'signature step', 'request step', 'code'], theirs);
});
