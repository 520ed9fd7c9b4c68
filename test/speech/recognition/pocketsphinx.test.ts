import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWords } from '../../../src/speech/recognition/pocketsphinx.ts';

/** What `pocketsphinx_continuous -time yes` of Debian 12 printed for a recording of a speech. */
const RECORDED = `and not
<s> 3.170 3.280 1.000300
and(2) 3.290 3.730 0.985603
<sil> 3.740 3.980 0.828680
not 3.990 4.300 0.817730
</s> 4.310 4.760 1.000000
what your country can do for you
<s> 5.300 5.340 0.999200
what 5.350 5.600 0.285662
your 5.610 5.850 0.709042
++NOISE++ 5.860 6.000 0.473555
[COUGH] 6.000 6.100 0.473555
you 7.060 7.670 1.000300
`;

test('words come out absolute, without fillers, alternatives and sentence marks', () => {
  const words = parseWords(RECORDED, 100, 200);
  assert.deepEqual(
    words.map((word) => [word.text, word.start, word.end, word.confidence]),
    [
      ['and', 103.29, 103.74, 0.985603],
      ['not', 103.99, 104.31, 0.81773],
      ['what', 105.35, 105.61, 0.285662],
      ['your', 105.61, 105.86, 0.709042],
      ['you', 107.06, 107.68, 1],
    ],
  );
  assert.ok(words.every((word) => word.speaker === null));
});

test('no word reaches beyond its chunk', () => {
  assert.equal(parseWords('you 7.060 7.670 0.9\n', 0, 7.5)[0]?.end, 7.5);
});

test('silence has no words', () => {
  assert.deepEqual(parseWords('\n<s> 0.000 0.100 1.0\n</s> 0.1 0.2 1.0\n', 0, 1), []);
});
