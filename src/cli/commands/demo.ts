import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { writerOptions } from '../../config/pipeline.ts';
import { diarizationErrorRate } from '../../scoring/der.ts';
import { wordErrorRate } from '../../scoring/wer.ts';
import { normaliseWords } from '../../scoring/words.ts';
import type { Transcript } from '../../transcript/schema.ts';
import { findWriter } from '../../writers/index.ts';
import type { Context, Run } from '../command.ts';
import { fileInput } from '../inputs.ts';
import { asTyped } from '../invocation.ts';
import { makeOutFolder } from '../out-folder.ts';
import { lockOutputs, outputsAt, publish } from '../outputs.ts';
import { stageReasons, stageRows } from '../stage-rows.ts';
import { summaryOf } from '../summary.ts';
import { table } from '../table.ts';
import { transcribeFile } from '../transcribe-input.ts';

const SAMPLE = fileURLToPath(new URL('../../../samples/meeting.flac', import.meta.url));
const TRUTH = fileURLToPath(new URL('../../../samples/meeting.json', import.meta.url));
/** Below the current folder, where --out says nothing else. */
const OUT = '.earshot/demo';

const turn = z.object({ speaker: z.string(), start: z.number(), end: z.number() });
const truthSchema = z.object({
  duration: z.number(),
  turns: z.array(turn),
  words: z.array(z.object({ text: z.string(), start: z.number() })),
});

/** Transcribes the sample meeting, each time anew, and shows what came of it and how right it is. */
export const demoCommand: Run = async (context) => {
  const { settings, terminal, cwd } = context;
  const truth = truthSchema.parse(JSON.parse(await readFile(TRUTH, 'utf8')));
  const folder = resolve(cwd, settings.out ?? OUT);
  await makeOutFolder(folder);
  const lock = await lockOutputs(resolve(folder, 'meeting'));
  try {
    terminal.note(`transcribing samples/meeting.flac: ${truth.duration.toFixed(0)} s, three speakers`);
    const transcript = await transcribeFile(SAMPLE, fileInput(SAMPLE, 'meeting.flac'), context);
    const outputs = outputsAt(resolve(folder, 'meeting'), settings.formats);
    await publish(transcript, outputs, writerOptions(settings), lock);
    const paths = outputs.map(({ path }) => path);
    const score = scoreAgainst(truth, transcript);
    if (settings.json)
      await terminal.result(
        `${JSON.stringify({ ok: true, outputs: paths, transcript: summaryOf(transcript), score })}\n`,
      );
    else await terminal.result(report(transcript, paths, score, context));
    return 0;
  } finally {
    await lock.release();
  }
};

interface Score {
  readonly wer: number;
  readonly wordErrors: number;
  readonly words: number;
  readonly der: number;
  readonly speakers: { readonly found: number; readonly real: number };
}

function scoreAgainst(truth: z.infer<typeof truthSchema>, transcript: Transcript): Score {
  const heard = transcript.segments.flatMap(({ words }) => words);
  const inOrder = (words: readonly { text: string; start: number }[]): string[] =>
    [...words].sort((a, b) => a.start - b.start).flatMap(({ text }) => normaliseWords(text));
  const errors = wordErrorRate(inOrder(truth.words), inOrder(heard));
  const scored = [{ start: 0, end: truth.duration }];
  return {
    wer: errors.wer,
    wordErrors: errors.errors,
    words: errors.words,
    der: diarizationErrorRate(truth.turns, transcript.turns, { scored }).der,
    speakers: {
      found: transcript.speakers.length,
      real: new Set(truth.turns.map(({ speaker }) => speaker)).size,
    },
  };
}

function report(
  transcript: Transcript,
  paths: readonly string[],
  score: Score,
  { settings, invocation }: Context,
): string {
  const { duration, wall_seconds: wall } = summaryOf(transcript);
  const percent = (rate: number): string => `${(rate * 100).toFixed(1)} %`;
  const { found, real } = score.speakers;
  return [
    findWriter('txt')
      .render(transcript, writerOptions({ ...settings, bom: false }))
      .trimEnd(),
    '',
    table(['stage', 'engine', 'model', 'seconds'], stageRows(transcript)).trimEnd(),
    '',
    `why       ${asTyped(stageReasons(transcript).join('\n          '), invocation)}`,
    `files     ${paths.join('\n          ')}`,
    `speed     ${duration.toFixed(1)} s of audio in ${wall.toFixed(1)} s: ${(duration / wall).toFixed(1)}x real time`,
    `words     ${percent(score.wer)} word error rate (${score.wordErrors} of ${score.words})`,
    `speakers  ${percent(score.der)} diarization error rate (no collar, overlap scored), ${found} found of ${real}`,
    '',
  ].join('\n');
}
