// HL7's own JSON Schema of FHIR R4 judges every kind of resource that this module writes.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { made, readMadeJSON } from './doubles.mjs';
import { publishTable, require, versionOf } from './report.mjs';

const JSONSchemaValidator = require('@asymmetrik/fhir-json-schema-validator');
const validator = new JSONSchemaValidator();
const judge = versionOf('@asymmetrik/fhir-json-schema-validator');
const files = readdirSync(made('fhir')).sort();

test('every resource follows the schema of R4', () => {
  const counts = {};
  for (const name of files) {
    const resource = readMadeJSON('fhir', name);
    const errors = validator.validate(resource);
    assert.deepEqual(errors, [], `${name}: ${JSON.stringify(errors)}`);
    counts[resource.resourceType] = (counts[resource.resourceType] ?? 0) + 1;
  }
  const rows = Object.entries(counts).sort().map(([type, n]) => [type, n, 'valid']);
  publishTable(`FHIR R4 resources, judged by ${judge}`, ['resource', 'how many', 'result'], rows);
});

test('a fault in each of them is noticed', () => {
  for (const name of files.filter((f) => !f.startsWith('practitioner-of'))) {
    const misspelt = readMadeJSON('fhir', name);
    misspelt.statuss = 'x';
    assert.notDeepEqual(validator.validate(misspelt), [], `${name}: a member that FHIR does not have passed`);
    const other = readMadeJSON('fhir', name);
    other.resourceType = 'Practitionr';
    assert.notDeepEqual(validator.validate(other), [], `${name}: a type that FHIR does not have passed`);
  }
});
