import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layoutCues, type Cue } from '../../src/writers/layout.ts';
import { displayWidth } from '../../src/writers/layout/width.ts';
import { DEFAULT_WRITER_OPTIONS, type WriterOptions } from '../../src/writers/writer.ts';
import type { Segment } from '../../src/transcript/schema.ts';
import { evenWords, segment, transcriptOf } from './fixture.ts';

const cuesOf = (segments: Segment[], options: Partial<WriterOptions> = {}, nameInText = false): Cue[] => [
  ...layoutCues(transcriptOf(segments), { ...DEFAULT_WRITER_OPTIONS, ...options }, { nameInText }),
];
const texts = (cues: readonly Cue[]): string[] => cues.map((cue) => cue.lines.join('|'));
const bare = (text: string): string => text.replace(/\s/gu, '');

const word = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[a-z]{1,12}[,.?]?$/) },
  fc.constantFrom('今天天气很好。', 'スピーチ認識', 'สวัสดีครับ', '안녕하세요', '👩‍👩‍👧', 'e\u0301', '-->', '“a”'),
  fc.stringMatching(/^[a-z]{40,90}$/),
);
const times = { start: fc.integer({ min: 0, max: 40_000 }), length: fc.integer({ min: 2000, max: 30_000 }) };
/** Segments with whole, partial or no word times, of few speakers, often at the same time. */
const segments = fc.array(
  fc
    .record({
      ...times,
      words: fc.array(word, { minLength: 1, maxLength: 40 }),
      speaker: fc.constantFrom('S1', 'S2', null),
      timed: fc.constantFrom('all', 'none', 'some', 'absurd'),
    })
    .map(({ start, length, words, speaker, timed }) => {
      const [from, to] = [start / 1000, (start + length) / 1000];
      const even = evenWords(words.join(' '), from, to);
      const useless = (i: number): boolean => timed === 'some' && i % 3 === 1;
      const own = even.map((one, i) => {
        if (timed === 'absurd') return { ...one, start: one.end + 50, end: one.start };
        return useless(i) ? { ...one, end: one.start } : one;
      });
      return segment({
        start: from,
        end: to,
        text: words.join(' '),
        speaker,
        words: timed === 'none' ? [] : own,
      });
    }),
  { maxLength: 6 },
);
const options = fc.record({
  maxLineChars: fc.integer({ min: 12, max: 60 }),
  maxLines: fc.integer({ min: 1, max: 3 }),
  maxCueSeconds: fc.integer({ min: 1, max: 10 }),
});

void test('cues never overlap, never run backwards, and keep lines, widths and durations', () => {
  fc.assert(
    fc.property(segments, options, fc.boolean(), (all, limits, nameInText) => {
      let before = 0;
      for (const cue of cuesOf(all, limits, nameInText)) {
        assert.ok(Number.isInteger(cue.start) && Number.isInteger(cue.end));
        assert.ok(cue.start >= before && cue.end > cue.start, `${before} ${cue.start} ${cue.end}`);
        assert.ok(cue.end - cue.start <= limits.maxCueSeconds * 1000);
        assert.ok(cue.lines.length >= 1 && cue.lines.length <= limits.maxLines, texts([cue])[0]);
        for (const line of cue.lines) {
          assert.ok(displayWidth(line) <= limits.maxLineChars, line);
          assert.equal(line, line.trim());
          assert.notEqual(line, '');
        }
        before = cue.end;
      }
    }),
    { numRuns: 300 },
  );
});

void test('all words of a segment are there, in order, and inside the segment', () => {
  fc.assert(
    fc.property(segments, options, (all, limits) => {
      // One after the other: what overlaps shares its time, which the property above covers.
      let at = 0;
      const apart = all.map((one) => {
        const moved = at + 1 - one.start;
        const words = one.words.map((w) => ({
          ...w,
          start: Math.max(0, w.start + moved),
          end: Math.max(0, w.end + moved),
        }));
        at = one.end + moved;
        return { ...one, start: one.start + moved, end: at, words };
      });
      const cues = cuesOf(apart, limits);
      for (const one of apart) {
        const own = cues.filter((cue) => cue.start >= one.start * 1000 - 1 && cue.end <= one.end * 1000 + 1);
        assert.equal(bare(own.map((cue) => cue.lines.join('')).join('')), bare(one.text));
      }
      assert.equal(
        bare(cues.map((cue) => cue.lines.join('')).join('')),
        bare(apart.map((s) => s.text).join('')),
      );
    }),
    { numRuns: 300 },
  );
});

void test('overlapping segments lose no text either', () => {
  fc.assert(
    fc.property(segments, (all) => {
      const sorted = (text: string): string => [...bare(text)].sort().join('');
      const shown = cuesOf(all).map((cue) => cue.lines.join(''));
      assert.equal(sorted(shown.join('')), sorted(all.map((one) => one.text).join('')));
    }),
    { numRuns: 100 },
  );
});

