import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { displayWidth } from '../../src/writers/layout/width.ts';
import { escapeMarkdown } from '../../src/writers/md.ts';
import { recordingToken, speakerNames, speakerTokens } from '../../src/writers/names.ts';
import { joinTexts, oneLine } from '../../src/writers/text.ts';
import { clockTime, secondsText, srtTime, toMilliseconds, vttTime } from '../../src/writers/timestamps.ts';
import { EMPTY, RICH } from './fixture.ts';

void test('milliseconds are rounded once and never reach a thousand', () => {
  assert.equal(srtTime(toMilliseconds(59.9996)), '00:01:00,000');
  assert.equal(vttTime(toMilliseconds(3599.9995)), '01:00:00.000');
  assert.equal(srtTime(toMilliseconds(0.0004)), '00:00:00,000');
  assert.equal(srtTime(toMilliseconds(360_000)), '100:00:00,000');
  fc.assert(
    fc.property(fc.double({ min: 0, max: 4e5, noNaN: true }), (seconds) => {
      const [, h, m, s, ms] =
        /^(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})$/.exec(srtTime(toMilliseconds(seconds))) ?? [];
      const value = ((Number(h) * 60 + Number(m)) * 60 + Number(s)) * 1000 + Number(ms);
      assert.equal(value, Math.round(seconds * 1000));
    }),
  );
});

void test('clock times for reading are cut off, seconds for tools have three decimals', () => {
  assert.equal(clockTime(61.9), '00:01:01');
  assert.equal(secondsText(1.0005), '1.001');
});

void test('one line is one line, and well-formed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = oneLine(text);
      assert.ok(line.isWellFormed());
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]|^\s|\s$|\s\s/u);
    }),
  );
  assert.equal(oneLine(' a\r\n\tb\u2028c\u0000\uD800'), 'a b c \uFFFD');
});

void test('widths count columns', () => {
  for (const [text, width] of [
    ['abc', 3],
    ['今天', 4],
    ['ｱｲ', 2],
    ['カー', 4],
    ['안녕', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['\u2060', 0],
    ['สวัสดี', 4],
  ] as const)
    assert.equal(displayWidth(text), width, text);
});

void test('sentences of unspaced scripts are joined without a space', () => {
  assert.equal(
    joinTexts(['今天。', '明天。', '𠮷', '𠮷', 'Hello', 'there', '', 'x']),
    '今天。明天。𠮷𠮷 Hello there x',
  );
});

void test('a speaker shows the label or the id, and nobody shows nothing', () => {
  const nameOf = speakerNames(RICH);
  assert.deepEqual(['S1', 'S2', 'S4', 'S9', null].map(nameOf), [
    "Ann O'Neill & Co <x>",
    'S2',
    '=cmd|"x" [9]',
    'S9',
    null,
  ]);
});

void test('names for scoring tools are plain and told apart', () => {
  const tokenOf = speakerTokens(RICH);
  assert.deepEqual(['S1', 'S3', null].map(tokenOf), ['Ann_O_Neill_Co_x', 'S3', null]);
  const twins = RICH.speakers.slice(0, 3).map((one, i) => ({ ...one, label: i === 2 ? 'S1' : 'Zoë' }));
  const twinOf = speakerTokens({ ...RICH, speakers: twins });
  assert.deepEqual(['S1', 'S2', 'S3'].map(twinOf), ['Zoe', 'S2', 'S3']);
});

void test('recordings are named by their stem, in plain letters', () => {
  const named = (name: string): string => recordingToken({ ...EMPTY, source: { ...EMPTY.source, name } });
  assert.deepEqual(['meeting.flac', '../a/b c (1).wav', '会议.mp3', '.wav', 'my_file_.wav', 'x'].map(named), [
    'meeting',
    'b_c_1',
    'recording',
    'wav',
    'my_file_',
    'x',
  ]);
});

void test('markdown shows every text as it is', () => {
  assert.equal(escapeMarkdown('- **a** [b](http://c) <i>'), '\\- \\*\\*a\\*\\* \\[b\\](http\\://c) \\<i\\>');
  assert.equal(escapeMarkdown('1. # x_y'), '1\\. \\# x\\_y');
});
