import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { encodeWav, SAMPLE_RATE, WAV_HEADER_BYTES } from '../../audio/waveform.ts';
import { EarshotError } from '../../errors.ts';
import type { Word } from '../../transcript/schema.ts';
import { atOnce } from '../../util/at-once.ts';
import { run } from '../../util/process.ts';
import type { ChunkAudio, RecognitionEngine, RecognitionOptions, RecognitionRequest } from './recognition.ts';
import { channelMean } from './pocketsphinx/channel-mean.ts';
import { cutUtterances, type Utterance } from './utterances.ts';

const PROGRAM = 'pocketsphinx_batch';
const MODEL = 'en-us';
/** A decoder's resident memory was 104 to 109 MB on chunks of 5 to 60 s; a chunk's samples come on top. */
const MEMORY_A_CHUNK = 120e6;
const INSTALL = 'apt-get install pocketsphinx pocketsphinx-en-us';
const READING = [
  ...['-adcin', 'yes', '-adchdr', String(WAV_HEADER_BYTES), '-cepext', '.wav'],
  ...['-remove_silence', 'no'], // frames that it removes are missing from its times
];
/** A third of the default: less work, and no more word errors. */
const DECODER = ['-maxhmmpf', '10000', '-logfn', '/dev/null'];
/**
 * Debian's feat.params of the model, which win over the command line, but for two lines: without `-cmninit`, and with a
 * mean that is known beforehand and follows the voice ("live") in place of each utterance's own ("batch").
 */
const FEATURES = `-lowerf 130
-upperf 6800
-nfilt 25
-transform dct
-lifter 22
-feat 1s_c_d_dd
-svspec 0-12/13-25/26-38
-agc none
-cmn live
-varnorm no
-model ptm
`;

/**
 * CMU PocketSphinx as Debian packages it: English, no download, word times and word posteriors. Good on clear read
 * speech, poor on conversation. One sentence or so at a time, since its language model knows how sentences begin. A chunk
 * has two processes, so a crash costs one chunk: the first measures the channel (cepstral mean), for which one sentence
 * is too short, the second decodes.
 */
export const pocketsphinx: RecognitionEngine = {
  name: 'pocketsphinx',
  models: { prefix: '', defaults: [MODEL] },
  chunking: { target: 60, max: 120 },
  languagePerChunk: true,

  async check(options) {
    if (!(await isOnPath(PROGRAM))) return { ok: false, reason: `${PROGRAM} is not installed`, fix: INSTALL };
    const refused = refusal(options);
    if (refused !== null) return { ok: false, reason: refused, fix: null };
    return { ok: true, model: MODEL, device: 'cpu' };
  },

  async open(options) {
    const refused = refusal(options);
    if (refused !== null) throw new EarshotError('language_unsupported', refused);
    if (!(await isOnPath(PROGRAM)))
      throw new EarshotError('engine_unavailable', `${PROGRAM} is not installed`, { hint: INSTALL });
    return {
      engine: 'pocketsphinx',
      model: MODEL,
      device: 'cpu',
      concurrency: options.jobs ?? atOnce(MEMORY_A_CHUNK),
      recognize: async (audio, request) => ({
        words: await recognize(audio, request, options.scratchDir),
        language: { code: 'en', confidence: null },
      }),
      close: async () => undefined,
    };
  },
};

function refusal({ language, task, model }: RecognitionOptions): string | null {
  if (model !== null && model !== MODEL) return `pocketsphinx has one model, ${MODEL}, not "${model}"`;
  if (task === 'translate') return 'pocketsphinx cannot translate';
  if (language === 'auto' || language.toLowerCase().split('-')[0] === 'en') return null;
  return `pocketsphinx knows English only, not "${language}"`;
}

async function recognize(
  audio: ChunkAudio,
  request: RecognitionRequest,
  scratchDir: string,
): Promise<Word[]> {
  const utterances = cutUtterances(audio.samples);
  if (utterances.length === 0) return [];
  const folder = await mkdtemp(join(scratchDir, 'pocketsphinx-'));
  try {
    await writeFile(join(folder, 'chunk.wav'), encodeWav(audio.samples));
    await writeFile(join(folder, 'control'), controlFile(utterances));
    await writeFile(join(folder, 'features'), FEATURES);
    const reading = ['-ctl', join(folder, 'control'), '-cepdir', folder, ...READING];
    const mean = await channelMean(utterances, reading, folder, request.signal);
    const exit = await run(
      PROGRAM,
      [
        ...[...reading, '-featparams', join(folder, 'features'), '-cmninit', mean.join(',')],
        ...['-ctm', join(folder, 'words'), '-hyp', join(folder, 'utterances'), ...DECODER],
      ],
      request.signal ? { signal: request.signal } : {},
    );
    if (exit.code !== 0)
      throw new EarshotError(
        'engine_failed',
        `${PROGRAM} ended with ${exit.signal ?? `exit code ${exit.code}`}`,
      );
    // An utterance that it could not decode is missing here, and the exit code is still 0.
    const decoded = (await readFile(join(folder, 'utterances'), 'utf8')).split('\n').length - 1;
    if (decoded !== utterances.length)
      throw new EarshotError(
        'engine_failed',
        `${PROGRAM} decoded ${decoded} of ${utterances.length} utterances`,
      );
    const words = await readFile(join(folder, 'words'), 'utf8');
    return parseWords(words, audio.start, audio.start + audio.samples.length / SAMPLE_RATE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const FRAME_SECONDS = 0.01;
const FRAME_SAMPLES = FRAME_SECONDS * SAMPLE_RATE;

/** A line an utterance: file, first and last frame, and a name: the first frame again, for the words' times. */
function controlFile(utterances: readonly Utterance[]): string {
  return utterances
    .map(({ start, end }) => [Math.floor(start / FRAME_SAMPLES), Math.ceil(end / FRAME_SAMPLES)] as const)
    .map(([from, to]) => `chunk ${from} ${to} ${from}\n`)
    .join('');
}

/**
 * Words from the CTM file of `pocketsphinx_batch`, without silence and noises: lines of the utterance's first frame in
 * the chunk, channel, start in seconds from there, time to the last frame, word, posterior. `start` and `end` of the
 * chunk are seconds in the recording.
 */
export function parseWords(ctm: string, start: number, end: number): Word[] {
  const words: Word[] = [];
  for (const line of ctm.split('\n')) {
    const [first, , from, length, text, posterior] = line.split(' ');
    if (posterior === undefined) continue;
    const at = start + Number(first) * FRAME_SECONDS + Number(from);
    words.push({
      text: text as string,
      start: round(Math.min(end, at)),
      end: round(Math.min(end, at + Number(length) + FRAME_SECONDS)),
      confidence: Math.min(1, Number(posterior)),
      speaker: null,
    });
  }
  return words;
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
