import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { JSON_TYPE, type Answer } from '../api/answer.ts';
import { asOpenAi, errorAnswer, FieldError } from '../api/errors.ts';
import { EarshotError, type ErrorCode, ERRORS, toEarshotError } from '../errors.ts';
import type { Job, JobFailure } from '../jobs/job.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Call, ServerContext } from './context.ts';
import { discard } from './discard.ts';
import { transcriptOf } from './jobs.ts';
import { isDoneWithin, whileWaiting } from './waiting.ts';
import { jobEnd } from './waiting-job.ts';

/** A JSON answer begins after this time, with blank lines until the result is there: Node's fetch waits five minutes. */
const BEGIN_MS = 60_000;
export const FILL_MS = 15_000;
/** Seconds that such a job outlives its request, should the server be killed before it could delete it. */
const KEEP_SECONDS = 3_600;

/** Of a job that lives as long as the request that waits for it: nobody else's request is the same job. */
export const PRIVATE = { isShared: false, keepSeconds: KEEP_SECONDS, request: {} } as const;

/** Aborts when the client has gone, or the server can wait no longer. Ask for it before the body is read. */
export function waitingSignal({ reply }: Call, { stopping }: ServerContext): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  if (reply.raw.destroyed) gone.abort();
  return AbortSignal.any([gone.signal, stopping]);
}

/** The job's transcript; the job and its files are then deleted. It is cancelled when nobody waits for it any more. */
export async function transcriptWhenDone(
  job: Job,
  signal: AbortSignal,
  context: ServerContext,
): Promise<Transcript> {
  try {
    const done = await jobEnd(job.id, signal, context);
    if (done.error !== null) throw failureOf(done.error);
    if (done.status === 'cancelled') throw new EarshotError('cancelled', 'the job was cancelled');
    return await transcriptOf(done, context);
  } finally {
    await discard(job.id, context).catch(context.onError);
  }
}

function failureOf({ code, message }: JobFailure): EarshotError {
  if (code === 'reference_invalid') return new FieldError('known_speaker_references', message);
  if (code === 'language_unsupported') return new FieldError('language', message, code);
  return new EarshotError(code in ERRORS ? (code as ErrorCode) : 'internal', message);
}

/** Text answers wait for the result; JSON answers may begin early, because JSON may be preceded by blank lines. */
export async function answerWhenReady(
  reply: FastifyReply,
  answer: Promise<Answer>,
  isJson: boolean,
  context: ServerContext,
): Promise<unknown> {
  answer.catch(() => undefined); // whoever still listens is told below
  if (!isJson || (await isDoneWithin(answer, BEGIN_MS, context.clock))) {
    const { contentType, body } = await answer;
    return reply.header('content-type', contentType).send(body);
  }
  return reply.header('content-type', JSON_TYPE).send(Readable.from(late()));

  async function* late(): AsyncGenerator<string> {
    yield '\n';
    yield* whileWaiting(answer, '\n', FILL_MS, context.clock);
    yield await answer.then(({ body }) => body, lateFailure(context));
  }
}

/** The status has been sent: the error's body is all that can still be said. */
export const lateFailure =
  ({ onError }: ServerContext) =>
  (thrown: unknown): string => {
    const error = toEarshotError(thrown);
    if (error.kind.httpStatus >= 500) onError(error);
    return JSON.stringify(errorAnswer(asOpenAi(error)).body);
  };
