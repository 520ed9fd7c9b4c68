import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pyannoteDiarization } from '../../../../src/speech/diarization/pyannote/engine.ts';
import { startWorker } from '../../../../src/speech/diarization/pyannote/worker-client.ts';
import { optionalImport } from '../../../../src/util/optional-import.ts';
import { speak, trackOf } from '../voices.ts';

const modelsDir = process.env['EARSHOT_MODELS'] ?? '/nowhere';
const options = { speakers: null, min: null, max: null, modelsDir, pull: false };
const state = await pyannoteDiarization.check(options);
const native = optionalImport<object>('sherpa-onnx-node') !== null;

describe('pyannote diarization', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'earshot-pyannote-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('gives no turns without speech and loads nothing for that', async () => {
    const silence = await trackOf(join(folder, 'silence.wav'), new Float32Array(16_000), []);
    assert.deepEqual(
      await pyannoteDiarization.diarize([silence], { ...options, modelsDir: '/nowhere' }, {}),
      [],
    );
  });

  it('says which model is missing when it may not pull', async () => {
    const { samples, truth } = speak([{ voice: 0, pause: 0.2, seconds: 1 }]);
    const track = await trackOf(join(folder, 'one.wav'), samples, truth);
    await assert.rejects(pyannoteDiarization.diarize([track], { ...options, modelsDir: '/nowhere' }, {}), {
      code: 'model_missing',
      hint: 'earshot models pull pyannote-segmentation-3.0',
    });
  });

  it(
    'turns a failure of its thread into an error of ours',
    { skip: native ? false : 'sherpa-onnx-node is not installed' },
    async () => {
      const broken = join(folder, 'broken.onnx');
      await writeFile(broken, 'no model');
      const worker = await startWorker({ segmentation: join(folder, 'none.onnx'), embedding: broken });
      try {
        await assert.rejects(worker.diarize(new Float32Array(16_000), null), { code: 'engine_failed' });
      } finally {
        await worker.close();
      }
    },
  );

  it('tells two voices apart', { skip: state.ok ? false : state.reason }, async () => {
    const lines = [0, 1, 0, 1].map((voice) => ({ voice, pause: 0.8, seconds: 4 }));
    const { samples, truth } = speak(lines);
    const track = await trackOf(join(folder, 'two.wav'), samples, truth);
    const turns = await pyannoteDiarization.diarize([track], { ...options, speakers: 2 }, {});
    assert.ok(new Set(turns.map((turn) => turn.speaker)).size <= 2 && turns.length > 0);
  });
});
