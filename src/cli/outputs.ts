import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EarshotError } from '../errors.ts';
import { readTranscript } from '../transcript/read.ts';
import type { Transcript } from '../transcript/schema.ts';
import { atomicWriteAll } from '../util/atomic-write-all.ts';
import { sha256, sha256File } from '../util/hash.ts';
import { acquireLock, type Lock } from '../util/lock.ts';
import { findWriter } from '../writers/index.ts';
import { piecesOf, type Writer, type WriterOptions } from '../writers/writer.ts';

/** One file to be written. */
export interface Output {
  readonly path: string;
  readonly writer: Writer;
}

/** The files of one transcript. The JSON comes first: once it is there, the others can be made from it. */
export function outputsAt(base: string, formats: readonly string[]): Output[] {
  const writers = [...new Set(formats)].map(findWriter);
  writers.sort((a, b) => Number(b.format === 'json') - Number(a.format === 'json'));
  return writers.map((writer) => ({ path: `${base}${writer.extension}`, writer }));
}

/** Keeps other processes off the outputs called `base`; the folder must exist. Rejects with `locked`. */
export function lockOutputs(base: string): Promise<Lock> {
  return acquireLock(join(dirname(base), `.earshot-${sha256(basename(base)).slice(0, 16)}.lock`), base);
}

/**
 * What of the outputs is there already: nothing (null), or the finished transcript of this recording with the options
 * that are asked for, from which missing formats can be made. `recording` is null for one that is not on this machine.
 * Rejects with `output_exists` when anything else is there.
 */
export async function finishedEarlier(
  outputs: readonly Output[],
  recording: string | null,
  isAsked: (optionsHash: string) => boolean,
  lock: Lock,
): Promise<Transcript | null> {
  const existing = await outputsInTheWay(outputs, lock);
  if (existing.length === 0) return null;
  const json = existing.find(({ writer }) => writer.format === 'json');
  const transcript = json === undefined ? null : await readTranscript(json.path).catch(() => null);
  const same =
    transcript !== null &&
    recording !== null &&
    isAsked(transcript.receipt.options_hash) &&
    transcript.source.sha256 === (await sha256File(recording));
  if (same) return isWhole(transcript) ? transcript : null; // what was lost is tried again, what is here replaced
  throw existsError(existing);
}

/** Whether nothing was lost on the way: a run that lost chunks or its speakers is worth repeating. */
export function isWhole(transcript: Transcript): boolean {
  const failed = Object.values(transcript.stages).some(({ status }) => status === 'failed');
  return !failed && transcript.gaps.every(({ reason }) => reason === 'no_speech');
}

/** `output_exists` for files that are in the way. */
export function existsError(existing: readonly Output[]): EarshotError {
  const names = existing.map(({ path }) => basename(path)).join(', ');
  const folder = dirname(existing[0]?.path ?? '.');
  return new EarshotError('output_exists', `${folder} already has ${names}`, {
    hint: 'replace with --overwrite, or write elsewhere with --out',
  });
}

/** Those of the outputs that are on disk. */
export async function existingOutputs(outputs: readonly Output[]): Promise<Output[]> {
  const there = await Promise.all(
    outputs.map(({ path }) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return outputs.filter((_, index) => there[index]);
}

/** The same without what is our own: a run that was killed between two renames noted in its lock which files it wrote. */
export async function outputsInTheWay(
  outputs: readonly Output[],
  { inherited }: Pick<Lock, 'inherited'>,
): Promise<Output[]> {
  const own = new Set(inherited === null ? [] : (JSON.parse(inherited) as string[]));
  return (await existingOutputs(outputs)).filter(({ path }) => !own.has(path));
}

/** Writes those formats of a transcript that are not there yet. Resolves with how many that were. */
export async function publishMissing(
  transcript: Transcript,
  outputs: readonly Output[],
  layout: WriterOptions,
  lock: Lock,
): Promise<number> {
  const existing = await existingOutputs(outputs);
  const missing = outputs.filter((output) => !existing.includes(output));
  await publish(transcript, missing, layout, lock);
  return missing.length;
}

/** Writes all formats of a transcript, or none. */
export async function publish(
  transcript: Transcript,
  outputs: readonly Output[],
  layout: WriterOptions,
  lock: Lock,
): Promise<void> {
  const files = outputs.map(({ path, writer }) => ({ path, data: piecesOf(writer, transcript, layout) }));
  await lock.note(JSON.stringify(outputs.map(({ path }) => path)));
  await atomicWriteAll(files);
}
