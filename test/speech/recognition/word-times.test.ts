import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_RATE } from '../../../src/audio/waveform.ts';
import { splitWords, spreadWords } from '../../../src/speech/recognition/word-times.ts';
import { babble } from '../../support/media.ts';

test('text becomes words with their punctuation', () => {
  assert.deepEqual(splitWords(' And so, my fellow Americans — ask "why" not. '), [
    'And',
    'so,',
    'my',
    'fellow',
    'Americans—',
    'ask',
    '"why"',
    'not.',
  ]);
  assert.deepEqual(splitWords('¿ Qué tal ?'), ['¿Qué', 'tal?']);
  assert.equal(splitWords('开饭时间早上九点。').join(''), '开饭时间早上九点。');
  assert.ok(splitWords('开饭时间早上九点。').length > 2, 'scripts without spaces are segmented');
  assert.ok(splitWords('开饭时间早上九点。').at(-1)?.endsWith('。'));
  assert.deepEqual(splitWords('  '), []);
});

/** Silence for the first second, babble for one, silence for two, babble for one. */
function spoken(): Float32Array {
  const samples = new Float32Array(5 * SAMPLE_RATE);
  for (let i = 0; i < samples.length; i++) {
    const t = i / SAMPLE_RATE;
    if ((t >= 1 && t < 2) || t >= 4) samples[i] = babble(t);
  }
  return samples;
}

test('words without times are laid along the speech, in order, and never into pauses', () => {
  const words = spreadWords(['one', 'two', 'six', 'ten'], { samples: spoken(), start: 100 });
  assert.deepEqual(
    words.map(({ text }) => text),
    ['one', 'two', 'six', 'ten'],
  );
  const near = (value: number | undefined, wanted: number): void =>
    assert.ok(Math.abs((value ?? 0) - wanted) <= 0.15, `${value} is not near ${wanted}`);
  near(words[0]?.start, 101);
  near(words[0]?.end, 101.5);
  near(words[1]?.end, 102);
  near(words[2]?.start, 104);
  near(words[3]?.end, 105);
  assert.ok(words.every(({ start, end, confidence }) => end > start && confidence === null));
});

test('longer words get more time, and silence alone still keeps them within the chunk', () => {
  const samples = new Float32Array(2 * SAMPLE_RATE);
  const [long, short] = spreadWords(['incomprehensibilities', 'a'], { samples, start: 3 });
  assert.ok(long && short);
  assert.ok(long.end - long.start > 5 * (short.end - short.start));
  assert.ok(long.start >= 3 && short.end <= 5);
  assert.deepEqual(spreadWords([], { samples, start: 3 }), []);
});