void test("a cue's edges are its words' own times, to the millisecond, rounded once", () => {
  const words = [
    { text: 'Hello', start: 1.2346, end: 1.5, confidence: null, speaker: null },
    { text: 'there.', start: 1.6, end: 1.9996, confidence: null, speaker: null },
  ];
  const [cue] = cuesOf([segment({ start: 1, end: 2.5, text: 'Hello there.', words })]);
  assert.deepEqual([cue?.start, cue?.end], [1235, 2000]);
});

void test('words without useful times lie between their neighbours', () => {
  const part = { confidence: null, speaker: null };
  const words = [
    { text: 'One.', start: 0, end: 1, ...part },
    { text: 'Two', start: 9, end: 8, ...part },
    { text: 'more.', start: 0, end: 0, ...part },
    { text: 'Last.', start: 6, end: 7, ...part },
  ];
  const cues = cuesOf([segment({ start: 0, end: 7, text: 'One. Two more. Last.', words })], {
    maxLineChars: 12,
    maxLines: 1,
  });
  assert.deepEqual(texts(cues), ['One.', 'Two more.', 'Last.']);
  assert.deepEqual(
    cues.map((cue) => [cue.start, cue.end]),
    [
      [0, 1000],
      [1000, 6000],
      [6000, 7000],
    ],
  );
});

void test('cuts fall at sentence ends and clause ends, and lines are even', () => {
  const text =
    'We met on Monday to talk about money, and that took all morning. Then we had lunch together and went home early.';
  assert.deepEqual(texts(cuesOf([segment({ start: 0, end: 12, text })])), [
    'We met on Monday to talk about money,|and that took all morning.',
    'Then we had lunch together|and went home early.',
  ]);
});

void test('a cut falls into a long pause rather than into a phrase', () => {
  const words = [...evenWords('so I said', 0, 1), ...evenWords('let us go', 3, 4)];
  const cues = cuesOf([segment({ start: 0, end: 4, text: 'so I said let us go', words })]);
  assert.deepEqual(texts(cues), ['so I said', 'let us go']);
  assert.deepEqual(
    cues.map((cue) => [cue.start, cue.end]),
    [
      [0, 1000],
      [3000, 4000],
    ],
  );
});

void test('a word that lasts longer than a cue may is cut short, not lost', () => {
  const cues = cuesOf([segment({ start: 0, end: 60, text: 'Ooooh', words: evenWords('Ooooh', 0, 60) })]);
  assert.deepEqual(cues, [{ start: 0, end: 7000, speaker: null, lines: ['Ooooh'] }]);
});

void test('text without spaces is wrapped by width, and no line begins with a full stop', () => {
  const text = '今天天气很好。我们去公园吧，然后在那里吃午饭，因为那里有一家很好的餐馆。';
  const lines = cuesOf([segment({ start: 0, end: 7, text })], { maxLineChars: 14 }).flatMap(
    (cue) => cue.lines,
  );
  assert.equal(lines.join(''), text);
  for (const line of lines) {
    assert.ok(displayWidth(line) <= 14, line);
    assert.doesNotMatch(line, /^[。，]/u);
  }
});

void test('an edited text is shown instead of the words it no longer has', () => {
  const cues = cuesOf([segment({ start: 0, end: 2, text: 'Good bye', words: evenWords('Could buy', 0, 2) })]);
  assert.deepEqual(texts(cues), ['Good bye']);
});

void test('the earlier of two is cut where the other begins; two that begin together follow each other', () => {
  const cues = cuesOf([
    segment({
      start: 0,
      end: 5,
      text: 'A long turn.',
      speaker: 'S1',
      words: evenWords('A long turn.', 0, 5),
    }),
    segment({ start: 3, end: 4, text: 'Yes.', speaker: 'S2' }),
    segment({ start: 6, end: 7, text: 'same', speaker: 'S1' }),
    segment({ start: 6, end: 7, text: 'time', speaker: 'S2' }),
    segment({ start: 8, end: 12, text: 'Long again.', speaker: 'S1' }),
    segment({ start: 8.1, end: 8.4, text: 'Mhm', speaker: 'S2' }),
  ]);
  assert.deepEqual(
    cues.map(({ start, end, lines }) => [start, end, lines[0]]),
    [
      [0, 3000, 'A long turn.'],
      [3000, 4000, 'Yes.'],
      [6000, 6500, 'same'],
      [6500, 7000, 'time'],
      [8100, 8400, 'Mhm'],
      [8400, 12000, 'Long again.'],
    ],
  );
});

void test('a long name is shortened to half a line, so that there is room for words', () => {
  const transcript = transcriptOf([segment({ start: 0, end: 2, text: 'Hello.', speaker: 'S1'.repeat(40) })]);
  const [cue] = layoutCues(
    transcript,
    { ...DEFAULT_WRITER_OPTIONS, maxLineChars: 20, maxLines: 1 },
    { nameInText: true },
  );
  assert.deepEqual(cue?.lines, ['S1S1S1S1…: Hello.']);
});
