import type { JobAnswer } from '../api/job-answer.ts';
import { EarshotApiError, unreachable } from './error.ts';
import { readEvents } from './event-stream.ts';
import { jobPath } from './job-path.ts';
import { pauseBefore } from './retrying.ts';
import type { Transport } from './transport.ts';

/** Something that happened to a job. */
export type JobEvent =
  | ({ readonly type: 'status'; readonly id: string } & Pick<JobAnswer, 'status' | 'error'>)
  | ({ readonly type: 'progress'; readonly id: string } & NonNullable<JobAnswer['progress']>);

export interface EventsOptions {
  /** Id of the last event that was seen; what came before is left out. */
  readonly after?: string;
  /** A connection that is silent for so long is dead: the server says something every 15 s. */
  readonly silentMs?: number;
  readonly signal?: AbortSignal;
}

const SILENT_MS = 60_000;
const ENDED = new Set(['completed', 'failed', 'cancelled']);

/**
 * The events of a job, each once and in order, until the job has ended. A connection that breaks is made again, from the
 * last event on, `maxRetries` times in a row. Rejects with `not_found` when there is no such job, or none any more.
 */
export async function* jobEvents(
  transport: Transport,
  jobId: string,
  { after = '', silentMs = SILENT_MS, signal }: EventsOptions,
): AsyncGenerator<JobEvent, void, void> {
  let lastId = after;
  let failures = 0;
  for (;;) {
    let retryMs: number | null = null;
    let hasEnded = false;
    try {
      const response = await open(transport, jobId, lastId, signal);
      if (response.status === 204 || response.body === null) return;
      for await (const event of readEvents(awake(response.body, silentMs, transport, signal))) {
        failures = 0;
        if (event === null) continue;
        lastId = event.id;
        retryMs = event.retryMs;
        const told = read(event);
        if (told === null) continue;
        // The end of an earlier run has the events of its retry behind it: only the stream's end is the end.
        hasEnded = told.type === 'status' && ENDED.has(told.status);
        yield told;
      }
    } catch (caught) {
      signal?.throwIfAborted();
      const error = asApiError(caught, transport);
      if (!error.isRetryable || ++failures > transport.maxRetries) throw error;
      await transport.clock.sleep(pauseBefore(failures, error.retryAfterSeconds), signal);
      continue;
    }
    if (hasEnded) return;
    await transport.clock.sleep(retryMs ?? pauseBefore(++failures, null), signal);
  }
}

function open(
  transport: Transport,
  jobId: string,
  lastId: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  return transport.send({
    method: 'GET',
    path: `${jobPath(jobId)}/events`,
    headers: { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) },
    repeat: 'always',
    signal,
  });
}

/** The chunks of a body. Throws when none comes for `silentMs`. */
async function* awake(
  body: ReadableStream<Uint8Array>,
  silentMs: number,
  { clock }: Transport,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const heard = new AbortController();
      const either = signal === undefined ? heard.signal : AbortSignal.any([heard.signal, signal]);
      const silence = clock.sleep(silentMs, either).then(() => {
        throw new Error(`nothing came for ${silentMs / 1000} s`);
      });
      silence.catch(() => undefined); // ends with what is heard
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => heard.abort());
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function read({ type, data, id }: { type: string; data: string; id: string }): JobEvent | null {
  if (type !== 'status' && type !== 'progress') return null; // a newer server's
  return { ...(JSON.parse(data) as object), type, id } as JobEvent;
}

/** A stream that breaks off is a connection that failed. */
const asApiError = (error: unknown, transport: Transport): EarshotApiError =>
  error instanceof EarshotApiError ? error : unreachable(transport.address('').href, error);
