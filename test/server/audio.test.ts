import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir, stat } from 'node:fs/promises';
import http from 'node:http';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { END, filePart, form, raw, running, textPart, transcript } from './fixture.ts';

const PATH = '/v1/audio/transcriptions';
type Json = Record<string, unknown> & { error: Record<string, unknown> };
const post = (url: string, body: FormData, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers });
const json = async (response: Response): Promise<Json> => (await response.json()) as Json;

describe('answers', () => {
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
    test(`${format}: content type and body`, async (t) => {
      const { url } = await running(t);
      const response = await post(url + PATH, form([['response_format', format]]));
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
      test(`verbose_json with ${asked.join('+') || 'no'} granularity as ${name}`, async (t) => {
        const { url } = await running(t);
        const fields = asked.map((value): [string, string] => [name, value]);
        const body = await json(
          await post(url + PATH, form([['response_format', 'verbose_json'], ...fields])),
        );
        assert.deepEqual(
          Object.keys(body)
            .filter((key) => key === 'segments' || key === 'words')
            .sort(),
          expected,
        );
        assert.equal(body['language'], 'english');
        assert.equal(body['task'], 'transcribe');
      });

  test('stream: deltas, then done, as data lines', async (t) => {
    const { url } = await running(t);
    const response = await post(url + PATH, form([['stream', 'true']]));
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

  test('stream: an error is a data line', async (t) => {
    const { url } = await running(t, {
      transcribe: () => Promise.reject(new EarshotError('recording_unreadable', 'not media')),
    });
    const text = await (await post(url + PATH, form([['stream', 'true']]))).text();
    assert.match(text, /^data: \{"error":\{"message":"not media"/m);
  });

  test('work that lasts: the answer begins with blank lines and is JSON all the same', async (t) => {
    const work = Promise.withResolvers<ReturnType<typeof transcript>>();
    let sleeps = 0;
    const { url } = await running(t, {
      transcribe: () => work.promise,
      clock: { now: () => 0, sleep: async () => void (++sleeps === 3 && work.resolve(transcript())) },
    });
    const response = await post(url + PATH, form([]));
    const text = await response.text();
    assert.equal(response.status, 200);
    assert.match(text, /^\n+\{"text":"Hello/);
  });
});

describe('requests', () => {
  test('options reach the transcription; aliases mean what is installed', async (t) => {
    const { url, calls } = await running(t);
    await post(
      url + PATH,
      form([
        ['model', 'parakeet'],
        ['language', 'EN'],
        ['response_format', 'diarized_json'],
      ]),
    );
    await post(url + '/v1/audio/translations', form([['model', 'whisper-1']]));
    assert.deepEqual(
      calls.map(({ path: _path, ...call }) => call),
      [
        { name: 'a.wav', model: 'parakeet', language: 'en', task: 'transcribe', diarize: true },
        { name: 'a.wav', model: null, language: 'auto', task: 'translate', diarize: false },
      ],
    );
  });

  for (const [order, parts] of [
    ['first', [filePart('a.wav', 'AUDIO'), textPart('response_format', 'text'), END]],
    ['last', [textPart('response_format', 'text'), filePart('a.wav', 'AUDIO'), END]],
  ] as const)
    test(`file ${order}, chunked, without a length, cut anywhere`, async (t) => {
      let heard = '';
      const { url, uploadsDir } = await running(t, {
        transcribe: async (path) => {
          heard = await readFile(path, 'utf8');
          assert.equal((await stat(path)).mode & 0o777, 0o600);
          return transcript();
        },
      });
      const bytes = parts.join('');
      const cut = Math.floor(bytes.length / 2);
      const answer = await raw(url + PATH, [bytes.slice(0, cut), bytes.slice(cut)]);
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'Hello there. Good day.\n');
      assert.equal(heard, 'AUDIO');
      assert.deepEqual(await readdir(uploadsDir), []);
    });

  for (const name of ['a.$(id)', '../../x', '-rf', 'a b (1).wav', 'ünï 語.wav', `${'x'.repeat(300)}.wav`])
    test(`E2: an upload named ${name.slice(0, 20)} is harmless`, async (t) => {
      const { url, calls, uploadsDir } = await running(t);
      assert.equal((await raw(url + PATH, [filePart(name, 'A'), END])).status, 200);
      assert.match(basename(calls[0]?.path ?? ''), /^[0-9a-f-]{36}\.upload$/);
      assert.ok(calls[0]?.path.startsWith(uploadsDir));
      assert.equal(calls[0]?.name, (name.split('/').at(-1) ?? '').slice(0, 200));
    });

  const wrong: [string, string, number, string | null][] = [
    ['a model nobody has', textPart('model', 'nope') + filePart('a', 'A') + END, 404, 'model'],
    ['an unknown field', textPart('langage', 'en') + filePart('a', 'A') + END, 400, 'langage'],
    [
      'an unknown format',
      textPart('response_format', 'doc') + filePart('a', 'A') + END,
      400,
      'response_format',
    ],
    [
      'words as json',
      textPart('timestamp_granularities[]', 'word') + filePart('a', 'A') + END,
      400,
      'timestamp_granularities',
    ],
    ['no file', textPart('model', 'whisper-1') + END, 400, 'file'],
    ['a file as text', textPart('file', 'A') + filePart('a', 'A') + END, 400, 'file'],
    ['two files', filePart('a', 'A') + filePart('b', 'B') + END, 413, null],
    [
      'a form that is cut off',
      textPart('model', 'whisper-1') + filePart('a', 'AAAA').slice(0, -3),
      400,
      null,
    ],
    ['a file that is too large', filePart('a', 'A'.repeat(1_000_001)) + END, 413, null],
    ['a field called __proto__', textPart('__proto__', 'x') + filePart('a', 'A') + END, 400, null],
  ];
  for (const [what, body, status, param] of wrong)
    test(`refused with ${status}, nothing left behind: ${what}`, async (t) => {
      const { url, calls, uploadsDir } = await running(t);
      const answer = await raw(url + PATH, [body]);
      assert.equal(answer.status, status, answer.body);
      const { error } = JSON.parse(answer.body) as Json;
      assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
      if (param !== null) assert.equal(error['param'], param);
      assert.match(String(answer.headers['x-request-id']), /^req_/);
      assert.equal(calls.length, 0);
      assert.deepEqual(await readdir(uploadsDir), []);
    });

  test('JSON is not a form: 415', async (t) => {
    const { url } = await running(t);
    const response = await fetch(url + PATH, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(response.status, 415);
    assert.equal((await json(response)).error['code'], 'media_type_unsupported');
  });
});

describe('failures', () => {
  test('the client reads its own file name and no path of ours', async (t) => {
    const { url } = await running(t, {
      transcribe: (path) =>
        Promise.reject(
          new EarshotError('recording_unreadable', `ffmpeg cannot read ${path} (${basename(path)})`),
        ),
    });
    const response = await post(url + PATH, form([]));
    assert.equal(response.status, 422);
    assert.equal((await json(response)).error['message'], 'ffmpeg cannot read a.wav (a.wav)');
  });

  test('a defect is told in general words, and to the operator in its own', async (t) => {
    const seen: string[] = [];
    const { url } = await running(t, {
      transcribe: () => Promise.reject(new Error('secret at /etc/x')),
      onError: ({ message }) => seen.push(message),
    });
    const response = await post(url + PATH, form([]));
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret|etc/);
    assert.deepEqual(seen, ['secret at /etc/x']);
  });

  test('what no retry can mend says so to OpenAI clients', async (t) => {
    const { url } = await running(t, {
      transcribe: () => Promise.reject(new EarshotError('model_missing', 'x')),
    });
    const response = await post(url + PATH, form([]));
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('x-should-retry'), 'false');
  });

  test('a client that goes away ends the work, and its file goes with it', async (t) => {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const { url, uploadsDir } = await running(t, {
      transcribe: async (_path, _request, signal) => {
        started.resolve();
        await once(signal, 'abort');
        ended.resolve();
        throw signal.reason as Error;
      },
    });
    const client = new AbortController();
    const answer = fetch(url + PATH, { method: 'POST', body: form([]), signal: client.signal });
    await started.promise;
    client.abort();
    await assert.rejects(answer, { name: 'AbortError' });
    await ended.promise;
    while ((await readdir(uploadsDir)).length > 0) await new Promise(setImmediate);
  });

  test('a client that goes away while it uploads leaves nothing behind', async (t) => {
    const { url, uploadsDir, calls } = await running(t);
    const request = http.request(url + PATH, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=XX' },
    });
    request.on('error', () => undefined);
    request.write(filePart('a', 'A'.repeat(1000)).slice(0, -10));
    while ((await readdir(uploadsDir)).length === 0) await new Promise(setImmediate);
    request.destroy();
    while ((await readdir(uploadsDir)).length > 0) await new Promise(setImmediate);
    assert.equal(calls.length, 0);
    while (((await json(await fetch(`${url}/health`)))['active_uploads'] as number) > 0);
  });
});
