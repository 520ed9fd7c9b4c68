import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { decode } from '../../audio/decode.ts';
import { openRecording } from '../../audio/recording.ts';
import { writerOptions } from '../../config/pipeline.ts';
import { EarshotError, toEarshotError } from '../../errors.ts';
import type { Transcript } from '../../transcript/schema.ts';
import { assertWritable } from '../../util/assert-writable.ts';
import { atomicWriteAll } from '../../util/atomic-write-all.ts';
import { acquireLock } from '../../util/lock.ts';
import { findWriter } from '../../writers/index.ts';
import { piecesOf } from '../../writers/writer.ts';
import { assignStems, type BatchItem } from '../batch-stems.ts';
import type { Context, Run } from '../command.ts';
import { fileInput, mediaBelow } from '../inputs.ts';
import { isWhole } from '../outputs.ts';
import { reportFailure, reportOutcome } from '../report-outcome.ts';
import { type Outcome, transcribeFile } from '../transcribe-input.ts';

/** The folders of the contract, below --root. */
const RAW = 'raw_audio';
const AUDIO = 'input_audio';
const JSON_FOLDER = 'whisper_json';
const TRANSCRIPTS = 'transcripts';

/**
 * raw_audio/* -> input_audio/<stem>.wav (16 kHz mono), whisper_json/<stem>.json, transcripts/<stem>.{txt,srt}. What is
 * complete is skipped; a lock keeps two runs on one root apart; one failed recording does not stop the others.
 */
export const batchCommand: Run = async (context) => {
  const { settings, cwd, terminal } = context;
  if (settings.root === null)
    throw new EarshotError('usage', 'expected --root DIR', { hint: `DIR holds ${RAW}/ with the recordings` });
  const root = resolve(cwd, settings.root);
  const raw = join(root, RAW);
  if (!(await stat(raw).catch(() => null))?.isDirectory())
    throw new EarshotError('recording_not_found', `there is no folder ${raw}`, {
      hint: 'put the recordings there',
    });
  for (const folder of [AUDIO, JSON_FOLDER, TRANSCRIPTS]) await assertWritable(join(root, folder));
  const lock = await acquireLock(join(root, '.earshot-batch.lock'), root);
  try {
    const items = await assignStems(await mediaBelow(raw), join(root, JSON_FOLDER));
    const pending = [];
    for (const item of items) if (settings.overwrite || !(await isComplete(root, item))) pending.push(item);
    terminal.note(
      pending.length === 0
        ? `nothing to do: ${items.length} of ${items.length} recordings are done`
        : `${pending.length} of ${items.length} recordings to do`,
    );
    return await doAll(root, pending, context);
  } finally {
    await lock.release();
  }
};

async function doAll(root: string, pending: readonly BatchItem[], context: Context): Promise<0 | 1> {
  let failed = 0;
  for (const item of pending) {
    const given = item.path.slice(root.length + 1);
    try {
      const outcome = await doOne(root, item, given, context);
      await reportOutcome(given, outcome, context);
      if (!isWhole(outcome.transcript)) failed += 1;
    } catch (caught) {
      const error = toEarshotError(caught);
      if (context.signal.aborted || error.kind.exitCode !== 1) throw error;
      await reportFailure(given, error, context);
      failed += 1;
    }
  }
  return failed > 0 ? 1 : 0;
}

async function doOne(root: string, item: BatchItem, given: string, context: Context): Promise<Outcome> {
  const paths = pathsOf(root, item.stem);
  const layout = writerOptions(context.settings);
  const write = async (made: Transcript): Promise<void> => {
    await writeMono(item.path, paths.wav, context.signal);
    // The JSON last: with it the recording counts as transcribed.
    const formats = ['txt', 'srt', 'json'] as const;
    await atomicWriteAll(
      formats.map((format) => ({ path: paths[format], data: piecesOf(findWriter(format), made, layout) })),
    );
  };
  const outputs = Object.values(paths);
  if (item.done !== null && isWhole(item.done) && !context.settings.overwrite) {
    await write(item.done); // only a part was missing
    return { status: 'done', transcript: item.done, outputs };
  }
  const input = fileInput(item.path, given);
  return { status: 'done', transcript: await transcribeFile(item.path, input, context, write), outputs };
}

function pathsOf(root: string, stem: string): Record<'wav' | 'json' | 'txt' | 'srt', string> {
  return {
    wav: join(root, AUDIO, `${stem}.wav`),
    json: join(root, JSON_FOLDER, `${stem}.json`),
    txt: join(root, TRANSCRIPTS, `${stem}.txt`),
    srt: join(root, TRANSCRIPTS, `${stem}.srt`),
  };
}

async function isComplete(root: string, item: BatchItem): Promise<boolean> {
  if (item.done === null || !isWhole(item.done)) return false;
  const found = await Promise.all(
    Object.values(pathsOf(root, item.stem)).map((path) => stat(path).catch(() => null)),
  );
  return found.every((info) => info !== null);
}

/** The recording as 16 kHz mono, whole or not at all. */
async function writeMono(recordingPath: string, wav: string, signal: AbortSignal): Promise<void> {
  const recording = await openRecording(recordingPath, undefined, signal);
  const folder = resolve(wav, '..');
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.earshot-${process.pid}.tmp`);
  try {
    await decode(recording, [{ stream: 0, channel: null }], [temporary], signal);
    await rename(temporary, wav);
  } finally {
    await rm(temporary, { force: true });
  }
}
