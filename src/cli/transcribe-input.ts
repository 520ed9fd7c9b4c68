import { dirname } from 'node:path';
import { transcribeOptions, writerOptions } from '../config/pipeline.ts';
import { optionsHash } from '../pipeline/stage-options.ts';
import { transcribe } from '../pipeline/transcribe.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Context } from './command.ts';
import type { Input } from './inputs.ts';
import { asTyped, wordsAnywhere } from './invocation.ts';
import { localCopy } from './local-copy.ts';
import { finishedEarlier, lockOutputs, outputsAt, publish, publishMissing } from './outputs.ts';
import { makeOutFolder } from './out-folder.ts';
import { overallProgress } from './overall-progress.ts';

/** How it ended for one input. */
export interface Outcome {
  readonly status: 'done' | 'already_done';
  readonly transcript: Transcript;
  /** Paths of all results, also of those that were there before. */
  readonly outputs: readonly string[];
}

/**
 * One recording from input to files called `base`, under a lock. What can be known to fail, such as an output folder
 * that cannot be written, fails before the work. Rejects with an EarshotError; nothing is then half-written.
 */
export async function transcribeInput(
  input: Input,
  base: string,
  formats: readonly string[],
  context: Context,
): Promise<Outcome> {
  const { settings, folders } = context;
  const outputs = outputsAt(base, formats);
  const paths = outputs.map(({ path }) => path);
  await makeOutFolder(dirname(base));
  const lock = await lockOutputs(base);
  try {
    return await withLocalCopy(input, context, async (path) => {
      const options = transcribeOptions(settings, folders, input.name);
      const isAsked = (hash: string): boolean => hash === optionsHash(options);
      const earlier = settings.overwrite ? null : await finishedEarlier(outputs, path, isAsked, lock);
      if (earlier !== null) {
        const made = await publishMissing(earlier, outputs, writerOptions(settings), lock);
        return { status: made > 0 ? 'done' : 'already_done', transcript: earlier, outputs: paths };
      }
      const deliver = (made: Transcript): Promise<void> =>
        publish(made, outputs, writerOptions(settings), lock);
      const transcript = await transcribeFile(path, input, context, deliver);
      return { status: 'done', transcript, outputs: paths };
    });
  } finally {
    await lock.release();
  }
}

/** One recording from input to transcript, without files. */
export function transcribeToMemory(input: Input, context: Context): Promise<Transcript> {
  return withLocalCopy(input, context, (path) => transcribeFile(path, input, context));
}

/** The pipeline on a local file, with its progress and notices on the terminal; checkpoints go once `deliver` is done. */
export async function transcribeFile(
  path: string,
  input: Input,
  context: Context,
  deliver: (transcript: Transcript) => Promise<void> = () => Promise.resolve(),
): Promise<Transcript> {
  const { settings, folders, terminal, signal, invocation } = context;
  const progress = terminal.progress(input.given);
  try {
    return await transcribe(path, transcribeOptions(settings, folders, input.name), {
      signal,
      onProgress: overallProgress(progress),
      onNotice: (line) => terminal.note(`${input.given}: ${line}`),
      asTyped: (text) => asTyped(text, { words: wordsAnywhere(invocation) }),
      deliver,
    });
  } finally {
    progress.end();
  }
}

async function withLocalCopy<T>(
  input: Input,
  context: Context,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const progress = context.terminal.progress(input.given);
  const copy = await localCopy(input, context, (fraction) => progress.update(fraction, 'fetching')).finally(
    progress.end,
  );
  try {
    return await work(copy.path);
  } finally {
    await copy.release();
  }
}
