import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { END, filePart, raw, running, textPart } from './fixture.ts';

interface Answer {
  readonly job_id: string;
  readonly name: string;
  readonly error: { readonly code: string; readonly param: string | null };
}
const NOT_CHOSEN = (field: string): string =>
  `--XX\r\nContent-Disposition: form-data; name="${field}"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n`;
const DOORS = [
  '/jobs',
  '/v1/audio/transcriptions',
  '/v1/audio/translations',
  '/transcribe',
  '/enqueue_chunk',
];

test('fields of a form that are left empty are as if they were not there', async (t) => {
  const server = await running(t);
  const sent = async (path: string, ...parts: string[]): Promise<[number, Answer]> => {
    const { status, body } = await raw(server.url + path, [...parts, END]);
    return [status, JSON.parse(body) as Answer];
  };

  await t.test('POST /jobs', async () => {
    const fields = ['model', 'language', 'task', 'diarization', 'speakers', 'min_speakers', 'max_speakers']
      .concat(['enrich', 'enrich[]', 'batch_size', 'url', 'upload_id', 'name', 'whisper_model'])
      .concat(['priority', 'webhook_url', 'webhook_secret']);
    const empty = fields.map((name) => textPart(name, name === 'speakers' ? ' ' : ''));
    const [status, made] = await sent('/jobs', ...empty, filePart('a.wav', 'RIFF'));
    assert.deepEqual([status, made.name], [201, 'a.wav'], JSON.stringify(made));
    assert.deepEqual((await server.jobs.get(made.job_id))?.options, {});
    const [wrong, { error }] = await sent('/jobs', textPart('languge', ''), filePart('a.wav', 'RIFF'));
    assert.deepEqual([wrong, error.param], [422, 'languge'], 'a name that nobody knows is a mistake');
  });

  await t.test('a file that was not chosen', async () => {
    const url = 'https://recordings.invalid/b.wav';
    const [status, { name }] = await sent('/jobs', NOT_CHOSEN('file'), textPart('url', url));
    assert.deepEqual([status, name], [201, 'b.wav']);
    const recording = filePart('a.wav', 'RIFF').replace('name="file"', 'name="audio"');
    assert.equal((await sent('/transcribe', NOT_CHOSEN('file'), recording))[0], 200);
    for (const path of DOORS) {
      const [refused, { error }] = await sent(path, NOT_CHOSEN('file'));
      const expected = path.startsWith('/v1') ? [400, 'request_invalid'] : [422, 'field_invalid'];
      assert.deepEqual([refused, error.code, error.param], [...expected, 'file'], path);
    }
  });

  await t.test("OpenAI's routes, and the other doors", async () => {
    const fields = ['model', 'language', 'languages[]', 'prompt', 'keywords[]', 'response_format', 'stream']
      .concat(['temperature', 'timestamp_granularities[]', 'include[]', 'chunking_strategy'])
      .concat(['known_speaker_names[]', 'known_speaker_references[]']);
    const empty = fields.map((name) => textPart(name, ''));
    const [status, told] = await sent('/v1/audio/transcriptions', ...empty, filePart('a.wav', 'RIFF'));
    assert.equal(status, 200, JSON.stringify(told));
    const own = ['language', 'speakers', 'offset_seconds', 'name'].map((name) => textPart(name, ''));
    assert.equal((await sent('/enqueue_chunk', ...own, filePart('a.wav', 'RIFF')))[0], 200);
    assert.equal((await sent('/transcribe?language=de', ...own.slice(0, 2), filePart('a.wav', 'R')))[0], 200);
    assert.equal(server.calls.at(-1)?.language, 'de', 'what is empty does not win over the address');
  });
});

test('a recording of no bytes is refused at once, and nothing is kept of it', async (t) => {
  const { url, jobs, folder } = await running(t, { worker: false });
  for (const path of DOORS) {
    const { status, body } = await raw(url + path, [filePart('a.wav', ''), END]);
    const { error } = JSON.parse(body) as Answer;
    assert.deepEqual([status, error.code, error.param], [422, 'recording_empty', 'file'], path);
  }
  const tus = { 'tus-resumable': '1.0.0' };
  const begun = await fetch(`${url}/uploads`, { method: 'POST', headers: { ...tus, 'upload-length': '0' } });
  assert.equal(begun.status, 201);
  const answer = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ upload_id: begun.headers.get('location')?.split('/').at(-1) }),
  });
  const { error } = (await answer.json()) as Answer;
  assert.deepEqual([answer.status, error.code, error.param], [422, 'recording_empty', 'upload_id']);
  assert.equal((await jobs.counts()).queued, 0);
  const elsewhere = textPart('url', 'https://recordings.invalid/b.wav');
  assert.equal((await raw(`${url}/jobs`, [NOT_CHOSEN('file'), elsewhere, END])).status, 201);
  assert.deepEqual(await readdir(`${folder}/jobs`).catch(() => []), []);
});
