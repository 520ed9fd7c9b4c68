import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentimentsOf } from '../../../src/speech/enrichment/sentiment.ts';
import { segment } from './signals.ts';

const said = (...texts: readonly string[]) =>
  texts.map((text, i) => segment({ id: i, start: i, end: i + 1, text }));

test('English text is scored from -1 to 1, negation minded', async () => {
  const found = await sentimentsOf(
    {
      segments: said(
        'I love this, it is wonderful.',
        'I hate this terrible idea.',
        'The horizon seems extremely distant.',
        'I am not happy with the result.',
        '...',
      ),
      language: 'en',
    },
    {},
  );
  assert.ok('values' in found);
  const [love, hate, horizon, unhappy, nothing] = found.values;
  assert.equal(love?.label, 'positive');
  assert.ok((love?.score ?? 0) > 0.3);
  assert.equal(hate?.label, 'negative');
  assert.ok((hate?.score ?? 0) < -0.3);
  assert.deepEqual(horizon, { label: 'neutral', score: 0 });
  assert.equal(unhappy?.label, 'negative');
  assert.equal(nothing, null);
});

test('other languages and an unknown one are unavailable, and the reason says so', async () => {
  for (const language of ['de', 'yue', null]) {
    const found = await sentimentsOf({ segments: said('great'), language }, {});
    assert.ok('unavailable' in found);
    assert.match(found.unavailable, /English only/);
  }
});

test('an abort ends it, and progress ends at 1', async () => {
  const segments = said(...Array.from({ length: 120 }, (_, i) => `this is good number ${i}`));
  const progress: number[] = [];
  await sentimentsOf({ segments, language: 'en' }, { onProgress: (fraction) => progress.push(fraction) });
  assert.deepEqual(
    progress,
    progress.toSorted((a, b) => a - b),
  );
  assert.equal(progress.at(-1), 1);
  await assert.rejects(sentimentsOf({ segments, language: 'en' }, { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
});
