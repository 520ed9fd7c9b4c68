import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sherpa } from '../../../src/speech/recognition/sherpa.ts';
import { inspectFolder } from '../../../src/speech/recognition/sherpa/kinds.ts';
import { optionalImport } from '../../../src/util/optional-import.ts';
import { scratchFolder } from '../../support/scratch.ts';

const scratch = scratchFolder();
const options = (over: object = {}) => ({
  ...({ model: null, language: 'auto', task: 'transcribe', jobs: null, pull: false } as const),
  ...{ modelsDir: scratch, workers: [], scratchDir: scratch },
  ...over,
});
const skip = optionalImport('sherpa-onnx-node') === null ? 'sherpa-onnx-node does not load here' : false;

function folder(name: string, ...files: string[]): string {
  const path = join(scratch, name);
  mkdirSync(path, { recursive: true });
  for (const file of files) writeFileSync(join(path, file), 'no model');
  return path;
}

test('the default depends on language and task, and says what would mend its absence', { skip }, async () => {
  const wanted = async (over: object): Promise<string | null> => {
    const available = await sherpa.check(options(over));
    return available.ok ? null : available.fix;
  };
  assert.equal(await wanted({}), 'earshot models pull parakeet-tdt-0.6b-v3');
  assert.equal(await wanted({ language: 'yue' }), 'earshot models pull sense-voice-small');
  assert.equal(await wanted({ language: 'sw' }), 'earshot models pull whisper-small');
  assert.equal(await wanted({ task: 'translate' }), 'earshot models pull whisper-small');
  assert.equal(await wanted({ model: 'tiny' }), 'earshot models pull whisper-tiny');
});

test('what a model cannot do is said before it is pulled', { skip }, async () => {
  const refused = (over: object): Promise<unknown> => sherpa.open(options(over));
  await assert.rejects(refused({ model: 'moonshine-tiny-en', language: 'de' }), {
    code: 'language_unsupported',
  });
  await assert.rejects(refused({ model: 'whisper-turbo', task: 'translate' }), {
    code: 'engine_unavailable',
  });
  await assert.rejects(refused({ model: 'ggml-tiny' }), { code: 'engine_unavailable' });
  await assert.rejects(refused({ model: 'whisper-tinny' }), { code: 'model_unknown' });
  await assert.rejects(refused({}), { code: 'model_missing' });
  await assert.rejects(refused({ model: join(scratch, 'nowhere') }), { code: 'model_missing' });
});

test("a folder of the user's own is known by its files", async () => {
  const kind = async (...files: string[]): Promise<string> =>
    (await inspectFolder(folder(files.join('+'), ...files))).kind;
  assert.equal(
    await kind('encoder.int8.onnx', 'decoder.int8.onnx', 'joiner.int8.onnx', 'tokens.txt'),
    'nemo-transducer',
  );
  assert.equal(await kind('tiny-encoder.int8.onnx', 'tiny-decoder.int8.onnx', 'tiny-tokens.txt'), 'whisper');
  assert.equal(await kind('model.int8.onnx', 'tokens.txt'), 'sense-voice');
  const parts = [
    'preprocess.onnx',
    'encode.int8.onnx',
    'uncached_decode.int8.onnx',
    'cached_decode.int8.onnx',
  ];
  const { kind: found, files } = await inspectFolder(folder('moonshine', ...parts, 'tokens.txt'));
  assert.equal(found, 'moonshine');
  assert.deepEqual(
    ['preprocessor.onnx', 'encoder.onnx', 'uncached-decoder.onnx', 'cached-decoder.onnx'].map((name) =>
      files[name]?.split('/').at(-1),
    ),
    parts,
  );
  await assert.rejects(inspectFolder(folder('empty')), { code: 'model_missing' });
});

test('files that are no model are refused, and the process lives on', { skip }, async () => {
  const path = folder('garbage', 'tiny-encoder.onnx', 'tiny-decoder.onnx', 'tiny-tokens.txt');
  await assert.rejects(sherpa.open(options({ model: path })), { code: 'model_corrupt' });
  writeFileSync(join(path, 'tiny-tokens.txt'), 'IQ== 0\nIg== 1\n');
  await assert.rejects(sherpa.open(options({ model: path })), { code: 'model_corrupt' });
});
