import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ctm } from '../../src/writers/ctm.ts';
import { findWriter } from '../../src/writers/index.ts';
import { rttm } from '../../src/writers/rttm.ts';
import { stm } from '../../src/writers/stm.ts';
import { DEFAULT_WRITER_OPTIONS as OPTIONS } from '../../src/writers/writer.ts';
import { EMPTY, RICH, evenWords, segment, transcriptOf } from './fixture.ts';

const SCTK = '/usr/lib/sctk/bin';
const skip = existsSync(join(SCTK, 'rttmValidator.pl')) ? false : `the validators of sctk are not at ${SCTK}`;
const run = promisify(execFile);

const PLAIN = transcriptOf(
  [
    segment({
      start: 0,
      end: 1.5,
      text: "Hello, it's me.",
      speaker: 'S1',
      words: evenWords("Hello, it's me.", 0, 1.5, { confidence: 0.75 }),
    }),
    segment({ start: 2, end: 3, text: 'Good-bye then!', speaker: 'S2', channel: 1 }),
  ],
  {
    turns: [
      { speaker: 'S1', start: 0, end: 1.5 },
      { speaker: 'S2', start: 1.2, end: 3 },
    ],
  },
);

/** We write turns only: no words, no sentences, no speaker records, and the file has another name than its content. */
const RTTM_OPTIONS = ['-u', '-s', '-p', '-e', '-f'];

// The stm validator takes inner punctuation for no word in any language, and the rich transcript is full of it.
for (const [name, transcript, language, formats] of [
  ['plain', PLAIN, 'english', ['rttm', 'ctm', 'stm']],
  ['rich', RICH, 'other', ['rttm', 'ctm']],
  ['empty', EMPTY, 'english', ['rttm', 'ctm', 'stm']],
] as const) {
  void test(
    `sctk's validators accept ${formats.join(', ')} of the ${name} transcript`,
    { skip },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'earshot-'));
      try {
        for (const format of formats) {
          const path = join(folder, `x.${format}`);
          await writeFile(path, findWriter(format).render(transcript, OPTIONS));
          const options = format === 'rttm' ? RTTM_OPTIONS : ['-l', language];
          const { stdout } = await run('perl', [join(SCTK, `${format}Validator.pl`), ...options, '-i', path]);
          assert.doesNotMatch(stdout, /ERROR|FATAL|Failed/, `${format}: ${stdout}`);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
}

void test('sclite scores the ctm of a transcript against its stm: no errors', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-'));
  try {
    const [reference, hypothesis] = [join(folder, 'x.stm'), join(folder, 'x.ctm')];
    await writeFile(reference, stm.render(PLAIN, OPTIONS));
    await writeFile(hypothesis, ctm.render(PLAIN, OPTIONS));
    const { stdout } = await run(join(SCTK, 'sclite'), [
      '-r',
      reference,
      'stm',
      '-h',
      hypothesis,
      'ctm',
      '-o',
      'sum',
      'stdout',
    ]);
    assert.match(stdout, /Sum\/Avg\s*\|\s*2\s+5\s*\|\s*100\.0\s+0\.0\s+0\.0\s+0\.0\s+0\.0/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

void test('rttm keeps the turns as they were diarized, overlaps and all', () => {
  assert.equal(
    rttm.render(PLAIN, OPTIONS),
    'SPEAKER silence 1 0.000 1.500 <NA> <NA> S1 <NA> <NA>\nSPEAKER silence 1 1.200 1.800 <NA> <NA> S2 <NA> <NA>\n',
  );
});

void test('ctm gives a confidence where there is one, and says which times are spread', () => {
  assert.deepEqual(ctm.render(PLAIN, OPTIONS).split('\n').slice(0, 6), [
    ';; 2 of 5 words have no time of their own: spread over their segment',
    'silence 1 0.000 0.500 Hello 0.7500',
    "silence 1 0.500 0.500 it's 0.7500",
    'silence 1 1.000 0.500 me 0.7500',
    'silence 2 2.000 0.600 Good-bye',
    'silence 2 2.600 0.400 then',
  ]);
});

void test('no text can become a comment, a tag or an alternative of a scoring tool', () => {
  for (const text of [stm.render(RICH, OPTIONS), ctm.render(RICH, OPTIONS).replace(/^;;.*\n/, '')]) {
    assert.doesNotMatch(text, /;;|[{}]|<(?!NA>)/);
    for (const line of text.trimEnd().split('\n')) assert.ok(line.split(' ').length >= 5, line);
  }
});
