import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { WRITERS, findWriter, formatNames } from '../../src/writers/index.ts';

void test('every format of the contract has a writer, and no two share a name or a file name', () => {
  assert.deepEqual(
    [...formatNames].sort(),
    'txt srt vtt json csv md html TextGrid rttm ctm stm seglst verbose_json diarized_json deepgram slower-whisper'
      .split(' ')
      .sort(),
  );
  assert.equal(new Set(WRITERS.map((writer) => writer.extension)).size, WRITERS.length);
  for (const { extension } of WRITERS) assert.match(extension, /^\.[A-Za-z.-]+$/);
});

void test('a name is found in upper or lower case', () => {
  assert.equal(findWriter('textgrid').format, 'TextGrid');
  assert.equal(findWriter('SRT').format, 'srt');
});

void test('an unknown name is wrong usage and gets a suggestion', () => {
  assert.throws(
    () => findWriter('srtt'),
    (error) => error instanceof EarshotError && error.code === 'usage' && error.hint === 'did you mean srt?',
  );
  assert.throws(
    () => findWriter('spreadsheet'),
    (error) => error instanceof EarshotError && error.code === 'usage' && error.hint === null,
  );
});
