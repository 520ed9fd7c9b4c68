import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { systemClock } from '../../src/util/clock.ts';
import {
  END,
  filePart,
  form,
  raw,
  running,
  textPart,
  transcript,
  type Asked,
  type Running,
} from './fixture.ts';

const PATH = '/v1/audio/transcriptions';
type Json = Record<string, unknown> & { error: Record<string, unknown> };
type Transcribe = (asked: Asked, signal: AbortSignal) => Promise<ReturnType<typeof transcript>>;
const post = (url: string, body: FormData, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers });
const json = async (response: Response): Promise<Json> => (await response.json()) as Json;

/** Whether no job and no file is left; cancelled work takes a moment to let go. */
async function nothingLeft({ jobs, storage }: Running): Promise<void> {
  const left = async (): Promise<string[]> => {
    const { jobs: rows } = await jobs.list({ owner: null, status: null, kind: null, limit: 10, after: null });
    const keys: string[] = [];
    for await (const { key } of storage.list('jobs/')) keys.push(key);
    return [...rows.map(({ id, status }) => `${id} ${status}`), ...keys];
  };
  const end = Date.now() + 10_000;
  while ((await left()).length > 0) {
    assert.ok(Date.now() < end, `left behind: ${(await left()).join(', ')}`);
    await new Promise(setImmediate);
  }
}

