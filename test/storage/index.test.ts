import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EarshotError } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/index.ts';
import { rejects } from './contract.ts';

test('an unknown scheme: usage, with the choices and what was meant', async () => {
  await assert.rejects(openStorage('gcs://bucket/x'), (error: EarshotError) => {
    assert.equal(error.code, 'usage');
    assert.match(
      error.hint ?? '',
      /did you mean gs:\?.*file:\/\/\/folder, gs:\/\/bucket\/prefix, s3:\/\/bucket/,
    );
    return true;
  });
  await rejects(openStorage('https://host/x'), 'usage');
});

test('addresses that are none', async () => {
  const bad = [
    'gs://',
    's3:///x',
    'gs:bucket',
    's3://bucket/a//b',
    's3://bucket/../x',
    's3://b/x?y',
    's3://-x/y',
  ];
  for (const url of [...bad, 'file://host/x', 'file:///%2f']) await rejects(openStorage(url), 'usage');
});

for (const [url, name] of [
  ['s3://bucket/x', '@aws-sdk/client-s3'],
  ['gs://bucket/x', '@google-cloud/storage'],
] as const)
  test(`without ${name} the error says how to install it`, () => {
    const script = `
      const { registerHooks } = await import('node:module');
      registerHooks({ resolve(specifier, context, next) {
        if (specifier === process.argv[3]) throw new Error('not installed');
        return next(specifier, context);
      } });
      const { openStorage } = await import(process.argv[1]);
      await openStorage(process.argv[2]).catch(({ code, hint }) => console.log(code, hint));`;
    const index = join(import.meta.dirname, '../../src/storage/index.ts');
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, index, url, name]);
    assert.equal(stdout.toString(), `storage_unavailable npm install ${name}\n`);
  });
