import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import envPaths from 'env-paths';
import { encodeWav, pcm16ToFloat, SAMPLE_RATE, type Waveform } from '../../../src/audio/waveform.ts';
import { isInstalled } from '../../../src/models/index.ts';
import { chooseVad } from '../../../src/speech/vad/index.ts';
import { openSilero } from '../../../src/speech/vad/silero.ts';
import { atomicWrite } from '../../../src/util/atomic-write.ts';
import { scratchFolder } from '../../support/scratch.ts';

const scratch = scratchFolder();
const JFK = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data', 'jfk.wav');
const modelsDir = process.env['EARSHOT_MODELS'] ?? join(envPaths('earshot', { suffix: '' }).data, 'models');
const without = (await isInstalled(modelsDir, 'silero-vad'))
  ? false
  : 'needs the Silero model: earshot models pull silero-vad (or EARSHOT_MODELS=folder)';

async function waveformOf(name: string, samples: Float32Array): Promise<Waveform> {
  const path = join(scratch, name);
  await atomicWrite(path, encodeWav(samples));
  return { path, samples: samples.length, duration: samples.length / SAMPLE_RATE };
}

test('without its model there is no engine', async () => {
  assert.equal(await openSilero(scratch), null);
});

test('only "auto" goes without it; asked for by name it is pulled where that is allowed', async () => {
  const options = { modelsDir: scratch, modelBaseUrl: null, pull: false };
  assert.equal((await chooseVad('auto', { ...options, pull: true })).name, 'energy');
  await assert.rejects(chooseVad('silero', options), { code: 'engine_unavailable' });
  const asked: string[] = [];
  const mirror = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404).end();
  });
  await new Promise<void>((done) => mirror.listen(0, '127.0.0.1', done));
  const modelBaseUrl = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;
  const pulling = chooseVad('silero', { ...options, modelBaseUrl, pull: true });
  await assert.rejects(pulling, /silero-vad: .* answered 404/).finally(() => mirror.close());
  assert.match(asked[0] ?? '', /silero_vad\.onnx$/);
});

test('silence, a tone and noise are no speech', { skip: without }, async () => {
  const vad = await openSilero(modelsDir);
  for (const [name, sample] of Object.entries({
    silence: () => 0,
    tone: (i: number) => 0.3 * Math.sin((2 * Math.PI * 440 * i) / SAMPLE_RATE),
    noise: (i: number) => 0.1 * Math.sin(i * i * 12.9898),
  })) {
    const waveform = await waveformOf(
      name,
      Float32Array.from({ length: 7 * SAMPLE_RATE }, (_, i) => sample(i)),
    );
    assert.deepEqual(await vad?.detect(waveform, {}), [], name);
  }
});

test(
  'speech is found where it is, pauses are left out',
  { skip: without || (existsSync(JFK) ? false : `needs ${JFK}`) },
  async () => {
    const vad = await openSilero(modelsDir);
    const wav = readFileSync(JFK);
    const speech = pcm16ToFloat(wav.subarray(wav.indexOf('data') + 8));
    const fractions: number[] = [];
    // The recording twice, with 20 s of silence between: blocks, windows and spans must stay on one time axis.
    const samples = new Float32Array(2 * speech.length + 20 * SAMPLE_RATE);
    samples.set(speech);
    const again = speech.length + 20 * SAMPLE_RATE;
    samples.set(speech, again);
    const spans = await vad?.detect(await waveformOf('speech.wav', samples), {
      onProgress: (f) => fractions.push(f),
    });
    const first = spans?.filter(({ end }) => end < speech.length / SAMPLE_RATE) ?? [];
    const second = spans?.filter(({ start }) => start > again / SAMPLE_RATE - 1) ?? [];
    assert.equal(spans?.length, first.length + second.length, 'nothing in the silence');
    for (const found of [
      first,
      second.map(({ start, end }) => ({
        start: start - again / SAMPLE_RATE,
        end: end - again / SAMPLE_RATE,
      })),
    ]) {
      assert.ok(Math.abs((found[0]?.start ?? 0) - 0.33) < 0.15, 'starts with "And so"');
      assert.ok(
        found.some(({ end }) => Math.abs(end - 2.25) < 0.2),
        '"my fellow Americans" ends',
      );
      assert.ok(
        found.some(({ start }) => Math.abs(start - 5.39) < 0.2),
        '"what your country" starts',
      );
      assert.ok(
        found.some(({ end }) => Math.abs(end - 10.57) < 0.2),
        '"your country" ends',
      );
    }
    assert.equal(fractions.at(-1), 1);
  },
);
