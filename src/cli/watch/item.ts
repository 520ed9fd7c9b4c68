import type { EarshotClient } from '../../client/client.ts';
import { EarshotApiError } from '../../client/error.ts';
import type { JobSettings } from '../../client/jobs.ts';
import { EarshotError } from '../../errors.ts';
import type { Transcript } from '../../transcript/schema.ts';
import { sha256 } from '../../util/hash.ts';
import { findWriter } from '../../writers/index.ts';
import type { WriterOptions } from '../../writers/writer.ts';
import { failureOf } from '../server-client.ts';
import type { Destination } from './destination.ts';
import type { Place } from './place.ts';
import type { Entry, WatchState } from './state.ts';

/** What the work on one recording needs. */
export interface ItemTools {
  readonly client: EarshotClient;
  readonly place: Place;
  readonly destination: Destination;
  readonly state: WatchState;
  readonly formats: readonly string[];
  readonly layout: WriterOptions;
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/** Thrown for a recording that will not do better by itself: it is recorded as failed. */
export class ItemFailure extends Error {
  readonly error: EarshotError;

  constructor(error: EarshotError) {
    super(error.message);
    this.error = error;
  }
}

/** A recording that nothing is known of, or that is another one under the same name; what it left may be replaced. */
export function newEntry(
  { name, generation }: Pick<Entry, 'name' | 'generation'>,
  base: string,
  settings: JobSettings,
  before: Entry | undefined,
): Omit<Entry, 'at'> {
  return {
    ...{ name, generation, base, status: 'sending', job_id: null, error: null },
    attempt: before?.generation === generation ? before.attempt + 1 : 1,
    settings: settings as Entry['settings'],
    outputs: before?.outputs ?? [],
  };
}

/**
 * Takes a recording from where its entry says to its results; every step is in the state before it is done, so that after
 * a kill the same call goes on: a job is found again by its key, results of ours are replaced. Rejects with ItemFailure,
 * or with an error that may pass.
 */
export async function finishItem(
  entry: Entry,
  tools: ItemTools,
): Promise<{ readonly entry: Entry; readonly transcript: Transcript }> {
  const { client, state, signal } = tools;
  const record = async (changes: Partial<Entry>): Promise<Entry> => {
    const next = { ...entry, ...changes, at: new Date().toISOString() };
    await state.put(next);
    return next;
  };
  if (entry.job_id === null) {
    const jobId = await handIn(entry, tools);
    entry = await record({ status: 'waiting', job_id: jobId });
  }
  const id = entry.job_id as string;
  const job = await client.jobs.wait(id, { signal });
  const failure = failureOf(job);
  if (failure !== null) throw new ItemFailure(failure);
  const transcript = await client.jobs.result(id, 'json', { signal });
  const files = tools.formats.map((format) => {
    const writer = findWriter(format);
    return { name: `${entry.base}${writer.extension}`, data: writer.render(transcript, tools.layout) };
  });
  await assertFree(files, entry, tools);
  const outputs = [...new Set([...entry.outputs, ...files.map(({ name }) => name)])];
  entry = await record({ status: 'saving', outputs });
  await tools.destination.save(files);
  entry = await record({ status: 'done', error: null });
  return { entry, transcript };
}

/** The same key for the same recording and attempt: however often this is killed and done again, it is one job. */
async function handIn(entry: Entry, { client, place, signal, onProgress }: ItemTools): Promise<string> {
  const { name, generation, attempt, settings } = entry;
  const key = sha256([place.address, name, generation, attempt].join('\n'));
  const { uploadId, forget } = await place.send({ name, generation }, client, { onProgress, signal });
  const options = { idempotencyKey: `watch-${key}`, signal };
  const job = await client.jobs.createFromUpload(uploadId, settings as JobSettings, options);
  await forget();
  return job.job_id;
}

/** Results of others stay as they are. */
async function assertFree(
  files: readonly { readonly name: string }[],
  { outputs }: Entry,
  { destination, overwrite }: ItemTools,
): Promise<void> {
  if (overwrite) return;
  for (const { name } of files)
    if (!outputs.includes(name) && (await destination.exists(name)))
      throw new ItemFailure(
        new EarshotError('output_exists', `${destination.addressOf(name)} is already there`, {
          hint: 'watch again with --overwrite --retry-failed, or write elsewhere with --out',
        }),
      );
}

/** Where the work on a failed recording is to begin: with its job run again, or with a new job where there is none. */
export async function retried(entry: Entry, { client, signal }: ItemTools): Promise<Entry | null> {
  if (entry.job_id === null) return null;
  try {
    const job = await client.jobs.get(entry.job_id, { signal });
    if (job.status === 'failed' || job.status === 'cancelled')
      await client.jobs.retry(entry.job_id, { signal });
    return { ...entry, status: 'waiting', error: null };
  } catch (error) {
    if (error instanceof EarshotApiError && error.code === 'not_found') return null;
    throw error;
  }
}
