import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWaveform } from '../../../src/audio/waveform.ts';
import { parseMeans } from '../../../src/speech/recognition/pocketsphinx/channel-mean.ts';
import { parseWords, pocketsphinx } from '../../../src/speech/recognition/pocketsphinx.ts';
import type { RecognitionOptions } from '../../../src/speech/recognition/recognition.ts';
import { wordErrorRate } from '../../../src/scoring/wer.ts';
import { ffmpeg, SAMPLES } from '../../support/media.ts';
import { scratchFolder } from '../../support/scratch.ts';

const scratchDir = scratchFolder();
const OPTIONS: RecognitionOptions = {
  ...{ model: null, language: 'en', task: 'transcribe', jobs: 1, pull: false, workers: [] },
  ...{ modelsDir: scratchDir, scratchDir },
};
const installed = (await pocketsphinx.check(OPTIONS)).ok;

/** What `pocketsphinx_batch -ctm` of Debian 12 wrote for two utterances of a speech, the second from frame 500. */
const RECORDED = `0 1 3.25 0.56 and 0.934
0 1 3.98 0.31 not 0.914
500 1 0.38 0.22 like 0.170
500 1 2.05 0.46 you 1.001
`;

test('words come out absolute, with their posteriors', () => {
  const words = parseWords(RECORDED, 100, 200);
  assert.deepEqual(
    words.map((word) => [word.text, word.start, word.end, word.confidence]),
    [
      ['and', 103.25, 103.82, 0.934],
      ['not', 103.98, 104.3, 0.914],
      ['like', 105.38, 105.61, 0.17],
      ['you', 107.05, 107.52, 1],
    ],
  );
  assert.ok(words.every((word) => word.speaker === null));
});

test('no word reaches beyond its chunk', () => {
  assert.equal(parseWords('0 1 7.06 0.61 you 0.9\n', 0, 7.5)[0]?.end, 7.5);
});

test('means are told one an utterance, whatever else the log says', () => {
  const log = `INFO: feat.c(713): Initializing feature stream to type: '1s_c_d_dd', CMN='batch', VARNORM='no'
INFO: batch.c(729): Decoding 'u0'
INFO: cmn.c(133): CMN: 46.08  3.24 16.91 19.01 -1.89 -0.43  2.73 -1.38 -5.35  0.41  2.12  7.11  6.36 
INFO: fsg_search.c(853): 373 frames, 1675 HMMs (4/fr), 6343 senones (17/fr), 451 history entries (1/fr)
INFO: cmn.c(133): CMN: 49.64  1.11  5.42 28.27  1.48  1.67  5.84 -3.64 -2.78 -5.40  2.89 -2.12 -2.31 
`;
  assert.deepEqual(parseMeans(log), [
    [46.08, 3.24, 16.91, 19.01, -1.89, -0.43, 2.73, -1.38, -5.35, 0.41, 2.12, 7.11, 6.36],
    [49.64, 1.11, 5.42, 28.27, 1.48, 1.67, 5.84, -3.64, -2.78, -5.4, 2.89, -2.12, -2.31],
  ]);
});

test('silence has no words', () => {
  assert.deepEqual(parseWords('', 0, 1), []);
});

test('the words of a clip are where they were spoken', { skip: !installed && 'not installed' }, async () => {
  const path = join(scratchDir, 'clip.wav');
  ffmpeg('-i', join(SAMPLES, 'clip.flac'), '-fflags', '+bitexact', '-flags:a', '+bitexact', path);
  const truth = JSON.parse(readFileSync(join(SAMPLES, 'clip.json'), 'utf8')) as {
    duration: number;
    words: { text: string; start: number; end: number }[];
  };
  const samples = Math.round(truth.duration * 16_000);
  const reader = await openWaveform({ path, samples, duration: truth.duration });
  const audio = { samples: await reader.slice(0, truth.duration), start: 50 };
  await reader.close();

  const recognizer = await pocketsphinx.open(OPTIONS);
  const { words } = await recognizer.recognize(audio, { language: 'en', task: 'transcribe' });
  const silence = { samples: new Float32Array(16_000), start: 0 };
  const nothing = await recognizer.recognize(silence, { language: 'en', task: 'transcribe' });
  await recognizer.close();

  const spoken = truth.words.map((word) => word.text);
  const heard = words.map((word) => word.text);
  // It makes 4 of 35 here, and pocketsphinx_continuous over the whole clip 2: this holds the 4, it is no goal.
  assert.ok(wordErrorRate(spoken, heard).errors <= 4, heard.join(' '));
  const away = truth.words
    .map(
      ({ text, start }) =>
        words.find((word) => word.text === text && Math.abs(word.start - 50 - start) < 0.5)?.start ?? NaN,
    )
    .map((start, i) => Math.abs(start - 50 - (truth.words[i] as { start: number }).start))
    .filter((seconds) => !Number.isNaN(seconds))
    .sort((a, b) => a - b);
  assert.ok((away[Math.floor(away.length / 2)] as number) <= 0.02, `median ${away[away.length >> 1]} s`);
  assert.deepEqual(nothing.words, []);
  assert.deepEqual(readdirSync(scratchDir), ['clip.wav'], 'temporary files are removed');
});
