// The contexts that this module has pinned, and those of the issuers that gen made:
// no other context can be loaded.
import { readFileSync } from 'node:fs';

const pinned = new URL('../internal/jsonld/contexts/', import.meta.url);

/** returns a document loader; own maps further URLs to parsed documents */
export function loaderOf(own = {}) {
  const documents = new Map(Object.entries(own));
  for (const { file, urls } of JSON.parse(readFileSync(new URL('index.json', pinned)))) {
    const document = JSON.parse(readFileSync(new URL(file, pinned)));
    urls.forEach((url) => documents.set(url, document));
  }
  return async (url) => {
    if (!documents.has(url)) throw new Error(`not a pinned context: ${url}`);
    return { contextUrl: null, documentUrl: url, document: documents.get(url) };
  };
}

/** contexts that define every member of an issuer profile of ours */
export const profileContexts = [
  'https://www.w3.org/ns/did/v1',
  'https://w3id.org/security/suites/jws-2020/v1',
  'https://w3id.org/openbadges/v2',
  'https://w3id.org/blockcerts/v3',
];

/** the last two parts of a context's URL */
export const shortName = (url) => url.split('/').slice(-2).join('/');
