import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure } from '../../../../src/speech/enrichment/prosody/measure.ts';
import { concat, recorded, segment, signal, sine, voice } from '../signals.ts';

test('levels are root mean square re full scale, within 0.1 dB', async (t) => {
  const levels = [
    { samples: signal(1, sine(150, 0.1)), db: -23.01 },
    { samples: signal(1, sine(150, 0.1 * Math.SQRT2)), db: -20 },
    { samples: signal(1, (time) => ((150 * time) % 1 < 0.5 ? 0.9999 : -0.9999)), db: 0 },
    { samples: signal(1, sine(1000, 0.001)), db: -63.01 },
    { samples: signal(1, () => 0), db: -100 },
  ];
  for (const { samples, db } of levels) {
    const { energy } = await measure(await recorded(t, samples), segment({ start: 0, end: 1 }), null);
    assert.ok(Math.abs(energy.db_rms - db) < 0.1, `${energy.db_rms} dB for ${db} dB`);
  }
});

test('only the segment is measured', async (t) => {
  const reader = await recorded(
    t,
    concat(signal(1, voice(300, 0.3)), signal(1, voice(150, 0.03)), signal(1, voice(300, 0.3))),
  );
  const { pitch, energy } = await measure(reader, segment({ start: 1, end: 2 }), null);
  assert.ok(pitch !== null);
  assert.ok(Math.abs(pitch.mean_hz - 150) < 1);
  assert.ok(pitch.min_hz > 149 && pitch.max_hz < 151 && pitch.std_hz < 1);
  const alone = await measure(
    await recorded(t, signal(1, voice(150, 0.03))),
    segment({ start: 0, end: 1 }),
    null,
  );
  assert.ok(Math.abs(energy.db_rms - alone.energy.db_rms) < 0.1);
});

test('silence and segments too short have no pitch, and what lies outside the recording is silence', async (t) => {
  const reader = await recorded(
    t,
    concat(
      signal(1, () => 0),
      signal(1, voice(150, 0.1)),
    ),
  );
  for (const [start, end] of [
    [0, 1],
    [1.5, 1.52],
    [5, 6],
  ] as const) {
    const { pitch, energy } = await measure(reader, segment({ start, end }), null);
    assert.equal(pitch, null);
    assert.equal(energy.db_rms === -100, start !== 1.5);
  }
});

test('a long segment, read in slices, measures as its whole', async (t) => {
  const reader = await recorded(t, signal(70, sine(150, 0.1)));
  const [long, short] = [
    await measure(reader, segment({ start: 2, end: 68 }), null),
    await measure(reader, segment({ start: 2, end: 3 }), null),
  ];
  assert.ok(long.pitch !== null && short.pitch !== null);
  assert.ok(long.pitch.min_hz > 149 && long.pitch.max_hz < 151);
  assert.ok(Math.abs(long.energy.db_rms - short.energy.db_rms) < 0.01);
  assert.equal(long.pauses.count, 0);
});

test('the rate counts words and syllables a second of the segment', async (t) => {
  const reader = await recorded(t, signal(4, voice(150, 0.1)));
  const read = async (text: string, language: string | null) =>
    (await measure(reader, segment({ start: 1, end: 3, text }), language)).rate;
  const level = 'unknown';
  assert.deepEqual(await read('ask not what your country can do', 'en'), {
    syllables_per_sec: 4,
    words_per_sec: 3.5,
    level,
  });
  assert.deepEqual(await read('it was 1961', 'en'), { syllables_per_sec: null, words_per_sec: 1.5, level });
  assert.deepEqual(await read('', 'en'), { syllables_per_sec: null, words_per_sec: null, level });
});
