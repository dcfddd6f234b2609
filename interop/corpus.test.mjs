// The corpus of real Blockcerts through the public JavaScript verifier and through ours,
// side by side. What the corpus archives answers for the world: profiles, lists, schemas,
// DID documents, and transactions in the shape of Esplora.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { mock } from 'node:test';
import { readMadeJSON, silently } from './doubles.mjs';
import { publishTable, require, versionOf } from './report.mjs';

const { Certificate } = require('@blockcerts/cert-verifier-js/dist/verifier-node/index.js');
const judge = versionOf('@blockcerts/cert-verifier-js');
const corpus = process.env.INTEROP_CORPUS;

if (!corpus || !existsSync(join(corpus, 'manifest.json'))) {
  test('corpus', (t) => {
    assert.ok(!process.env.CERTANCHOR_REQUIRE_CORPORA, 'the corpus is required and absent');
    t.skip('SKIPPED: ../shared/conformance/blockcerts is absent');
  });
} else {
  const read = (name) => JSON.parse(readFileSync(join(corpus, name)));
  const { cases } = read('manifest.json');
  const { transactions } = read('chain/transactions.json');
  const contexts = read('contexts/index.json');
  const ours = readMadeJSON('corpus.json');
  const rows = [];
  let agree = 0;

  for (const c of cases) {
    test(c.id, async () => {
      const theirs = await judgeCase(c, read, { contexts, transactions });
      const mine = ours[c.id];
      assert.ok(mine, 'ours has no verdict');
      const [word, same] = compare(c, theirs, mine, read(c.file));
      agree += same ? 1 : 0;
      rows.push([c.id, theirs.step ? `failure: ${theirs.step}` : 'success', mine.code ? `${mine.verdict}: ${mine.code}` : mine.verdict, word]);
    });
  }

  test('tables', () => {
    assert.equal(rows.length, cases.length);
    publishTable(`The corpus, ${judge} beside ours: ${agree} of ${rows.length} alike`,
      ['case', 'JavaScript verifier', 'ours', 'why they differ'], rows);
    for (const [id, , , word] of rows) assert.ok(word !== '?', `${id}: a difference that no rule explains`);
  });
}

/** runs one case; step is the failing step, empty for success */
async function judgeCase(c, read, world) {
  const files = Object.fromEntries(Object.entries(c.resolve ?? {}).map(([url, name]) => [url, read(name)]));
  const certificate = read(c.file);
  for (const m of c.mutations ?? []) mutate(m.target === 'certificate' ? certificate : files[m.target], m, certificate);
  globalThis.fetch = async (input) => answer(typeof input === 'string' ? input : input.url ?? String(input), files, read, world);
  mock.timers.enable({ apis: ['Date'], now: new Date(c.asOf) });
  let step;
  try {
    await silently(async () => {
      const options = { ...c.options };
      let one;
      try {
        one = new Certificate(certificate, options);
        await one.init();
      } catch {
        step = 'init';
        return;
      }
      const result = await one.verify(({ code, status }) => {
        if (status === 'failure') step ??= code;
      });
      if (result.status === 'failure') step ??= 'a step that is not announced';
    });
  } finally {
    mock.timers.reset();
  }
  return { step };
}

const json = (body) => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });

/** answers as the corpus can */
function answer(url, files, read, { contexts, transactions }) {
  if (url in files) return json(files[url]);
  if (url in contexts) return json(read(contexts[url]));
  const plain = url.replace(/\?assertionId=.*$/, '');
  if (plain in files) return json(files[plain]);
  const did = /did:[a-z]+:[A-Za-z0-9._%-]+/.exec(decodeURIComponent(url))?.[0];
  if (did in files) return json(files[did].didDocument ? files[did] : { didDocument: files[did] });
  const tx = /^https:\/\/blockstream\.info\/(?:testnet\/)?api\/tx\/([0-9a-f]{64})$/.exec(url);
  if (tx && transactions[tx[1]]) {
    const t = transactions[tx[1]];
    return json({
      txid: tx[1],
      vin: [{ prevout: { scriptpubkey_address: t.issuingAddress } }],
      vout: [{ scriptpubkey: `6a20${t.opReturn}`, scriptpubkey_type: 'op_return' }],
      status: { confirmed: true, block_time: Date.parse(t.time) / 1000, block_height: 1 },
    });
  }
  throw new Error(`the corpus has nothing at ${url}`);
}

function mutate(target, m, certificate) {
  const proof = () => (Array.isArray(certificate.proof) ? certificate.proof[0] : certificate.proof);
  if (m.op === 'prependProof') {
    target.proof = [m.value, target.proof];
  } else if (m.op === 'setOnVerificationMethodOfProof') {
    for (const method of target.verificationMethod) {
      if (proof().verificationMethod.endsWith(method.id)) method[m.field] = m.value;
    }
  } else if (m.op === 'removeVerificationMethod') {
    target.verificationMethod = target.verificationMethod.filter(({ id }) => id !== (m.id ?? m.value));
  } else {
    const keys = m.path.slice(1).split('/');
    const last = keys.pop();
    const parent = keys.reduce((v, k) => v[k], target);
    if (m.op === 'remove') delete parent[last];
    else parent[last] = m.value;
  }
}

/** says why two verdicts differ, by rule; '' if they are alike */
function compare(c, theirs, mine, document) {
  const bad = mine.verdict === 'invalid' || mine.verdict === 'not-in-force';
  if (theirs.step ? bad : mine.verdict === 'valid') return ['', true];
  if (mine.rule) return [mine.rule, false];
  if (c.chain?.startsWith('ethereum')) return ['its Ethereum explorers have no double here; ours judges an observation', false];
  if (c.scope !== 'full') return [`the corpus holds a part only (${c.scope}): profile, list or transaction are missing`, false];
  if (theirs.step && document.proof?.proofPurpose === 'authentication') {
    return ['it asks for the purpose assertionMethod unless told otherwise; a presentation is signed for authentication', false];
  }
  if (!theirs.step && bad) return ['a list that is not served is "nothing revoked" to it', false];
  return ['?', false];
}
