import { randomUUID } from 'node:crypto';
import { access, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { encodeWav } from '../../audio/waveform.ts';
import { EarshotError } from '../../errors.ts';
import type { Word } from '../../transcript/schema.ts';
import { run } from '../../util/process.ts';
import type { ChunkAudio, RecognitionEngine, RecognitionOptions, RecognitionRequest } from './recognition.ts';

const PROGRAM = 'pocketsphinx_continuous';
const MODEL = 'en-us';
const INSTALL = 'apt-get install pocketsphinx pocketsphinx-en-us';
const DECODER = ['-time', 'yes', '-logfn', '/dev/null'];

/**
 * CMU PocketSphinx as Debian packages it: English, no download, word times and word posteriors. Good on clear read
 * speech, poor on conversation. One process a chunk, so a crash costs one chunk.
 */
export const pocketsphinx: RecognitionEngine = {
  name: 'pocketsphinx',
  models: { prefix: '', defaults: [MODEL] },
  chunking: { target: 60, max: 120 },

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
      concurrency: options.jobs ?? availableParallelism(),
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
  const file = join(scratchDir, `${randomUUID()}.wav`);
  try {
    await writeFile(file, encodeWav(audio.samples));
    const exit = await run(
      PROGRAM,
      ['-infile', file, ...DECODER],
      request.signal ? { signal: request.signal } : {},
    );
    if (exit.code !== 0)
      throw new EarshotError(
        'engine_failed',
        `${PROGRAM} ended with ${exit.signal ?? `exit code ${exit.code}`}`,
      );
    return parseWords(exit.stdout, audio.start, audio.start + audio.samples.length / 16_000);
  } finally {
    await rm(file, { force: true });
  }
}

const WORD_LINE = /^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/;
/** Sentence marks, silence and noises of the decoder: `<s>`, `<sil>`, `[NOISE]`, `++COUGH++`. */
const FILLER = /^(?:<.*>|\[.*\]|\+\+.*\+\+)$/;
const FRAME_SECONDS = 0.01;

/**
 * Words from the output of `pocketsphinx_continuous -time yes`: lines of word, first and last frame in seconds from the
 * start of the chunk, posterior. `start` and `end` of the chunk are seconds in the recording.
 */
export function parseWords(output: string, start: number, end: number): Word[] {
  const words: Word[] = [];
  for (const line of output.split('\n')) {
    const [, text, from, to, posterior] = WORD_LINE.exec(line) ?? [];
    if (text === undefined || FILLER.test(text)) continue;
    words.push({
      text: text.replace(/\(\d+\)$/, ''), // "read(2)" is the second pronunciation of "read"
      start: round(Math.min(end, start + Number(from))),
      end: round(Math.min(end, start + Number(to) + FRAME_SECONDS)),
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
