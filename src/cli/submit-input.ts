import { dirname } from 'node:path';
import type { EarshotClient } from '../client/client.ts';
import type { JobEvent } from '../client/job-events.ts';
import type { Job } from '../client/jobs.ts';
import { OPTIONS } from '../config/options.ts';
import { writerOptions } from '../config/pipeline.ts';
import type { Context } from './command.ts';
import type { Input } from './inputs.ts';
import { finishedEarlier, lockOutputs, outputsAt, publish, publishMissing } from './outputs.ts';
import { makeOutFolder } from './out-folder.ts';
import { failureOf, jobSettingsOf } from './server-client.ts';
import type { Outcome } from './transcribe-input.ts';
import { sendFile } from './upload-records.ts';
import { usedOptions } from './used-options.ts';

/** The share of sending in the whole time of a usual job. */
const SENDING = 0.2;
/** How long the server gets to answer, or to cancel a job, when the command is interrupted. */
const GRACE_MS = 5_000;

export interface Submitting {
  readonly client: EarshotClient;
  readonly onProgress: (fraction: number, doing: string) => void;
  readonly signal: AbortSignal;
}

/** Sends one recording and makes a job of it. Of two equal ones within the server's window comes one job. */
export async function handIn(
  input: Input,
  { client, onProgress, signal }: Submitting,
  context: Context,
): Promise<Job> {
  const settings = jobSettingsOf(context.settings);
  const options = { idempotencyKey: null, signal: graceAfter(signal) };
  if (input.kind === 'url') return client.jobs.createFromUrl(input.source, settings, options);
  const told = (fraction: number): void => onProgress(fraction * SENDING, 'sending');
  told(0);
  if (input.kind === 'stdin') {
    const bytes = context.stdin as NodeJS.ReadableStream & AsyncIterable<Buffer>;
    const { id } = await client.uploads.create(bytes, { name: input.name, signal });
    return client.jobs.createFromUpload(id, settings, options);
  }
  const sending = { name: input.name, onProgress: told, signal };
  const { upload, forget } = await sendFile(client, input.source, sending, context);
  const job = await client.jobs.createFromUpload(upload.id, settings, options);
  await forget();
  return job;
}

/**
 * One recording from input to files called `base`, under a lock: sent, waited for, saved. What an earlier run saved is
 * done, and anything else that is there an error, before anything is sent. `onJob` is told the job as soon as there is
 * one. When it is interrupted the job goes on, unless the settings say otherwise. Rejects with an EarshotError, that of
 * the job where it has failed.
 */
export async function submitInput(
  input: Input,
  base: string,
  submitting: Submitting & { readonly onJob: (id: string) => void },
  context: Context,
): Promise<Outcome> {
  const { settings, folders } = context;
  const { client, onProgress, signal, onJob } = submitting;
  const outputs = outputsAt(base, settings.formats);
  const paths = outputs.map(({ path }) => path);
  await makeOutFolder(dirname(base));
  const lock = await lockOutputs(base);
  try {
    const used = await usedOptions(folders.submit, jobSettingsOf(settings));
    const path = input.kind === 'file' ? input.source : null;
    const earlier = settings.overwrite ? null : await finishedEarlier(outputs, path, used.has, lock);
    if (earlier !== null) {
      const made = await publishMissing(earlier, outputs, writerOptions(settings), lock);
      return { status: made > 0 ? 'done' : 'already_done', transcript: earlier, outputs: paths };
    }
    const { job_id: id } = await handIn(input, submitting, context);
    onJob(id);
    const job = await waitFor(id, client, { onProgress, signal }, context);
    const failure = failureOf(job);
    if (failure !== null) throw failure;
    const transcript = await client.jobs.result(id, 'json', { signal });
    await publish(transcript, outputs, writerOptions(settings), lock);
    if (path !== null) await used.add(transcript.receipt.options_hash);
    return { status: 'done', transcript, outputs: paths };
  } finally {
    await lock.release();
  }
}

async function waitFor(
  id: string,
  client: EarshotClient,
  { onProgress, signal }: Pick<Submitting, 'onProgress' | 'signal'>,
  { settings, terminal }: Context,
): Promise<Job> {
  onProgress(SENDING, 'waiting');
  try {
    const onEvent = (event: JobEvent): void => {
      if (event.type === 'progress')
        onProgress(
          SENDING + (event.percent / 100) * (1 - SENDING),
          `${event.stage} ${event.done}/${event.total}`,
        );
    };
    return await client.jobs.wait(id, { signal, onEvent });
  } catch (error) {
    if (!signal.aborted) throw error;
    const at = settings.server === OPTIONS.server.default ? '' : ` --server ${settings.server}`;
    if (!settings.cancelOnExit) terminal.note(`the job goes on: earshot jobs result ${id}${at}`);
    else
      await client.jobs.cancel(id, { signal: AbortSignal.timeout(GRACE_MS) }).then(
        () => terminal.note(`job ${id} is cancelled`),
        () => terminal.error(`job ${id} could not be cancelled: earshot jobs cancel ${id}${at}`),
      );
    throw error;
  }
}

/** Aborts a while after `signal`: whether there is a job by now is worth to wait for. */
function graceAfter(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  const wait = (): void => void setTimeout(() => late.abort(signal.reason), GRACE_MS).unref();
  if (signal.aborted) wait();
  else signal.addEventListener('abort', wait, { once: true });
  return late.signal;
}
