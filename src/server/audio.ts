import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { type Answer, JSON_TYPE, audioAnswer, audioEvents } from '../api/answer.ts';
import { errorAnswer, FieldError } from '../api/errors.ts';
import { folderOf } from '../api/job-files.ts';
import type { JobOptions } from '../api/job-options.ts';
import { type AudioRequest, parseAudioRequest } from '../api/openai.ts';
import { EarshotError, type ErrorCode, ERRORS, toEarshotError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Call, Route, ServerContext } from './context.ts';
import { transcriptOf } from './jobs.ts';
import { submit, withUpload } from './submit.ts';
import { isDoneWithin, whileWaiting } from './waiting.ts';
import { jobEnd } from './waiting-job.ts';

/** A JSON answer begins after this time, with blank lines until the result is there: Node's fetch waits five minutes. */
const BEGIN_MS = 60_000;
const FILL_MS = 15_000;
/** Seconds that such a job outlives its request, should the server be killed before it could delete it. */
const KEEP_SECONDS = 3_600;

type Task = 'transcribe' | 'translate';

/** POST /v1/audio/transcriptions and /v1/audio/translations: jobs that live as long as the request that waits for them. */
export const AUDIO_ROUTES: readonly Route[] = (['transcribe', 'translate'] as const).map((task) => ({
  method: 'POST',
  path: task === 'transcribe' ? '/v1/audio/transcriptions' : '/v1/audio/translations',
  summary: task === 'transcribe' ? 'Transcribe a recording' : 'Translate a recording to English',
  tag: 'OpenAI',
  scope: 'submit',
  responses: {
    200: {
      description: 'The transcript in the format asked for, or its events.',
      content: { 'application/json': null, 'text/plain': null, 'text/vtt': null, 'text/event-stream': null },
    },
  },
  errors: [404, 413, 415, 422, 507],
  answer: (call, context) => answerAudio(task, call, context),
}));

async function answerAudio(task: Task, call: Call, context: ServerContext): Promise<unknown> {
  const gone = new AbortController();
  call.reply.raw.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, context.stopping]);
  let asked: AudioRequest | undefined;
  const { job } = await withUpload(call, context, async ({ id, form }) => {
    asked = parseAudioRequest(form.fields, context.models());
    if (form.file === null)
      throw new FieldError('file', 'the form has no file; send the recording as "file"');
    return submit(
      {
        id,
        kind: { name: 'transcribe', first: 'prepare' },
        input: { name: form.file.name, url: null },
        options: optionsOf(asked, task),
        content: form.file,
        request: {},
        isShared: false,
        keepSeconds: KEEP_SECONDS,
      },
      call,
      context,
    );
  });
  const request = asked as unknown as AudioRequest;
  const work = outcome(job, signal, context);
  work.catch(() => undefined); // whoever still listens is told below
  if (request.stream) return stream(call.reply, request, work, context);
  const answer = work.then((transcript) => audioAnswer(request, task, transcript, context.render));
  return respond(call.reply, request, answer, context);
}

function optionsOf({ model, language, format }: AudioRequest, task: Task): JobOptions {
  return {
    ...(model === null ? {} : { model }),
    ...(language === 'auto' ? {} : { language }),
    task,
    ...(format === 'diarized_json' ? {} : { diarization: 'off' }),
    enrich: [],
  };
}

/** The job's transcript; the job and its files are then deleted. It is cancelled when nobody waits for it any more. */
async function outcome(job: Job, signal: AbortSignal, context: ServerContext): Promise<Transcript> {
  try {
    const done = await jobEnd(job.id, signal, context);
    if (done.error !== null) throw failureOf(done.error);
    if (done.status === 'cancelled') throw new EarshotError('cancelled', 'the job was cancelled');
    return await transcriptOf(done, context);
  } finally {
    await discard(job.id, context).catch(context.onError);
  }
}

async function discard(id: string, { jobs, storage }: ServerContext): Promise<void> {
  await jobs.cancel(id);
  await jobs.remove(id);
  await storage.removeAll(folderOf(id));
}

function failureOf({ code, message }: { code: string; message: string }): EarshotError {
  return new EarshotError(code in ERRORS ? (code as ErrorCode) : 'internal', message);
}

/** Text answers wait for the result; JSON answers may begin early, because JSON may be preceded by blank lines. */
async function respond(
  reply: FastifyReply,
  asked: AudioRequest,
  answer: Promise<Answer>,
  context: ServerContext,
): Promise<unknown> {
  answer.catch(() => undefined);
  const isJson = asked.format.endsWith('json');
  if (!isJson || (await isDoneWithin(answer, BEGIN_MS, context.clock))) {
    const { contentType, body } = await answer;
    return reply.header('content-type', contentType).send(body);
  }
  return reply.header('content-type', JSON_TYPE).send(Readable.from(late()));

  async function* late(): AsyncGenerator<string> {
    yield '\n';
    yield* whileWaiting(answer, '\n', FILL_MS, context.clock);
    yield await answer.then(({ body }) => body, failure(context));
  }
}

/** Server-sent events as OpenAI's clients read them: `data:` lines only, comments to keep the connection alive. */
function stream(
  reply: FastifyReply,
  asked: AudioRequest,
  work: Promise<Transcript>,
  context: ServerContext,
): unknown {
  const events = async (): Promise<string[]> => audioEvents(asked, await work, context.render);
  reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-cache');
  return reply.send(Readable.from(lines()));

  async function* lines(): AsyncGenerator<string> {
    yield ': transcribing\n\n';
    yield* whileWaiting(work, ': transcribing\n\n', FILL_MS, context.clock);
    const failed = failure(context);
    for (const event of await events().catch((error: unknown) => [failed(error)])) yield `data: ${event}\n\n`;
  }
}

/** The status has been sent: the error's body is all that can still be said. */
const failure =
  (context: ServerContext) =>
  (error: unknown): string => {
    context.onError(toEarshotError(error));
    return JSON.stringify(errorAnswer(toEarshotError(error)).body);
  };
