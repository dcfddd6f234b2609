// Tables for people, in Markdown. What a run prints is what README.md says: a table that
// is not there word for word fails the run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** name and version of an installed package */
export function versionOf(name) {
  const lock = JSON.parse(readFileSync(new URL('package-lock.json', import.meta.url)));
  const installed = lock.packages[`node_modules/${name}`].version;
  const stated = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
  assert.equal(stated, installed, `${name}: another version is installed than package-lock.json says`);
  return `${name} ${installed}`;
}

const cell = (value) => String(value).replaceAll('|', '\\|').replaceAll('\n', ' ');

const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;

/** prints a table and checks that README.md holds it */
export function publishTable(title, head, rows) {
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  process.stdout.write(`\n### ${title}\n\n${table}\n`);
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  assert.ok(readme.includes(`### ${title}\n\n${table}\n`), `README.md does not hold this run's table "${title}"`);
}

export { require };
