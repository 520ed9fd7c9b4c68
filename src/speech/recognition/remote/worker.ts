import { z } from 'zod';
import { encodeWav } from '../../../audio/waveform.ts';
import type { Clock } from '../../../util/clock.ts';
import type { ChunkAudio, Recognition, RecognitionRequest } from '../recognition.ts';
import type { Authoriser } from './auth.ts';
import { bodyText } from './body.ts';
import { retryAfter } from '../../../util/retry-after.ts';
import { WorkerFault, faultOfStatus } from './fault.ts';
import { multipart, type Multipart } from './multipart.ts';
import { parseAnswer } from './parse.ts';
import type { WorkerSpec } from './spec.ts';

/** A chunk on its way to a worker. */
export interface WorkerJob {
  readonly audio: ChunkAudio;
  readonly request: Pick<RecognitionRequest, 'language' | 'task'>;
}

/** Something that recognises one chunk at a call. */
export interface Worker {
  readonly name: string;
  readonly slots: number;
  /** Milliseconds for which nobody need be at its address (presence.ts). */
  readonly waitMs: number;
  /** One try. Rejects with a WorkerFault, or with the abort reason. */
  recognize(job: WorkerJob, signal: AbortSignal): Promise<Recognition>;
}

/** A worker behind OpenAI's audio API: POST {base}/audio/transcriptions or /translations, answer in verbose_json. */
export function httpWorker(spec: WorkerSpec, model: string, auth: Authoriser, clock: Clock): Worker {
  return {
    name: spec.name,
    slots: spec.slots,
    waitMs: spec.waitMs,
    async recognize(job, signal) {
      try {
        const body = form(job, model);
        let response = await post(spec, body, job.request.task, auth, signal);
        if (response.status === 401 && auth.renew()) {
          await bodyText(response);
          response = await post(spec, body, job.request.task, auth, signal);
        }
        if (!response.ok) throw await refusal(response, auth, clock.now());
        return await read(response, job, auth);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof WorkerFault) throw named(spec, error);
        throw named(spec, networkFault(error));
      }
    },
  };
}

async function post(
  spec: WorkerSpec,
  { body, contentType }: Multipart,
  task: 'transcribe' | 'translate',
  auth: Authoriser,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(spec.base);
  url.pathname += task === 'translate' ? '/audio/translations' : '/audio/transcriptions';
  const headers = {
    ...(await auth.headers(signal)),
    accept: 'application/json',
    'content-type': contentType,
  };
  return fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
}

/** The fields stand before the file, so that a server can refuse before it has read the audio. */
function form({ audio, request }: WorkerJob, model: string): Multipart {
  const fields: [string, string][] = [
    ['model', model],
    ['response_format', 'verbose_json'],
  ];
  if (request.task === 'transcribe') {
    if (request.language !== 'auto') fields.push(['language', request.language]);
    fields.push(['timestamp_granularities[]', 'word'], ['timestamp_granularities[]', 'segment']);
  }
  return multipart(fields, encodeWav(audio.samples));
}

const errorBody = z.object({ error: z.object({ message: z.string() }) });

async function refusal(response: Response, auth: Authoriser, now: number): Promise<WorkerFault> {
  const pause = retryAfter(response.headers.get('retry-after'), now);
  const kind = faultOfStatus(response.status, pause !== null);
  const location = response.headers.get('location');
  if (location !== null && response.status >= 300 && response.status < 400) {
    await bodyText(response);
    return new WorkerFault(kind, `answered ${response.status}: it has moved, give its new address instead`);
  }
  const body = errorBody.safeParse(
    await bodyText(response)
      .then(JSON.parse)
      .catch(() => null),
  );
  const why =
    body.success && kind !== 'refused' ? `: ${auth.redact(body.data.error.message).slice(0, 200)}` : '';
  return new WorkerFault(kind, `answered ${response.status}${why}`, { retryAfterMs: pause });
}

async function read(
  response: Response,
  { audio, request }: WorkerJob,
  auth: Authoriser,
): Promise<Recognition> {
  let text: string;
  try {
    text = await bodyText(response);
  } catch (cause) {
    throw new WorkerFault('broken', `cut its answer off: ${networkReason(cause)}`, { cause });
  }
  try {
    const json: unknown = JSON.parse(text);
    const error = errorBody.safeParse(json); // an answer that began before the work had ended can still fail
    if (error.success)
      throw new WorkerFault('broken', `failed: ${auth.redact(error.data.error.message).slice(0, 200)}`);
    const chunk = { start: audio.start, end: audio.start + audio.samples.length / 16_000 };
    return parseAnswer(json, chunk, request.language);
  } catch (cause) {
    if (cause instanceof WorkerFault) throw cause;
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replace(/\s+/g, ' ') : 'not JSON';
    throw new WorkerFault('broken', `answered something that is no transcription: ${why}`, { cause });
  }
}

/** Reasons for which the request cannot have reached the worker: because nobody is there, or for whatever reason. */
const ABSENT = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EACCES|EHOSTUNREACH|ENETUNREACH)$/;
const UNREACHED = /^(?:ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/;

function networkFault(error: unknown): WorkerFault {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  const code = cause?.message === 'bad port' ? 'EACCES' : (cause?.code ?? ''); // fetch refuses ports of other protocols
  if (ABSENT.test(code) || UNREACHED.test(code))
    return new WorkerFault(
      ABSENT.test(code) ? 'absent' : 'down',
      `cannot be reached: ${networkReason(error)}`,
      { cause: error },
    );
  return new WorkerFault('broken', `broke the connection: ${networkReason(error)}`, { cause: error });
}

/** fetch says "fetch failed" and keeps the reason as its cause. */
export function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = (cause as NodeJS.ErrnoException).code;
  return cause.message === '' ? (code ?? cause.name) : cause.message;
}

const named = (spec: WorkerSpec, fault: WorkerFault): WorkerFault =>
  new WorkerFault(fault.kind, `${spec.name} ${fault.message}`, {
    retryAfterMs: fault.retryAfterMs,
    cause: fault.cause,
  });
