import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRttm } from '../../src/scoring/rttm.ts';

test('turns are read by file; comments and other lines are passed over', () => {
  const text = [
    ';; made by hand',
    'SPKR-INFO one 1 <NA> <NA> <NA> unknown Ann <NA> <NA>',
    'SPEAKER one 1 1.50 2.25 <NA> <NA> Ann <NA> <NA>',
    '',
    'SPEAKER two 1 0 1 <NA> <NA> Bob <NA> <NA>\r',
    'SPEAKER one 1 3.00 1.00 <NA> <NA> Bob <NA>',
  ].join('\n');
  assert.deepEqual(
    [...parseRttm(text)],
    [
      [
        'one',
        [
          { speaker: 'Ann', start: 1.5, end: 3.75 },
          { speaker: 'Bob', start: 3, end: 4 },
        ],
      ],
      ['two', [{ speaker: 'Bob', start: 0, end: 1 }]],
    ],
  );
});

test('a malformed line is named by its number', () => {
  for (const line of [
    'SPEAKER one 1 x 1 <NA> <NA> Ann',
    'SPEAKER one 1 1 -1 <NA> <NA> Ann',
    'SPEAKER one 1 1 1',
  ])
    assert.throws(() => parseRttm(`\n${line}`), { code: 'request_invalid', message: /line 2/ });
});
