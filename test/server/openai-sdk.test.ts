import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { Readable } from 'node:stream';
import { transcriptKey } from '../../src/api/job-files.ts';
import { EarshotError } from '../../src/errors.ts';
import { MAX_TRIES } from '../../src/jobs/states.ts';
import { Worker, type StageRunner } from '../../src/jobs/worker.ts';
import { createApiKey, hashKey } from '../../src/server/auth/api-key.ts';
import { buildSegments } from '../../src/speech/attribution/segments.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { running, transcript, type Asked, type Running } from './fixture.ts';

const KEY = 'correct-horse-battery';
const TEXT = 'Hello there. Good day.';

/** OpenAI's own client, unmodified: another base URL is all that it is told. */
const clientOf = (
  { url }: Pick<Running, 'url'>,
  options: ConstructorParameters<typeof OpenAI>[0] = {},
): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0, ...options });

async function gone({ jobs }: Running): Promise<void> {
  const left = async (): Promise<number> =>
    (await jobs.list({ owner: null, status: null, kind: null, limit: 10, after: null })).jobs.length;
  const end = Date.now() + 5_000;
  while ((await left()) > 0) {
    assert.ok(Date.now() < end, 'a job is left');
    await new Promise(setImmediate);
  }
}

describe('the openai package', () => {
  test('against one server', async (t) => {
    let transcribe = async (_asked: Asked, _signal: AbortSignal): Promise<Transcript> => transcript();
    const server = await running(t, {
      auth: { apiKey: KEY },
      transcribe: (asked, signal) => transcribe(asked, signal),
    });
    t.beforeEach(() => {
      transcribe = async () => transcript();
      server.calls.length = 0;
    });
    const client = clientOf(server);
    const { transcriptions, translations } = client.audio;
    const folder = await mkdtemp(join(tmpdir(), 'earshot-sdk-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'speech.wav');
    await writeFile(path, 'RIFF');
    const audio = (): Promise<File> => toFile(Buffer.from('RIFF'), 'speech.wav');
    const model = 'whisper-1';

    const forms: [string, () => unknown][] = [
      ['a read stream', () => createReadStream(path)],
      ['a Buffer', audio],
      ['a File', () => new File(['RIFF'], 'speech.wav')],
      ['a Response', () => new Response('RIFF')],
      [
        'a stream of unknown length',
        () => toFile(Readable.from([Buffer.from('RI'), Buffer.from('FF')]), 'speech.wav'),
      ],
    ];
    for (const [what, make] of forms)
      await t.test(`sends ${what}`, async () => {
        let heard = '';
        transcribe = async (asked) => {
          heard = await readFile(asked.path, 'utf8');
          return transcript();
        };
        const file = (await make()) as File;
        const answer = await transcriptions.create({ file, model });
        assert.equal(answer.text, TEXT);
        assert.deepEqual(answer.usage, { type: 'duration', seconds: 4 });
        assert.equal(heard, 'RIFF');
        await gone(server);
      });

    await t.test('every format', async () => {
      const file = await audio();
      assert.equal(await transcriptions.create({ file, model, response_format: 'text' }), `${TEXT}\n`);
      assert.match(
        await transcriptions.create({ file, model, response_format: 'srt' }),
        /^1\n00:00:00,000 -->/,
      );
      assert.match(await transcriptions.create({ file, model, response_format: 'vtt' }), /^WEBVTT\n/);
      const verbose = await transcriptions.create({
        file,
        model,
        response_format: 'verbose_json',
        timestamp_granularities: ['word', 'segment'],
        language: 'en',
        temperature: 0,
        prompt: 'Names: Ann.',
      });
      assert.deepEqual(
        [verbose.language, verbose.duration, verbose.segments?.length, verbose.words?.[0]],
        ['english', 3.2, 2, { word: 'Hello', start: 0, end: 0.4 }],
      );
      const words = await transcriptions.create({
        file,
        model,
        response_format: 'verbose_json',
        timestamp_granularities: ['word'],
      });
      assert.deepEqual(['segments' in words, words.words?.length], [false, 4]);
      const diarized = (await transcriptions.create({
        file,
        model: 'gpt-4o-transcribe-diarize',
        response_format: 'diarized_json',
        chunking_strategy: { type: 'server_vad', threshold: 0.5 },
      })) as unknown as OpenAI.Audio.TranscriptionDiarized;
      assert.deepEqual(
        diarized.segments.map(({ id, type, speaker, text }) => [id, type, speaker, text]),
        [
          ['seg_001', 'transcript.text.segment', 'A', 'Hello there.'],
          ['seg_002', 'transcript.text.segment', 'B', 'Good day.'],
        ],
      );
    });

    await t.test('logprobs are asked for in vain, and the answer has none', async () => {
      const answer = await transcriptions.create({
        file: await audio(),
        model: 'gpt-4o-transcribe',
        include: ['logprobs'],
        chunking_strategy: 'auto',
      });
      assert.equal(answer.logprobs, undefined);
    });

    await t.test('translations', async () => {
      assert.equal((await translations.create({ file: await audio(), model })).text, TEXT);
      const verbose = await translations.create({
        file: await audio(),
        model,
        response_format: 'verbose_json',
      });
      assert.equal((verbose as { task?: string }).task, 'translate');
      assert.deepEqual(
        server.calls.map(({ task }) => task),
        ['translate', 'translate'],
      );
    });

    for (const format of ['json', 'text', 'diarized_json'] as const)
      await t.test(`streams ${format}`, async () => {
        const stream = await transcriptions.create({
          file: await audio(),
          model: 'gpt-4o-transcribe',
          response_format: format,
          stream: true,
        });
        const events = await all(stream);
        const done = events.at(-1);
        assert.ok(done?.type === 'transcript.text.done');
        assert.equal(done.text, TEXT);
        const pieces = events.slice(0, -1).map((event) => {
          if (event.type === 'transcript.text.delta') return event.delta;
          return event.type === 'transcript.text.segment' ? `${event.speaker}: ${event.text}` : '?';
        });
        const spoken = ['A: Hello there.', 'B: Good day.'];
        assert.deepEqual(pieces, format === 'diarized_json' ? spoken : ['Hello there.', ' Good day.']);
      });

    await t.test('lists and retrieves models', async () => {
      const ids = (await all(client.models.list())).map(({ id }) => id);
      assert.deepEqual(ids.slice(0, 2), ['parakeet', 'whisper-1']);
      assert.equal((await client.models.retrieve('parakeet')).object, 'model');
      await assert.rejects(client.models.retrieve('nope'), OpenAI.NotFoundError);
    });

    const api = (
      kind: abstract new (...args: never[]) => InstanceType<typeof OpenAI.APIError>,
      expected: Partial<InstanceType<typeof OpenAI.APIError>>,
    ) =>
      function isExpected(error: unknown): true {
        assert.ok(error instanceof kind, String(error));
        for (const [name, value] of Object.entries(expected))
          assert.equal(error[name as keyof typeof error], value, `${name} of ${String(error)}`);
        assert.match(error.requestID ?? '', /^req_\w{32}$/);
        return true;
      };

    await t.test('errors are its own classes, with code, param, type and request id', async () => {
      const file = await audio();
      await assert.rejects(
        transcriptions.create({ file, model, response_format: 'doc' as 'json' }),
        api(OpenAI.BadRequestError, {
          status: 400,
          code: 'request_invalid',
          param: 'response_format',
          type: 'invalid_request_error',
        }),
      );
      await assert.rejects(
        clientOf(server, { apiKey: 'wrong-horse-battery' }).audio.transcriptions.create({ file, model }),
        api(OpenAI.AuthenticationError, { status: 401, code: 'unauthorized', type: 'authentication_error' }),
      );
      await assert.rejects(
        transcriptions.create({ file, model: 'nope' }),
        api(OpenAI.NotFoundError, { status: 404, code: 'not_found', param: 'model' }),
      );
      transcribe = () => Promise.reject(new EarshotError('recording_unreadable', 'not media'));
      await assert.rejects(
        transcriptions.create({ file, model }),
        api(OpenAI.UnprocessableEntityError, { status: 422, code: 'recording_unreadable' }),
      );
      transcribe = () => Promise.reject(new EarshotError('worker_lost', 'x'));
      await assert.rejects(
        transcriptions.create({ file, model }),
        api(OpenAI.InternalServerError, { status: 500, code: 'worker_lost', type: 'server_error' }),
      );
    });

    await t.test('tries again what may pass, not what cannot', async () => {
      const file = await audio();
      const persistent = clientOf(server, { maxRetries: 1 }).audio.transcriptions;
      for (const code of ['worker_lost', 'model_missing'] as const) {
        server.calls.length = 0;
        transcribe = () => Promise.reject(new EarshotError(code, 'x'));
        await assert.rejects(persistent.create({ file, model }), OpenAI.InternalServerError);
        assert.equal(server.calls.length, 1, `${code} was tried once`);
      }
      server.calls.length = 0;
      const failing = new EarshotError('worker_failed', 'x', { retryAfterSeconds: 0 });
      transcribe = () =>
        server.calls.length <= MAX_TRIES ? Promise.reject(failing) : Promise.resolve(transcript());
      assert.equal((await persistent.create({ file, model })).text, TEXT);
      assert.equal(server.calls.length, MAX_TRIES + 1);
    });

    await t.test('a timeout cancels the job, and the retry is another one', async () => {
      const signals: AbortSignal[] = [];
      transcribe = (_asked, signal) => {
        signals.push(signal);
        if (signals.length === 2) return Promise.resolve(transcript());
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      };
      const patient = clientOf(server, { maxRetries: 1, timeout: 1_500 });
      const answer = await patient.audio.transcriptions.create({ file: await audio(), model });
      assert.equal(answer.text, TEXT);
      assert.equal(signals.length, 2);
      await gone(server);
      transcribe = (_asked, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      await assert.rejects(
        transcriptions.create({ file: await audio(), model }, { timeout: 300 }),
        OpenAI.APIConnectionTimeoutError,
      );
      await gone(server);
    });

    await t.test('an abort cancels the job within seconds and deletes it', async () => {
      const started = Promise.withResolvers<void>();
      const stopped = Promise.withResolvers<void>();
      transcribe = (_asked, signal) => {
        started.resolve();
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => (stopped.resolve(), reject(signal.reason as Error))),
        );
      };
      const abort = new AbortController();
      const answer = transcriptions.create({ file: await audio(), model }, { signal: abort.signal });
      await started.promise;
      const began = Date.now();
      abort.abort();
      await assert.rejects(answer, OpenAI.APIUserAbortError);
      await stopped.promise;
      await gone(server);
      assert.ok(Date.now() - began < 3_000);
    });
  });

  test('scopes and rates of keys', async (t) => {
    const reader = createApiKey();
    const hasty = createApiKey();
    const folder = await mkdtemp(join(tmpdir(), 'earshot-sdk-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const keysFile = join(folder, 'keys.json');
    const row = { owner: 'me', sha256: hashKey(reader).toString('hex'), scopes: ['read'] };
    const rows = [
      { id: 'reader', ...row },
      { id: 'hasty', ...row, sha256: hashKey(hasty).toString('hex'), rate_per_minute: 1 },
    ];
    await writeFile(keysFile, JSON.stringify({ keys: rows }));
    const server = await running(t, { auth: { keysFile } });
    const file = await toFile(Buffer.from('RIFF'), 'a.wav');
    await assert.rejects(
      clientOf(server, { apiKey: reader }).audio.transcriptions.create({ file, model: 'whisper-1' }),
      OpenAI.PermissionDeniedError,
    );
    const { models } = clientOf(server, { apiKey: hasty });
    await models.list();
    await assert.rejects(models.list(), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.match(error.headers.get('retry-after') ?? '', /^\d+$/);
      return true;
    });
  });

  const spoken = ['Hello there. This', 'is the second part.', 'And that was all.'];
  /** A stream whose last chunk is recognised first and whose second one waits for `open`. */
  async function streamed(t: TestContext, end: 'ends' | 'fails') {
    const server = await running(t, { worker: false });
    const second = Promise.withResolvers<void>();
    work(t, server, spoken, second.promise, end);
    const file = await toFile(Buffer.from('RIFF'), 'a.wav');
    const stream = await clientOf(server).audio.transcriptions.create({
      ...{ file, model: 'gpt-4o-transcribe' },
      stream: true,
    });
    return { server, stream, events: stream[Symbol.asyncIterator](), open: second.resolve };
  }

  test('text is streamed as its chunks are recognised, in their order', async (t) => {
    const { events, open } = await streamed(t, 'ends');
    const first = await events.next(); // comes while the second chunk still waits
    assert.deepEqual(first.value, { type: 'transcript.text.delta', delta: spoken[0] });
    open();
    const rest = await all({ [Symbol.asyncIterator]: () => events });
    const done = rest.pop();
    assert.ok(done?.type === 'transcript.text.done');
    assert.equal(done.text, spoken.join(' '));
    const deltas = [first.value, ...rest].map((event) => (event as { delta: string }).delta);
    assert.equal(deltas.join(''), done.text);
  });

  test('a stream that is left behind ends its job', async (t) => {
    const { server, stream, events, open } = await streamed(t, 'ends');
    assert.equal((await events.next()).value?.type, 'transcript.text.delta');
    stream.controller.abort();
    await gone(server);
    open();
    assert.deepEqual(server.errors, []);
  });

  test('an error within a stream is thrown by its iteration', async (t) => {
    const { events, open } = await streamed(t, 'fails');
    assert.equal((await events.next()).value?.type, 'transcript.text.delta');
    open();
    await assert.rejects(all({ [Symbol.asyncIterator]: () => events }), (error) => {
      assert.ok(error instanceof OpenAI.APIError);
      assert.equal(error.code, 'recording_unreadable');
      return true;
    });
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Runs the stages of a transcription with three chunks: the last is done first, the second waits for `second`. */
function work(
  t: TestContext,
  { jobs, storage, errors }: Running,
  chunks: readonly string[],
  second: Promise<void>,
  end: 'ends' | 'fails',
): void {
  const wordsOf = (index: number) =>
    (chunks[index] ?? '').split(' ').map((text, i) => ({
      ...{ text, start: index * 10 + i * 0.5, end: index * 10 + i * 0.5 + 0.4 },
      ...{ confidence: null, speaker: null },
    }));
  const runners: Record<string, StageRunner> = {
    prepare: {
      slots: 1,
      run: () =>
        Promise.resolve({
          as: 'done',
          result: { plan: { tracks: [{}] } },
          then: [
            ...chunks.map((_, index) => ({ name: 'recognize', index, data: index, isOptional: true })),
            { name: 'diarize' },
          ],
          last: { name: 'finish' },
        }),
    },
    recognize: {
      slots: chunks.length,
      run: async ({ job, stage }) => {
        const index = Number(stage.data);
        if (index === 0) await settled(jobs, job.id, chunks.length - 1);
        if (index === 1) await second;
        const recognition = { words: wordsOf(index), language: { code: 'en', confidence: null } };
        return { as: 'done', result: { recognition } };
      },
    },
    diarize: { slots: 1, run: () => Promise.resolve({ as: 'done', result: null }) },
    finish: {
      slots: 1,
      run: async ({ job, lease }) => {
        if (end === 'fails') throw new EarshotError('recording_unreadable', 'not media');
        const words = chunks
          .flatMap((_, index) => wordsOf(index))
          .map((word) => ({ ...word, channel: null }));
        const made = { ...transcript(), segments: buildSegments(words, []) };
        const key = transcriptKey(job.id, lease.id);
        await storage.put(key, Readable.from([Buffer.from(JSON.stringify(made))]));
        return { as: 'done', result: null, jobResult: { transcript: key, lost_chunks: 0 } };
      },
    },
  };
  const worker = new Worker({ jobs, runners, onError: (error) => errors.push(error) });
  t.after(() => worker.drain(0));
}

/** Resolves once the chunk's result is written. */
async function settled(jobs: Running['jobs'], id: string, index: number): Promise<void> {
  for (;;) {
    const news = Promise.withResolvers<void>();
    const off = jobs.onJob(id, news.resolve);
    const [stage] = await jobs.results(id, 'recognize', index);
    if (stage?.state === 'done') return off();
    await news.promise;
    off();
  }
}
