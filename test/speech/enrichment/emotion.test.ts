import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { emotionsOf } from '../../../src/speech/enrichment/emotion.ts';
import type { EnrichmentOptions } from '../../../src/speech/enrichment/enrichment.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { noise, recorded, segment, signal, voice } from './signals.ts';
import { installTinySenseVoice } from './tiny-sense-voice.ts';

const folder = scratchFolder();
const optionsFor = (modelsDir: string): EnrichmentOptions => ({
  ...{ prosody: false, sentiment: false, emotion: true },
  ...{ modelsDir, pull: false },
});
const sherpa = await import('sherpa-onnx-node' as string).then(
  () => true,
  () => false,
);
const skip = sherpa ? false : 'sherpa-onnx-node is not installed';

test('a model of the form of SenseVoice is loaded, and what it hears is read', { skip }, async (t) => {
  const reader = await recorded(t, signal(3, voice(150, 0.1)));
  const segments = [
    segment({ start: 0, end: 1 }),
    segment({ start: 1, end: 1.3 }),
    segment({ start: 1.5, end: 3 }),
    segment({ start: 0, end: 2, channel: 1 }),
  ];
  const input = {
    segments,
    language: 'en',
    audioOf: ({ channel }: { channel: number | null }) => (channel === null ? reader : null),
  };
  for (const [emotion, label] of [
    ['<|HAPPY|>', 'happy'],
    ['<|EMO_UNKNOWN|>', null],
  ] as const) {
    const models = `${folder}/${label}`;
    await installTinySenseVoice(models, emotion);
    const heard = label === null ? null : { label, confidence: null };
    assert.deepEqual(await emotionsOf(input, optionsFor(models), {}), {
      values: [heard, null, heard, null],
      ...{ engine: 'sherpa', model: 'sense-voice-small' },
    });
  }
});

test('decoding leaves the event loop to others', { skip }, async (t) => {
  const reader = await recorded(t, signal(25, noise(0.1)));
  await installTinySenseVoice(`${folder}/async`, '<|HAPPY|>');
  const segments = Array.from({ length: 8 }, (_, id) => segment({ id, start: 0, end: 25 }));
  let ticks = 0;
  let running = true;
  const tick = (): void => {
    ticks++;
    if (running) setImmediate(tick);
  };
  tick();
  await emotionsOf({ segments, language: null, audioOf: () => reader }, optionsFor(`${folder}/async`), {});
  running = false;
  assert.ok(ticks > 10 * segments.length, `${ticks} turns of the event loop`);
});

test('without the model, and for languages it does not know, it is unavailable', async () => {
  const segments = [segment({ start: 0, end: 1 })];
  const reasonFor = async (language: string | null): Promise<string> => {
    const found = await emotionsOf(
      { segments, language, audioOf: () => null },
      optionsFor(`${folder}/empty`),
      {},
    );
    assert.ok('unavailable' in found);
    return found.unavailable;
  };
  assert.match(
    await reasonFor('en'),
    /sense-voice-small is not installed: earshot models pull sense-voice-small/,
  );
  assert.match(await reasonFor('fi'), /zh, en, ja, ko, yue, and this is "fi"/);
});

test('a pull that fails leaves it unavailable, and says why', async (t) => {
  const server = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const notices: string[] = [];
  const options = {
    ...optionsFor(`${folder}/pulled`),
    ...{ pull: true, modelBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    onNotice: (line: string) => notices.push(line),
  };
  const input = { segments: [segment({ start: 0, end: 1 })], language: 'en', audioOf: () => null };
  const found = await emotionsOf(input, options, {});
  assert.ok('unavailable' in found);
  assert.match(found.unavailable, /could not be pulled/);
  assert.equal(notices.length, 1);
});

const REAL_MODELS = process.env['EARSHOT_TEST_MODELS'];
test(
  'the real SenseVoice answers with a label of the transcript, or that it does not know',
  { skip: REAL_MODELS === undefined ? 'EARSHOT_TEST_MODELS names no folder with sense-voice-small' : skip },
  async (t) => {
    const reader = await recorded(t, signal(2, voice(150, 0.1)));
    const input = { segments: [segment({ start: 0, end: 2 })], language: null, audioOf: () => reader };
    const found = await emotionsOf(input, optionsFor(REAL_MODELS ?? ''), {});
    assert.ok('values' in found);
    assert.match(
      found.values[0]?.label ?? 'null',
      /^(happy|sad|angry|neutral|fearful|disgusted|surprised|null)$/,
    );
  },
);
