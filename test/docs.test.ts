import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { referencePages } from '../scripts/docs/pages.ts';
import { OPTIONS } from '../src/config/options.ts';
import { ERRORS } from '../src/errors.ts';

const root = join(import.meta.dirname, '..');

describe('docs/reference is what the code says', async () => {
  for (const { path, text } of await referencePages())
    test(path, async () => {
      const written = await readFile(join(root, path), 'utf8').catch(() => '(missing)');
      assert.equal(written, text, `${path} is stale: npm run docs`);
    });
});

test('errors.md has every code, no other, and every code is raised somewhere', async () => {
  const page = await readFile(join(root, 'docs/reference/errors.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]);
  assert.deepEqual(documented, Object.keys(ERRORS));

  const sources = await Promise.all(
    (await readdir(join(root, 'src'), { recursive: true }))
      .filter((name) => name.endsWith('.ts') && name !== 'errors.ts')
      .map((name) => readFile(join(root, 'src', name), 'utf8')),
  );
  const code = sources.join('\n');
  const raised = new Set(
    [...code.matchAll(/new EarshotError\(\s*'(\w+)'/g)].map((match) => match[1] as string),
  );
  for (const name of raised) assert.ok(name in ERRORS, `${name} is raised and has no row`);
  const unused = Object.keys(ERRORS).filter(
    (name) => !code.includes(`'${name}'`) && !FROM_THE_TABLE.has(name),
  );
  assert.deepEqual(unused, [], 'rows that no code raises');
});

/** Codes that errors.ts itself gives to what others throw. */
const FROM_THE_TABLE = new Set(['internal', 'cancelled', 'disk_full', 'output_unwritable']);

test('the schema of the configuration file takes what it should', async () => {
  const schema = JSON.parse(
    await readFile(join(root, 'docs/reference/config.schema.json'), 'utf8'),
  ) as object;
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  const defaults = Object.entries(OPTIONS).filter(([, option]) => option.everywhere);
  assert.ok(validate(Object.fromEntries(defaults.map(([name, option]) => [name, option.default]))));
  assert.ok(!validate({ jobs: 0 }));
  assert.ok(!validate({ formts: ['txt'] }));
});
