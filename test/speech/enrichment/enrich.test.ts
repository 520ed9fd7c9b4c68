import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { WaveformReader } from '../../../src/audio/waveform.ts';
import { enrich, type EnrichmentOptions } from '../../../src/speech/enrichment/index.ts';
import { segmentSchema, type Segment } from '../../../src/transcript/schema.ts';
import { concat, noise, recorded, segment, signal, voice } from './signals.ts';

const options: EnrichmentOptions = {
  ...{ prosody: true, sentiment: true, emotion: true },
  ...{ modelsDir: '/nonexistent/models', pull: false },
};

const HZ = [110, 220, 112, 216, 108, 224, 110, 220, 150, 160];
const AMPLITUDE = [0.05, 0.1, 0.05, 0.1, 0.05, 0.1, 0.05, 0.1, 0.2, 0.02];
const SAMPLES = concat(...HZ.map((hz, i) => signal(4, voice(hz, AMPLITUDE[i] as number))));

/** Two speakers taking turns, each 4 s: S1 at 110 Hz, at last high and loud, and S2 at 220 Hz, at last low and soft. */
function conversation(gain: number): {
  readonly samples: Float32Array;
  readonly segments: readonly Segment[];
} {
  const segments = HZ.map((_, i) =>
    segment({
      id: i,
      start: 4 * i,
      end: 4 * i + 4,
      speaker: i % 2 === 0 ? 'S1' : 'S2',
      text: 'this is a good plan for us',
    }),
  );
  return { samples: SAMPLES.map((sample) => gain * sample), segments };
}

const levels = ({ prosody }: Segment): unknown[] => [
  prosody?.pitch?.level,
  prosody?.energy.level,
  prosody?.rate.level,
];

test('each speaker is held against the own voice', async (t) => {
  const { samples, segments } = conversation(1);
  const reader = await recorded(t, samples);
  const given = structuredClone(segments);
  const enriched = await enrich({ segments, language: 'en', audioOf: () => reader }, options, {});
  assert.deepEqual(segments, given, 'nothing given is changed');
  for (const own of enriched.segments) segmentSchema.parse(own);
  assert.deepEqual(levels(enriched.segments[0] as Segment), ['normal', 'normal', 'normal']);
  assert.deepEqual(levels(enriched.segments[8] as Segment), ['very_high', 'very_high', 'normal']);
  assert.deepEqual(levels(enriched.segments[9] as Segment), ['very_low', 'very_low', 'normal']);
  assert.equal(enriched.segments[8]?.rendering, '[S1, very high pitch, very loud]');
  assert.equal(enriched.segments[1]?.rendering, null);
  assert.ok(Math.abs((enriched.baselines.get('S1')?.pitch_hz ?? 0) - 110) < 1);
  assert.ok(Math.abs((enriched.baselines.get('S2')?.pitch_hz ?? 0) - 220) < 1);
  assert.equal(enriched.segments[0]?.sentiment?.label, 'positive');
});

test('levels of a voice that is mixed with others are unknown, but for its rate', async (t) => {
  const { samples, segments } = conversation(1);
  const reader = await recorded(t, samples);
  const overlapping = (channel: number | null) =>
    segments.map((own, i) => ({ ...own, channel, overlap: i === 0 || i === 8 }));
  const last = async (channel: number | null) => {
    const input = { segments: overlapping(channel), language: 'en', audioOf: () => reader };
    return (await enrich(input, { ...options, sentiment: false, emotion: false }, {})).segments[8] as Segment;
  };
  assert.deepEqual(levels(await last(null)), ['unknown', 'unknown', 'normal']);
  assert.deepEqual(levels(await last(0)), ['very_high', 'very_high', 'normal']);
  assert.ok(Math.abs(((await last(null)).prosody?.pitch?.mean_hz ?? 0) - 150) < 1);
});

test('a gain on everything moves decibels and nothing else', async (t) => {
  const at = async (gain: number) => {
    const { samples, segments } = conversation(gain);
    const reader = await recorded(t, samples);
    return (await enrich({ segments, language: 'en', audioOf: () => reader }, options, {})).segments;
  };
  const [loud, soft] = [await at(1), await at(0.1)];
  for (const [i, own] of loud.entries()) {
    const other = soft[i] as Segment;
    assert.deepEqual(levels(other), levels(own));
    assert.equal(other.rendering, own.rendering);
    assert.ok(Math.abs((own.prosody?.energy.db_rms ?? 0) - (other.prosody?.energy.db_rms ?? 0) - 20) < 0.1);
    assert.ok(Math.abs((own.prosody?.pitch?.mean_hz ?? 0) - (other.prosody?.pitch?.mean_hz ?? 0)) < 0.5);
  }
});

