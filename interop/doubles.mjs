// Doubles of the world outside: what issuers publish and what an explorer answers, out of
// the folder that gen has made. Nothing else can be reached: an address that is not
// published is refused and written down, and sockets cannot be opened at all.
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

const out = process.env.INTEROP_OUT;
if (!out) {
  throw new Error('INTEROP_OUT names no folder of gen; run ./run.sh');
}

Socket.prototype.connect = () => {
  throw new Error('a judge tried to open a socket');
};

// Where the Esplora double answers; to a transaction it does not know it says so.
const explorer = 'https://blockstream.info/testnet/api/tx/';

/** path of a file below the folder that gen has made */
export const made = (...names) => join(out, ...names);

export const readMade = (...names) => readFileSync(made(...names));
export const readMadeJSON = (...names) => JSON.parse(readMade(...names));

/** parses JSON Lines */
export const readMadeLines = (...names) =>
  readMade(...names).toString().trimEnd().split('\n').map((line) => JSON.parse(line));

/**
 * Publishes the files that dir's listing names, byte for byte, with a JSON content type.
 * bend may change a document before it is answered: URL -> function of the parsed JSON.
 * Returns what was asked for and not there.
 */
export function publish(dir, bend = {}) {
  const { served } = readMadeJSON(dir, 'listing.json');
  const refused = new Set();
  globalThis.fetch = async (input) => {
    const url = typeof input === 'string' ? input : input.url ?? String(input);
    // Verifiers of Open Badges lists add the id they ask about.
    const name = url.replace(/\?assertionId=.*$/, '');
    if (!(name in served) && name.startsWith(explorer)) {
      return new Response('Transaction not found', { status: 404, headers: { 'content-type': 'text/plain' } });
    }
    if (!(name in served)) {
      refused.add(url);
      throw new Error(`nothing is published at ${url}`);
    }
    let body = readMade(dir, served[name]);
    if (bend[name]) {
      body = JSON.stringify(bend[name](JSON.parse(body)));
    }
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  };
  return refused;
}

/** runs task with a silent console and returns what the console was given */
export async function silently(task) {
  const levels = ['log', 'info', 'warn', 'error', 'debug'];
  const kept = levels.map((level) => console[level]);
  const said = [];
  for (const level of levels) {
    console[level] = (...words) => said.push(...words);
  }
  try {
    return { value: await task(), said };
  } finally {
    levels.forEach((level, i) => (console[level] = kept[i]));
  }
}
