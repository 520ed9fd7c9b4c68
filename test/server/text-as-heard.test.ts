import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildSegments } from '../../src/speech/attribution/segments.ts';
import { GrowingText } from '../../src/server/text-as-heard.ts';
import { fullText } from '../../src/writers/paragraphs.ts';
import { transcript } from './fixture.ts';

const word = fc.constantFrom(
  ...[
    'Hello',
    'there.',
    'so',
    'what?',
    '"yes."',
    '今天',
    '天气。',
    '很、',
    '好',
    'สวัสดี',
    'ок,',
    '—',
    '１２',
    'A.',
  ],
);
/** Words with the pause before each, and whether a chunk begins there. */
const speech = fc.array(
  fc.record({ text: word, pause: fc.constantFrom(0.05, 0.3, 0.7, 4), cut: fc.boolean() }),
  { maxLength: 60 },
);

test('the pieces are the text of the whole, wherever chunks are cut', () => {
  fc.assert(
    fc.property(speech, (items) => {
      let at = 0;
      const words = items.map(({ text, pause }) => {
        const start = at + pause;
        at = start + 0.4;
        return { text, start, end: at, confidence: null, speaker: null, channel: null };
      });
      const chunks = words.reduce<(typeof words)[]>((sum, each, i) => {
        if (i === 0 || items[i]?.cut) sum.push([]);
        sum.at(-1)?.push(each);
        return sum;
      }, []);
      const growing = new GrowingText();
      const pieces = chunks.map((chunk) => growing.add(chunk));
      const whole = fullText({ ...transcript(), segments: buildSegments(words, []) });
      assert.equal(pieces.join(''), whole);
    }),
    { numRuns: 2000, seed: 1 },
  );
});