test('the same input gives the same result, and a hiss 30 dB down the same levels', async (t) => {
  const { samples, segments } = conversation(1);
  const hiss = noise(0.001);
  const readers = [
    await recorded(t, samples),
    await recorded(t, samples),
    await recorded(
      t,
      samples.map((s) => s + hiss()),
    ),
  ];
  const [a, b, c] = await Promise.all(
    readers.map((reader) => enrich({ segments, language: 'en', audioOf: () => reader }, options, {})),
  );
  assert.deepEqual(a?.segments, b?.segments);
  assert.deepEqual(c?.segments.map(levels), a?.segments.map(levels));
});

test('what is not asked for is kept, and baselines come from it', async (t) => {
  const { samples, segments } = conversation(1);
  const reader = await recorded(t, samples);
  const first = await enrich(
    { segments, language: 'en', audioOf: () => reader },
    { ...options, sentiment: false, emotion: false },
    {},
  );
  assert.equal(first.stages.sentiment.status, 'skipped');
  assert.equal(first.segments[0]?.sentiment, null);
  const nothing = { ...options, prosody: false, sentiment: false, emotion: false };
  const second = await enrich({ segments: first.segments, language: 'en', audioOf: () => null }, nothing, {});
  assert.deepEqual(second.segments, first.segments);
  assert.deepEqual(second.baselines, first.baselines);
});

test('what cannot be done is null with the reason, the rest is there', async (t) => {
  const { samples, segments } = conversation(1);
  const reader = await recorded(t, samples);
  const { stages, segments: found } = await enrich(
    { segments, language: 'de', audioOf: () => reader },
    options,
    {},
  );
  assert.equal(stages.prosody.status, 'done');
  assert.equal(stages.sentiment.status, 'unavailable');
  assert.match(stages.sentiment.reason ?? '', /English only/);
  assert.equal(stages.emotion.status, 'unavailable');
  assert.ok(
    found.every(
      ({ prosody, sentiment, emotion }) => prosody !== null && sentiment === null && emotion === null,
    ),
  );
  const english = await enrich({ segments, language: 'en', audioOf: () => reader }, options, {});
  assert.match(english.stages.emotion.reason ?? '', /not installed: earshot models pull/);
});

test('a waveform that cannot be read fails its own stage only', async () => {
  const { segments } = conversation(1);
  const broken = { slice: () => Promise.reject(new Error('the disk is gone')) } as unknown as WaveformReader;
  const { stages, segments: found } = await enrich(
    { segments, language: 'en', audioOf: () => broken },
    options,
    {},
  );
  assert.equal(stages.prosody.status, 'failed');
  assert.match(stages.prosody.reason ?? '', /disk is gone/);
  assert.equal(stages.sentiment.status, 'done');
  assert.ok(found.every(({ prosody, sentiment }) => prosody === null && sentiment !== null));
});

test('segments are measured on their own channel; without audio nothing is', async (t) => {
  const readers = [
    await recorded(t, signal(2, voice(100, 0.1))),
    await recorded(t, signal(2, voice(200, 0.1))),
  ];
  const segments = [0, 1, 2].map((channel) => segment({ start: 0, end: 2, channel }));
  const { segments: found } = await enrich(
    { segments, language: null, audioOf: ({ channel }) => readers[channel ?? 0] ?? null },
    options,
    {},
  );
  assert.deepEqual(
    found.map(({ prosody }) => Math.round(prosody?.pitch?.mean_hz ?? 0)),
    [100, 200, 0],
  );
});

test('an abort rejects, and progress goes from 0 to 1', async (t: TestContext) => {
  const { samples, segments } = conversation(1);
  const reader = await recorded(t, samples);
  const input = { segments, language: 'en', audioOf: () => reader };
  const seen: number[] = [];
  await enrich(input, { ...options, emotion: false }, { onProgress: (fraction) => seen.push(fraction) });
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.equal(seen.at(-1), 1);
  const abort = new AbortController();
  const cancelled = enrich(input, options, {
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  await assert.rejects(cancelled, { name: 'AbortError' });
});

test('no segments give nothing', async () => {
  const { segments, baselines } = await enrich(
    { segments: [], language: 'en', audioOf: () => null },
    options,
    {},
  );
  assert.deepEqual(segments, []);
  assert.equal(baselines.size, 0);
});
