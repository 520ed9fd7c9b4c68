import assert from 'node:assert/strict';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  catalogue,
  findModel,
  isInstalled,
  listModels,
  modelFile,
  modelFiles,
  removeModel,
  verifyModel,
} from '../../src/models/index.ts';
import { scratchFolder } from '../support/scratch.ts';

const modelsDir = scratchFolder();
const NAME = 'silero-vad';

/** The real row with a file of the right size and wrong content: what the cheap check cannot tell, and verify can. */
function install(): void {
  const model = findModel(NAME);
  mkdirSync(join(modelsDir, NAME), { recursive: true });
  const files = model.files.map(({ name, url, bytes, sha256 }) => {
    writeFileSync(join(modelsDir, NAME, name), '');
    truncateSync(join(modelsDir, NAME, name), bytes ?? 0);
    return { name, url, bytes, sha256, pinned_by: 'catalogue' };
  });
  const manifest = { schema: 'earshot.model/1', name: NAME, pulled_at: '2026-01-01T00:00:00.000Z', files };
  writeFileSync(join(modelsDir, NAME, 'manifest.json'), JSON.stringify(manifest));
}

test('a model is listed, found, verified and removed', async () => {
  assert.equal(await isInstalled(modelsDir, NAME), false);
  assert.equal(await removeModel(modelsDir, NAME), false);
  install();
  assert.equal(await isInstalled(modelsDir, NAME), true);
  const listed = await listModels(modelsDir);
  assert.deepEqual(
    listed.map(({ model }) => model.name),
    catalogue.map(({ name }) => name),
  );
  const installed = listed.filter((row) => row.installed !== null);
  assert.deepEqual(
    installed.map(({ model }) => model.name),
    [NAME],
  );
  assert.equal(installed[0]?.installed?.files[0]?.pinned_by, 'catalogue');
  const verified = await verifyModel(modelsDir, NAME);
  assert.equal(verified.ok, false);
  assert.match(verified.files[0]?.problem ?? '', /^expected sha256 1a153a22/);
  assert.equal(await removeModel(modelsDir, NAME), true);
  assert.equal(await isInstalled(modelsDir, NAME), false);
});

test('a model that lacks a file, or has one of another size, is not installed', async () => {
  install();
  truncateSync(modelFile(modelsDir, NAME, 'model.onnx'), 1000);
  assert.equal(await isInstalled(modelsDir, NAME), false);
});

test('files have absolute paths below the folder of their model', () => {
  assert.deepEqual(modelFiles(modelsDir, 'whisper-tiny'), {
    'encoder.onnx': join(modelsDir, 'whisper-tiny', 'encoder.onnx'),
    'decoder.onnx': join(modelsDir, 'whisper-tiny', 'decoder.onnx'),
    'tokens.txt': join(modelsDir, 'whisper-tiny', 'tokens.txt'),
  });
  assert.throws(() => modelFile(modelsDir, 'whisper-tiny', 'joiner.onnx'), { code: 'internal' });
});