describe('OpenAI audio endpoints', () => {
  test('on one server', async (t) => {
    let transcribe: Transcribe = async () => transcript();
    let clock = systemClock;
    const server = await running(t, {
      transcribe: (asked, signal) => transcribe(asked, signal),
      clock: { now: () => clock.now(), sleep: (ms, signal) => clock.sleep(ms, signal) },
    });
    const url = server.url + PATH;
    const { calls, errors } = server;
    t.beforeEach(() => {
      transcribe = async () => transcript();
      clock = systemClock;
      calls.length = 0;
      errors.length = 0;
    });

    const formats: [string, RegExp, RegExp][] = [
      [
        'json',
        /^application\/json/,
        /^\{"text":"Hello there. Good day.","usage":\{"type":"duration","seconds":4\}\}$/,
      ],
      ['text', /^text\/plain/, /^Hello there. Good day.\n$/],
      ['srt', /^text\/plain/, /^1\n00:00:00,000 --> /],
      ['vtt', /^text\/vtt; charset=utf-8$/, /^WEBVTT/],
      ['diarized_json', /^application\/json/, /"speaker": ?"B"/],
    ];
    for (const [format, type, body] of formats)
      await t.test(`${format}: content type and body`, async () => {
        const response = await post(url, form([['response_format', format]]));
        assert.equal(response.status, 200);
        assert.match(response.headers.get('content-type') ?? '', type);
        assert.match(response.headers.get('x-request-id') ?? '', /^req_\w{32}$/);
        assert.match(await response.text(), body);
      });

    for (const [asked, expected] of [
      [[], ['segments']],
      [['segment'], ['segments']],
      [['word'], ['words']],
      [
        ['word', 'segment'],
        ['segments', 'words'],
      ],
    ] as const)
      for (const name of ['timestamp_granularities[]', 'timestamp_granularities'])
        await t.test(`verbose_json with ${asked.join('+') || 'no'} granularity as ${name}`, async () => {
          const fields = asked.map((value): [string, string] => [name, value]);
          const body = await json(await post(url, form([['response_format', 'verbose_json'], ...fields])));
          assert.deepEqual(
            Object.keys(body)
              .filter((key) => key === 'segments' || key === 'words')
              .sort(),
            expected,
          );
          assert.equal(body['language'], 'english');
          assert.equal(body['task'], 'transcribe');
        });

    await t.test('stream: deltas, then done, as data lines', async () => {
      const response = await post(url, form([['stream', 'true']]));
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
      const events = (await response.text())
        .split('\n\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => JSON.parse(line.slice(6)) as Record<string, string>);
      assert.deepEqual(
        events.map(({ type }) => type),
        ['transcript.text.delta', 'transcript.text.delta', 'transcript.text.done'],
      );
      assert.equal(events.map(({ delta = '' }) => delta).join(''), events[2]?.['text']);
    });

    await t.test('stream: what fails at once has its status', async () => {
      transcribe = () => Promise.reject(new EarshotError('recording_unreadable', 'not media'));
      const response = await post(url, form([['stream', 'true']]));
      assert.equal(response.status, 422);
      assert.equal((await json(response)).error['code'], 'recording_unreadable');
    });

    await t.test('stream: what fails later is a data line, after comments that kept it alive', async () => {
      const work = Promise.withResolvers<ReturnType<typeof transcript>>();
      work.promise.catch(() => undefined); // it may fail before the worker asks
      let long = 0;
      clock = {
        now: () => Date.now(),
        sleep: async (ms, signal) => {
          if (ms < 5_000) return systemClock.sleep(ms, signal);
          if (++long === 4) work.reject(new EarshotError('recording_unreadable', 'not media'));
        },
      };
      transcribe = () => work.promise;
      const text = await (await post(url, form([['stream', 'true']]))).text();
      assert.match(text, /^: transcribing\n\n: transcribing\n\n/);
      assert.match(text, /\ndata: \{"error":\{"message":"not media"/);
    });

    await t.test('work that lasts: the answer begins with blank lines and is JSON all the same', async () => {
      const work = Promise.withResolvers<ReturnType<typeof transcript>>();
      let long = 0;
      clock = {
        now: () => Date.now(),
        sleep: async (ms, signal) => {
          if (ms < 5_000) return systemClock.sleep(ms, signal);
          if (++long === 3) work.resolve(transcript());
        },
      };
      transcribe = () => work.promise;
      const response = await post(url, form([]));
      const text = await response.text();
      assert.equal(response.status, 200);
      assert.match(text, /^\n+\{"text":"Hello/);
    });

    await t.test('options reach the transcription; aliases mean what is installed', async () => {
      await post(
        url,
        form([
          ['model', 'parakeet'],
          ['language', 'EN'],
          ['response_format', 'diarized_json'],
        ]),
      );
      await post(`${server.url}/v1/audio/translations`, form([['model', 'whisper-1']]));
      assert.deepEqual(
        calls.map(({ path: _path, ...call }) => call),
        [
          { name: 'a.wav', model: 'parakeet', language: 'en', task: 'transcribe', diarize: true },
          { name: 'a.wav', model: null, language: 'auto', task: 'translate', diarize: false },
        ],
      );
    });

    await t.test('subtitles say who speaks when the model is the one that can', async () => {
      for (const [model, format] of [
        ['gpt-4o-transcribe-diarize', 'vtt'],
        ['gpt-4o-transcribe-diarize', 'json'],
        ['gpt-4o-transcribe', 'vtt'],
      ] as const)
        await post(url, form([['model', model], ['response_format', format]])); // prettier-ignore
      assert.deepEqual(
        calls.map(({ diarize }) => diarize),
        [true, false, false],
      );
    });

    await t.test('hints are taken in every wire form, and change nothing', async () => {
      for (const hints of [
        [['chunking_strategy', 'auto']],
        [['chunking_strategy', '{"type":"server_vad","threshold":0.4}']],
        [
          ['chunking_strategy[type]', 'server_vad'],
          ['chunking_strategy[silence_duration_ms]', '200'],
        ],
        [
          ['include[]', 'logprobs'],
          ['temperature', '0.2'],
          ['prompt', 'Names: Ann'],
          ['keywords[]', 'Ann'],
          ['languages[]', 'en'],
          ['stream', 'False'],
        ],
      ] as [string, string][][]) {
        const response = await post(url, form(hints));
        assert.deepEqual(await json(response), {
          text: 'Hello there. Good day.',
          usage: { type: 'duration', seconds: 4 },
        });
      }
    });

    for (const [order, parts] of [
      ['first', [filePart('a.wav', 'AUDIO'), textPart('response_format', 'text'), END]],
      ['last', [textPart('response_format', 'text'), filePart('a.wav', 'AUDIO'), END]],
    ] as const)
      await t.test(`file ${order}, chunked, without a length, cut anywhere`, async () => {
        let heard = '';
        transcribe = async ({ path }) => {
          heard = await readFile(path, 'utf8');
          return transcript();
        };
        const bytes = parts.join('');
        const cut = Math.floor(bytes.length / 2);
        const answer = await raw(url, [bytes.slice(0, cut), bytes.slice(cut)]);
        assert.equal(answer.status, 200);
        assert.equal(answer.body, 'Hello there. Good day.\n');
        assert.equal(heard, 'AUDIO');
        await nothingLeft(server);
      });

    const speech = `data:audio/wav;base64,${Buffer.alloc(200_000).toString('base64')}`;
    const fields = [
      ...[textPart('model', 'gpt-4o-transcribe-diarize'), textPart('response_format', 'diarized_json')],
      ...[textPart('chunking_strategy[type]', 'server_vad'), textPart('chunking_strategy[threshold]', '0.5')],
      ...[textPart('known_speaker_names[]', 'Ann'), textPart('known_speaker_names[]', 'Bob')],
      ...[speech, speech].map((each) => textPart('known_speaker_references[]', each)),
      ...[textPart('timestamp_granularities[]', 'segment'), textPart('temperature', '0.0')],
      ...[textPart('language', 'en'), textPart('stream', 'false')],
    ];
    for (const [sdk, parts] of [
      ['Python', [...fields, filePart('speech.mp3', 'AUDIO'), END]],
      ['JavaScript', [filePart('speech.mp3', 'AUDIO'), ...fields, END]],
    ] as const)
      await t.test(`the form as the ${sdk} SDK writes it, with every kind of field`, async () => {
        let keys: string[] = [];
        transcribe = async () => {
          for await (const { key } of server.storage.list('jobs/')) keys.push(key.split('/').at(-1) ?? '');
          return transcript();
        };
        const answer = await raw(url, parts);
        assert.equal(answer.status, 200, answer.body);
        keys = keys.filter((key) => !key.startsWith('transcript')).sort();
        assert.deepEqual(keys, ['source', 'speaker-0', 'speaker-1']);
        assert.deepEqual([calls[0]?.language, calls[0]?.diarize], ['en', true]);
        await nothingLeft(server);
      });

    for (const name of ['a.$(id)', '../../x', '-rf', 'a b (1).wav', 'ünï 語.wav', `${'x'.repeat(300)}.wav`])
      await t.test(`E2: an upload named ${name.slice(0, 20)} is harmless`, async () => {
        assert.equal((await raw(url, [filePart(name, 'A'), END])).status, 200);
        assert.equal(basename(calls[0]?.path ?? ''), 'source');
        assert.ok(calls[0]?.path.startsWith(server.folder));
        assert.equal(calls[0]?.name, (name.split('/').at(-1) ?? '').slice(0, 200));
      });

    const file = filePart('a', 'A');
    const speaker = (name: string, reference: string): string =>
      textPart('known_speaker_names[]', name) + textPart('known_speaker_references[]', reference);
    const wav = 'data:audio/wav;base64,UklGRg==';
    const wrong: [string, string, number, string | null][] = [
      ['a model nobody has', textPart('model', 'nope') + file + END, 404, 'model'],
      ['an unknown field', textPart('langage', 'en') + file + END, 400, 'langage'],
      ['an unknown format', textPart('response_format', 'doc') + file + END, 400, 'response_format'],
      [
        'words as json',
        textPart('timestamp_granularities[]', 'word') + file + END,
        400,
        'timestamp_granularities',
      ],
      ['subtitles as a stream', textPart('stream', 'true') + textPart('response_format', 'srt') + file + END, 400, 'stream'], // prettier-ignore
      ['a strategy nobody has', textPart('chunking_strategy', 'whole') + file + END, 400, 'chunking_strategy'],
      ['a strategy with a wrong key', textPart('chunking_strategy[tpye]', 'server_vad') + file + END, 400, 'chunking_strategy'], // prettier-ignore
      ['a temperature of 2', textPart('temperature', '2') + file + END, 400, 'temperature'],
      ['no file', textPart('model', 'whisper-1') + END, 400, 'file'],
      ['a form that is cut off', textPart('model', 'whisper-1') + filePart('a', 'AAAA').slice(0, -3), 400, null],
      ['a file that is too large', filePart('a', 'A'.repeat(1_000_001)) + END, 413, null],
      ['a field called __proto__', textPart('__proto__', 'x') + file + END, 400, null],
      ['a name without a reference', textPart('known_speaker_names[]', 'Ann') + file + END, 400, 'known_speaker_references'],
      ['a reference without a name', textPart('known_speaker_references[]', wav) + file + END, 400, 'known_speaker_names'],
      ['five known speakers', 'abcde'.split('').map((name) => speaker(name, wav)).join('') + file + END, 400, 'known_speaker_names'],
      ['a name twice', speaker('Ann', wav) + speaker('Ann ', wav) + file + END, 400, 'known_speaker_names'],
      ['an empty name', speaker(' ', wav) + file + END, 400, 'known_speaker_names'],
      ['a reference that is a URL', speaker('Ann', 'https://example.org/a.wav') + file + END, 400, 'known_speaker_references'],
      ['a reference that is a text', speaker('Ann', 'data:text/plain;base64,aGVsbG8=') + file + END, 400, 'known_speaker_references'],
      ['a reference with no base64', speaker('Ann', 'data:audio/wav;base64,****') + file + END, 400, 'known_speaker_references'],
      ['a reference beyond any length', speaker('Ann', `${wav.slice(0, -8)}${'A'.repeat(4 << 20)}`) + file + END, 400, 'known_speaker_references[]'],
    ]; // prettier-ignore
    for (const [what, body, status, param] of wrong)
      await t.test(`refused with ${status}, nothing left behind: ${what}`, async () => {
        const answer = await raw(url, [body]);
        assert.equal(answer.status, status, answer.body);
        const { error } = JSON.parse(answer.body) as Json;
        assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
        if (param !== null) assert.equal(error['param'], param);
        assert.match(String(answer.headers['x-request-id']), /^req_/);
        assert.equal(calls.length, 0);
        await nothingLeft(server);
      });

    await t.test('JSON is not a form: 415', async () => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', body: '{}', headers });
      assert.equal(response.status, 415);
      assert.equal((await json(response)).error['code'], 'media_type_unsupported');
    });

    await t.test('an Idempotency-Key does not share a job that goes with its request', async () => {
      const headers = { 'idempotency-key': 'one' };
      const answers = await Promise.all([post(url, form([]), headers), post(url, form([]), headers)]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
      );
      assert.equal(calls.length, 2);
    });

    await t.test('a defect is told in general words', async () => {
      transcribe = () => Promise.reject(new EarshotError('output_unwritable', 'secret at /etc/x'));
      const response = await post(url, form([]));
      assert.equal(response.status, 500);
      assert.doesNotMatch(await response.text(), /secret|etc/);
      assert.ok(errors.some(({ message }) => message === 'secret at /etc/x'));
    });

    await t.test('what no retry can mend says so to OpenAI clients', async () => {
      transcribe = () => Promise.reject(new EarshotError('model_missing', 'x'));
      const response = await post(url, form([]));
      assert.equal(response.status, 503);
      assert.equal(response.headers.get('x-should-retry'), 'false');
    });

    for (const stream of ['false', 'true'])
      await t.test(
        `a client that goes away ends the work (stream ${stream}); job and file go with it`,
        async () => {
          const started = Promise.withResolvers<void>();
          const ended = Promise.withResolvers<void>();
          transcribe = async (_asked, signal) => {
            started.resolve();
            await once(signal, 'abort');
            ended.resolve();
            throw signal.reason as Error;
          };
          const client = new AbortController();
          const answer = fetch(url, {
            method: 'POST',
            body: form([['stream', stream]]),
            signal: client.signal,
          });
          await started.promise;
          const began = Date.now();
          client.abort();
          await assert.rejects(answer, { name: 'AbortError' });
          await ended.promise;
          assert.ok(Date.now() - began < 3_000);
          await nothingLeft(server);
        },
      );

    await t.test('a client that goes away while it uploads leaves nothing behind', async () => {
      const headers = { 'content-type': 'multipart/form-data; boundary=XX' };
      const request = http.request(url, { method: 'POST', headers });
      request.on('error', () => undefined);
      request.write(filePart('a', 'A'.repeat(1000)).slice(0, -10));
      const health = async (): Promise<Json> => json(await fetch(`${server.url}/health`));
      while ((await health())['active_uploads'] === 0);
      request.destroy();
      while ((await health())['active_uploads'] !== 0);
      assert.equal(calls.length, 0);
      await nothingLeft(server);
    });
  });
});
