import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csv } from '../../src/writers/csv.ts';
import { oneLine } from '../../src/writers/text.ts';
import { DEFAULT_WRITER_OPTIONS as OPTIONS } from '../../src/writers/writer.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { RICH, segment, transcriptOf } from './fixture.ts';

/** Read by an independent parser: strict, and only CRLF ends a record. */
function read(transcript: Transcript): Record<string, string>[] {
  return parse(csv.render(transcript, OPTIONS), {
    columns: true,
    record_delimiter: '\r\n',
    relax_quotes: false,
  });
}

const FORMULA = /^\s*[=+\-@＝＋－＠]/u;

void test('every text and name comes back from an independent parser, and none is a formula', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom('=1+1', '-2', '+3', '@SUM(A1)', '"', ',', 'a,"b"', '\t=1', '\r=1', '＝1', "'=1", ' =1 '),
  );
  fc.assert(
    fc.property(fc.array(fc.record({ text, speaker: fc.option(text) }), { maxLength: 6 }), (all) => {
      const segments = all.map((one, i) => segment({ ...one, start: i, end: i + 1 }));
      const rows = read(transcriptOf(segments));
      assert.equal(rows.length, all.length);
      for (const [i, row] of rows.entries()) {
        for (const [shown, own] of [
          [row['text'], all[i]?.text],
          [row['speaker'], all[i]?.speaker],
        ]) {
          const clean = oneLine(own ?? '');
          assert.equal(shown, FORMULA.test(clean) ? `'${clean}` : clean);
          assert.doesNotMatch(shown ?? '', FORMULA);
        }
      }
    }),
    { numRuns: 300 },
  );
});

void test('numbers stay numbers and what is unknown stays empty', () => {
  const [first, second] = read(RICH);
  assert.deepEqual(
    [first?.['start'], first?.['speaker_confidence'], first?.['sentiment'], first?.['emotion']],
    ['0.500', '0.97', '0.4', 'happy'],
  );
  assert.deepEqual(
    [second?.['speaker_confidence'], second?.['sentiment'], second?.['channel']],
    ['', '', ''],
  );
});

void test('a negative sentiment is a number, not a formula to be guarded', () => {
  const sad = segment({ start: 0, end: 1, text: 'no', sentiment: { label: 'negative', score: -0.5 } });
  assert.equal(read(transcriptOf([sad]))[0]?.['sentiment'], '-0.5');
});
