import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderingsOf } from '../../../src/speech/enrichment/rendering.ts';
import type { Prosody, ProsodyLevel, Segment } from '../../../src/transcript/schema.ts';
import { segment } from './signals.ts';

const prosody = (own: {
  rate?: ProsodyLevel;
  pitch?: ProsodyLevel;
  energy?: ProsodyLevel;
  contour?: 'rising' | 'falling' | 'flat';
  pauses?: Prosody['pauses'];
}): Prosody => ({
  pitch: {
    mean_hz: 150,
    std_hz: 5,
    min_hz: 140,
    max_hz: 160,
    contour: own.contour ?? 'flat',
    level: own.pitch ?? 'normal',
  },
  energy: { db_rms: -20, level: own.energy ?? 'normal' },
  rate: { syllables_per_sec: 4, words_per_sec: 3, level: own.rate ?? 'normal' },
  pauses: own.pauses ?? { count: 0, longest_ms: 0, density: 0 },
});

const render = (own: Partial<Segment>): string | null =>
  renderingsOf([segment({ start: 0, end: 2, speaker: 'S2', ...own })])[0] ?? null;

test('all that is out of the ordinary is said, in one order', () => {
  const before = segment({ start: 0, end: 1 });
  const own = segment({
    ...{
      start: 3.5,
      end: 6,
      speaker: 'S2',
      overlap: true,
      channel: 1,
      emotion: { label: 'happy', confidence: null },
    },
    prosody: prosody({
      rate: 'high',
      pitch: 'very_high',
      contour: 'rising',
      energy: 'high',
      pauses: { count: 3, longest_ms: 400, density: 1.2 },
    }),
  });
  assert.deepEqual(renderingsOf([before, own]), [
    null,
    '[S2, fast, very high pitch, rising, loud, halting, sounds happy, while others speak, after a long pause]',
  ]);
});

test('normal, unknown and missing are not mentioned', () => {
  assert.equal(render({}), null);
  assert.equal(render({ prosody: prosody({}) }), null);
  assert.equal(render({ prosody: prosody({ rate: 'unknown', pitch: 'unknown', energy: 'unknown' }) }), null);
  assert.equal(render({ prosody: { ...prosody({}), pitch: null } }), null);
  assert.equal(
    render({ emotion: { label: 'neutral', confidence: null }, sentiment: { label: 'positive', score: 1 } }),
    null,
  );
});

test('low levels have their own words, and a speaker that is not known is not named', () => {
  assert.equal(
    render({ prosody: prosody({ rate: 'very_low', pitch: 'low', contour: 'falling', energy: 'low' }) }),
    '[S2, very slow, low pitch, falling, soft]',
  );
  assert.equal(render({ speaker: null, prosody: prosody({ energy: 'very_high' }) }), '[very loud]');
});

test('a pause is silence of all, not of one speaker', () => {
  const long = segment({ start: 0, end: 10, channel: 0 });
  const short = segment({ start: 1, end: 2, channel: 1 });
  const next = segment({ start: 10.5, end: 11, channel: 1 });
  assert.deepEqual(renderingsOf([long, short, next]), [null, null, null]);
});

test('a contour in the mix while others speak is not said: it may be theirs', () => {
  const rising = { overlap: true, prosody: prosody({ contour: 'rising' }) };
  assert.equal(render({ ...rising, channel: null }), '[S2, while others speak]');
  assert.equal(render({ ...rising, channel: 0 }), '[S2, rising, while others speak]');
});
