import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { speakerBaselines } from '../../../../src/speech/enrichment/prosody/baseline.ts';
import { setLevels } from '../../../../src/speech/enrichment/prosody/levels.ts';
import type { Prosody, ProsodyBaseline, Segment } from '../../../../src/transcript/schema.ts';
import { segment } from '../signals.ts';

const measures = (hz: number | null, db = -20, syllables: number | null = 4): Prosody => ({
  pitch:
    hz === null
      ? null
      : { mean_hz: hz, std_hz: 10, min_hz: hz, max_hz: hz, contour: 'flat', level: 'unknown' },
  energy: { db_rms: db, level: 'unknown' },
  rate: { syllables_per_sec: syllables, words_per_sec: 2, level: 'unknown' },
  pauses: { count: 0, longest_ms: 0, density: 0 },
});

const withLevels = (prosody: Prosody, baseline: ProsodyBaseline | null): Prosody => {
  if (baseline) setLevels(prosody, baseline);
  return prosody;
};

const spoken = (speaker: string | null, seconds: number, own: Partial<Segment> = {}): Segment =>
  segment({ start: 0, end: seconds, speaker, ...own });

test('the baseline is the median weighted by seconds, with a deviation that one wild segment does not move', () => {
  const segments = [5, 5, 5, 5, 1].map((seconds) => spoken('S1', seconds));
  const values = [100, 104, 108, 112, 400].map((hz) => measures(hz));
  const baseline = speakerBaselines(segments, values).get('S1');
  assert.equal(baseline?.pitch_hz, 108);
  assert.ok(
    (baseline?.pitch_std_hz ?? NaN) > 5 && (baseline?.pitch_std_hz ?? NaN) < 7,
    `${baseline?.pitch_std_hz}`,
  );
});

test('fewer than 3 segments or less than 10 s of speech give no baseline, and levels are unknown', () => {
  const unknown = (segments: readonly Segment[], hz: number | null): void => {
    const baseline =
      speakerBaselines(
        segments,
        segments.map(() => measures(hz)),
      ).get('S1') ?? null;
    assert.equal(baseline?.pitch_hz ?? null, null);
    assert.equal(withLevels(measures(150), baseline).pitch?.level, 'unknown');
  };
  unknown([spoken('S1', 20), spoken('S1', 20)], 150);
  unknown([spoken('S1', 3), spoken('S1', 3), spoken('S1', 3.9)], 150);
  unknown([spoken('S1', 9), spoken('S1', 9), spoken('S1', 9)], null);
  unknown([spoken(null, 9), spoken(null, 9), spoken(null, 9)], 150);
  const enough = speakerBaselines(
    [4, 4, 4].map((s) => spoken('S1', s)),
    [1, 2, 3].map(() => measures(150)),
  );
  assert.equal(enough.get('S1')?.pitch_hz, 150);
});

test('segments of the mix in which others speak are left out, those of an own channel are not', () => {
  const values = [150, 150, 150, 300, 300, 300, 300].map((hz) => measures(hz));
  const own = (channel: number | null): Segment[] =>
    values.map((_, i) => spoken('S1', 5, { overlap: i >= 3, channel }));
  assert.equal(speakerBaselines(own(null), values).get('S1')?.pitch_hz, 150);
  assert.equal(speakerBaselines(own(1), values).get('S1')?.pitch_hz, 300);
});

test('levels go from very low to very high by standard deviations', () => {
  const baseline = {
    ...{ pitch_hz: 200, pitch_std_hz: 20, energy_db: -20, energy_std_db: 3 },
    ...{ syllables_per_sec: 4, syllables_std: 1 },
  };
  const levels = [150, 175, 200, 225, 250].map((hz) => withLevels(measures(hz), baseline).pitch?.level);
  assert.deepEqual(levels, ['very_low', 'low', 'normal', 'high', 'very_high']);
  const { energy, rate } = withLevels(measures(200, -24, 6.5), baseline);
  assert.deepEqual([energy.level, rate.level], ['low', 'very_high']);
  assert.equal(withLevels(measures(null, -20, null), baseline).rate.level, 'unknown');
  assert.equal(withLevels(measures(null), baseline).pitch, null);
});

test('a speaker who never varies is not unusual for what nobody hears', () => {
  const baseline = speakerBaselines(
    [5, 5, 5].map((s) => spoken('S1', s)),
    [1, 2, 3].map(() => measures(150)),
  ).get('S1');
  const { pitch, energy } = withLevels(measures(152, -20.5), baseline ?? null);
  assert.deepEqual([pitch?.level, energy.level], ['normal', 'normal']);
});

test('property: a speaker is held against the own voice only, and in any order', () => {
  const spokenArbitrary = fc.array(
    fc.record({
      speaker: fc.constantFrom('S1', 'S2', null),
      seconds: fc.integer({ min: 1, max: 15 }),
      hz: fc.option(fc.integer({ min: 60, max: 500 })),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(spokenArbitrary, (all) => {
      const baseline = (some: typeof all) =>
        speakerBaselines(
          some.map(({ speaker, seconds }) => spoken(speaker, seconds)),
          some.map(({ hz }) => measures(hz)),
        );
      const alone = baseline(all.filter(({ speaker }) => speaker === 'S1')).get('S1');
      assert.deepEqual(baseline(all).get('S1'), alone);
      assert.deepEqual(baseline(all.toReversed()).get('S1'), alone);
    }),
  );
});
