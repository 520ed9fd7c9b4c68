import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { textgrid } from '../../src/writers/textgrid.ts';
import { DEFAULT_WRITER_OPTIONS as OPTIONS } from '../../src/writers/writer.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { EMPTY, RICH, evenWords, segment, transcriptOf } from './fixture.ts';

interface Tier {
  name: string;
  intervals: { start: number; end: number; text: string }[];
}

/**
 * Reads as Praat does: in a text file only numbers, quoted strings (`""` is a quote) and <flags> that stand free count,
 * in order; everything else is comment.
 */
function read(transcript: Transcript): Tier[] {
  const free = textgrid
    .render(transcript, OPTIONS)
    .matchAll(/"((?:[^"]|"")*)"|(?<=\s)(<\w+>|-?\d+(?:\.\d+)?)(?=\s)/g);
  const values = [...free].map((match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  const next = (): string => values.shift() ?? assert.fail('the file ends early');
  const number = (): number => Number(next());
  assert.deepEqual([next(), next(), number()], ['ooTextFile', 'TextGrid', 0]);
  const end = number();
  assert.ok(end > 0);
  assert.equal(next(), '<exists>');
  const tiers = Array.from({ length: number() }, () => {
    assert.equal(next(), 'IntervalTier');
    const name = next();
    assert.deepEqual([number(), number()], [0, end]);
    const intervals = Array.from({ length: number() }, () => ({
      start: number(),
      end: number(),
      text: next(),
    }));
    let at = 0;
    for (const interval of intervals) {
      assert.equal(interval.start, at);
      assert.ok(interval.end > interval.start);
      at = interval.end;
    }
    assert.equal(at, end);
    return { name, intervals };
  });
  assert.deepEqual(values, []);
  return tiers;
}

const spoken = (tier: Tier | undefined): string[] =>
  (tier?.intervals ?? []).map((interval) => interval.text).filter((text) => text !== '');

void test('each speaker has a tier of segments and one of words', () => {
  const tiers = read(RICH);
  assert.deepEqual(tiers.map((tier) => tier.name).slice(0, 3), [
    "Ann O'Neill & Co <x>",
    "Ann O'Neill & Co <x> - words",
    'S2',
  ]);
  assert.deepEqual(tiers.map((tier) => tier.name).slice(-2), ['segments', 'words']);
  assert.deepEqual(spoken(tiers[2]), ['Mhm.', 'Me too!', 'No time.']);
  assert.deepEqual(spoken(tiers[1]).slice(-2), ['Some', 'lost.']);
});

void test('nothing said is one silent interval', () => {
  assert.deepEqual(
    read(EMPTY).map((tier) => tier.intervals),
    [[{ start: 0, end: 1, text: '' }], [{ start: 0, end: 1, text: '' }]],
  );
});

void test('tiers have no holes and no overlaps and lose no text, whatever the times', () => {
  const at = fc.integer({ min: 0, max: 9000 });
  const one = fc.record({
    start: at,
    length: fc.integer({ min: 0, max: 3000 }),
    text: fc.string({ minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), (all) => {
      const segments = all.map(({ start, length, text }) =>
        segment({ start: start / 1000, end: (start + length) / 1000, text }),
      );
      const [tier] = read(transcriptOf(segments));
      const wanted = segments
        .map(({ text }) => text.replace(/\s+/g, ' ').trim())
        .filter((text) => text !== '');
      assert.deepEqual(spoken(tier).sort(), wanted.sort());
    }),
  );
});

void test('quotes are doubled', () => {
  const words = evenWords('say "x"', 0, 1);
  assert.deepEqual(spoken(read(transcriptOf([segment({ start: 0, end: 1, text: 'say "x"', words })]))[1]), [
    'say',
    '"x"',
  ]);
});
