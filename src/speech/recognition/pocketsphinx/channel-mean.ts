import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EarshotError } from '../../../errors.ts';
import { run } from '../../../util/process.ts';
import type { Utterance } from '../utterances.ts';

const PROGRAM = 'pocketsphinx_batch';
/** The smallest thing to listen for: the program computes the means all the same, some 300 times faster than it decodes. */
const GRAMMAR = '#JSGF V1.0;\ngrammar any;\npublic <any> = a;\n';
const DICTIONARY = 'a AH\n';

/**
 * The chunk's cepstral mean (13 numbers, in the program's own units): what the microphone and the room add to every
 * utterance of it. `audio` are the options that say where the utterances are and how to read them; `folder` is for
 * temporary files. Rejects with `engine_failed` when the program fails or does not tell.
 */
export async function channelMean(
  utterances: readonly Utterance[],
  audio: readonly string[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const [grammar, dictionary, log] = ['grammar', 'dictionary', 'log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(grammar, GRAMMAR);
  await writeFile(dictionary, DICTIONARY);
  const listenFor = ['-jsgf', grammar, '-dict', dictionary, '-logfn', log];
  const exit = await run(PROGRAM, [...audio, ...listenFor], signal ? { signal } : {});
  if (exit.code !== 0)
    throw new EarshotError(
      'engine_failed',
      `${PROGRAM} ended with ${exit.signal ?? `exit code ${exit.code}`}`,
    );
  const means = parseMeans(await readFile(log, 'utf8'));
  if (means.length !== utterances.length)
    throw new EarshotError(
      'engine_failed',
      `${PROGRAM} told the mean of ${means.length} of ${utterances.length} utterances`,
    );
  return weighted(
    means,
    utterances.map(({ start, end }) => end - start),
  );
}

/** One mean an utterance, from lines such as `INFO: cmn.c(133): CMN: 46.08  3.24 16.91 …`. */
export function parseMeans(log: string): number[][] {
  return [...log.matchAll(/ CMN: ([-\d. ]+)$/gm)].map(([, numbers]) =>
    (numbers as string).trim().split(/\s+/).map(Number),
  );
}

function weighted(means: readonly (readonly number[])[], weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (means[0] ?? []).map((_, k) =>
    means.reduce((sum, mean, i) => sum + ((mean[k] as number) * (weights[i] as number)) / total, 0),
  );
}
