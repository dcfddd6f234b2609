// jsonld.js computes the canonical form of our credentials too.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import test from 'node:test';
import jsonld from 'jsonld';
import { loaderOf } from './contexts.mjs';
import { made, readMadeJSON, readMadeLines } from './doubles.mjs';
import { publishTable, versionOf } from './report.mjs';

const judge = versionOf('jsonld');
const rows = [];

/** the canonical N-Quads of a document; canonizeOptions are those of rdf-canonize */
const canonical = (document, documentLoader, canonizeOptions = {}) =>
  jsonld.canonize(document, { algorithm: 'RDFC-1.0', format: 'application/n-quads', safe: true, documentLoader, canonizeOptions });

function loaderOfGenerated() {
  const { served } = readMadeJSON('canonical', 'listing.json');
  const url = Object.keys(served).find((name) => served[name] === 'context.jsonld');
  return loaderOf({ [url]: readMadeJSON('canonical', 'issuer', 'context.jsonld') });
}

const proofless = ({ proof, ...document }) => document;
const withFirstProof = ({ proof, ...document }) => ({ ...document, proof: [proof[0]] });

const quadsIn = (nquads) => nquads.split('\n').length - 1;

test('1,000 generated credentials', async () => {
  const loader = loaderOfGenerated();
  const seen = new Set();
  const equal = { nquads: 0, leaf: 0 };
  const quads = { nquads: 0, leaf: 0 };
  for (const { name, document, ...ours } of readMadeLines('canonical', 'generated.jsonl')) {
    for (const [which, cover] of [['nquads', proofless], ['leaf', withFirstProof]]) {
      const theirs = await canonical(cover(document), loader);
      assert.equal(theirs, ours[which], `${name}, ${which}`);
      seen.add(createHash('sha256').update(theirs).digest('hex'));
      equal[which]++;
      quads[which] += quadsIn(theirs);
    }
  }
  assert.deepEqual(equal, { nquads: 1000, leaf: 1000 });
  assert.equal(seen.size, 2000, 'two credentials have one canonical form');
  assert.ok(quads.leaf > quads.nquads && quads.nquads > 20_000, JSON.stringify(quads));
  rows.push(['generated credentials, without proofs (what the signature covers)', 1000, 'equal N-Quads, within its default work limit']);
  rows.push(['the same with the signature in a proof array (the leaf)', 1000, 'equal N-Quads, within its default work limit']);
});

const bench = existsSync(made('canonical', 'bench.jsonl'));
const skipped = 'SKIPPED: corpus ../shared/bench is absent';
if (!bench) {
  assert.ok(!process.env.CERTANCHOR_REQUIRE_CORPORA, 'corpus ../shared/bench is required and absent');
  process.stdout.write(`${skipped}\n`);
}

// The limit is lifted for the samples only: what we issue must pass with the default,
// which is what those who use jsonld.js have.
test('benchmark samples', { skip: bench ? false : skipped }, async () => {
  const loader = loaderOf({ 'https://contexts.licensing.example/health/v1': readMadeJSON('canonical', 'context-health-v1.json') });
  const samples = readMadeLines('canonical', 'bench.jsonl');
  const laborious = [];
  for (const { name, document, nquads } of samples) {
    assert.equal(await canonical(document, loader, { maxWorkFactor: Infinity }), nquads, name);
    await canonical(document, loader).catch(() => laborious.push(name));
  }
  assert.equal(samples.length, 7);
  rows.push(['samples of ../shared/bench', samples.length, `equal N-Quads; over its default work limit: ${laborious.join(', ')}`]);
});

test('refuses an undefined term and an unknown context', async () => {
  const loader = loaderOfGenerated();
  const [{ document }] = readMadeLines('canonical', 'generated.jsonl');
  await assert.rejects(canonical({ ...proofless(document), undefinedTerm: 'x' }, loader), /Safe mode/);
  await assert.rejects(canonical({ ...proofless(document), '@context': [...document['@context'], 'https://unknown.example/'] }, loader),
    /not a pinned context|unknown\.example/);
});

test('table', { skip: bench ? false : 'without the samples the table is not whole' }, () => {
  publishTable(`Canonical forms by ${judge}`, ['documents', 'count', 'result'], rows);
});
