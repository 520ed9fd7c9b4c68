import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, JSON_TYPE, audioAnswer, audioEvents } from '../api/answer.ts';
import { errorAnswer } from '../api/errors.ts';
import { type AudioRequest, parseAudioRequest } from '../api/openai.ts';
import { EarshotError, toEarshotError } from '../errors.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Clock } from '../util/clock.ts';
import type { Admission, Visit } from './admission.ts';
import type { ServerDependencies } from './server.ts';
import { type ReceivedForm, receiveForm } from './upload.ts';
import { isDoneWithin, whileWaiting } from './waiting.ts';

/** What the audio routes work with. `stopping` aborts when the server can wait no longer. */
export interface AudioContext extends Omit<ServerDependencies, 'clock'> {
  readonly admission: Admission;
  readonly stopping: AbortSignal;
  readonly clock: Clock;
}

type Task = 'transcribe' | 'translate';

/** A JSON answer begins after this time, with blank lines until the result is there: Node's fetch waits five minutes. */
const BEGIN_MS = 60_000;
const FILL_MS = 15_000;

/** The handler of /v1/audio/transcriptions and /v1/audio/translations: upload, wait for a turn, transcribe, answer. */
export function audioRoute(task: Task, context: AudioContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const visit = context.admission.enter();
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, context.stopping]);
    let form: ReceivedForm;
    try {
      form = await receiveForm(request, context.uploadsDir, context.maxUploadBytes);
    } catch (error) {
      visit.leave();
      throw error;
    }
    let asked: AudioRequest;
    try {
      asked = parseAudioRequest(form.fields, context.models());
    } catch (error) {
      await end(visit, form);
      throw error;
    }
    const work = transcribe(task, asked, form, visit, signal, context);
    work.catch(() => undefined); // whoever still listens is told below
    if (asked.stream) return stream(reply, asked, work, context);
    const answer = work.then((transcript) => audioAnswer(asked, task, transcript, context.render));
    return respond(reply, asked, answer, context);
  };
}

async function transcribe(
  task: Task,
  { model, language, format }: AudioRequest,
  form: ReceivedForm,
  visit: Visit,
  signal: AbortSignal,
  context: AudioContext,
): Promise<Transcript> {
  const options = { name: form.name, model, language, task, diarize: format === 'diarized_json' };
  try {
    return await visit.work(signal, () => context.transcribe(form.path, options, signal));
  } catch (error) {
    throw withoutPath(toEarshotError(error), form);
  } finally {
    await end(visit, form);
  }
}

async function end(visit: Visit, form: ReceivedForm): Promise<void> {
  await form.remove().finally(() => visit.leave());
}

/** Messages name the file; the client knows it by another name than we do. */
function withoutPath(error: EarshotError, { path, name }: ReceivedForm): EarshotError {
  const ours = path.split(/[/\\]/).at(-1) as string;
  const message = error.message.replaceAll(path, name).replaceAll(ours, name);
  return new EarshotError(error.code, message, { cause: error });
}

/** Text answers wait for the result; JSON answers may begin early, because JSON may be preceded by blank lines. */
async function respond(
  reply: FastifyReply,
  asked: AudioRequest,
  answer: Promise<Answer>,
  context: AudioContext,
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
  context: AudioContext,
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
  (context: AudioContext) =>
  (error: unknown): string => {
    context.onError?.(toEarshotError(error));
    return JSON.stringify(errorAnswer(toEarshotError(error)).body);
  };
