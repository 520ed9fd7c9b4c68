import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { EarshotError } from '../../src/errors.ts';
import { catalogue, findModel, modelBytes } from '../../src/models/index.ts';
import { modelSchema } from '../../src/models/model.ts';

test('every row has the shape of a model, and no two share a name or a file name within one', () => {
  z.array(modelSchema).parse(catalogue);
  const names = catalogue.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { files, name } of catalogue)
    assert.equal(new Set(files.map((file) => file.name)).size, files.length, name);
});

test('every file is pinned: its size and sha256 as its publisher states them', () => {
  for (const model of catalogue) {
    assert.notEqual(modelBytes(model), null, model.name);
    for (const { sha256, name } of model.files) assert.notEqual(sha256, null, `${model.name}/${name}`);
  }
});

test('different files never have one sha256, unless they are the vocabulary that Whisper sizes share', () => {
  const seen = new Map<string, string>();
  for (const { files } of catalogue)
    for (const { sha256, url, name } of files) {
      if (sha256 === null || name === 'tokens.txt') continue;
      assert.equal(seen.get(sha256) ?? url, url);
      seen.set(sha256, url);
    }
});

test('every task of the product has a model', () => {
  const tasks = new Set(catalogue.flatMap((model) => model.tasks));
  assert.deepEqual(
    [...tasks].sort(),
    ['emotion', 'recognition', 'segmentation', 'speaker-embedding', 'vad'].sort(),
  );
});

test('an unknown name is answered with the nearest ones', () => {
  assert.equal(findModel('whisper-tiny').engine.kind, 'whisper');
  assert.throws(
    () => findModel('wisper-tiny'),
    (error: EarshotError) => error.code === 'model_unknown' && /whisper-tiny/.test(error.hint ?? ''),
  );
});
