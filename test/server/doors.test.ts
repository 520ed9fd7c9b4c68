import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Transcript } from '../../src/transcript/schema.ts';
import { run } from '../../src/util/process.ts';
import { SAMPLES } from '../cli/run-cli.ts';
import { pause, serving, type Serving } from '../cli/serving.ts';

type Json = Record<string, unknown>;
interface ChunkResult {
  readonly status: string;
  readonly text: string;
  readonly offset_seconds: number;
  readonly segments: readonly { start: number; end: number; words: readonly { start: number }[] }[];
}

/** The real server with the real pipeline; the clients are what such services document. */
describe('doors of other services', () => {
  let cwd: string;
  let server: Serving;
  let transcribed: Transcript;
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'earshot-doors-'));
    server = await serving(cwd);
  });
  after(async () => {
    await server.stop();
    await rm(cwd, { recursive: true, force: true });
  });

  const sample = async (name: string): Promise<Blob> => new Blob([await readFile(join(SAMPLES, name))]);
  async function post(path: string, parts: Readonly<Record<string, string | Blob>>): Promise<Response> {
    const form = new FormData();
    for (const [name, value] of Object.entries(parts))
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, value, `${name}.bin`);
    return fetch(server.url + path, { method: 'POST', body: form });
  }
  async function jobs(): Promise<unknown[]> {
    return ((await (await fetch(`${server.url}/jobs`)).json()) as { jobs: unknown[] }).jobs;
  }

  test('/transcribe waits and answers with the transcript; the job goes with the request', async () => {
    const audio = await sample('clip.flac');
    const answer = await post('/transcribe?language=en&device=cpu&enable_diarization=false', { audio });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    transcribed = (await answer.json()) as Transcript;
    assert.equal(transcribed.schema, 'earshot.transcript/1');
    assert.match(transcribed.segments.map(({ text }) => text).join(' '), /meet again on monday morning/i);
    assert.equal(transcribed.stages['diarize']?.status, 'skipped');
    assert.deepEqual(await jobs(), []);
  });

  test('/enrich adds what the recording tells to a transcript, and keeps its words', async () => {
    const { segments } = transcribed;
    const bare = { ...transcribed, segments: segments.map((each) => ({ ...each, prosody: null })) };
    const answer = await post('/enrich?enable_prosody=true&enable_emotion=false', {
      transcript: new Blob([JSON.stringify(bare)]),
      file: await sample('clip.flac'),
    });
    const enriched = (await answer.json()) as Transcript;
    assert.equal(answer.status, 200, JSON.stringify(enriched));
    assert.deepEqual(
      enriched.segments.map(({ text, words }) => ({ text, words })),
      segments.map(({ text, words }) => ({ text, words })),
    );
    assert.ok((enriched.segments[0]?.prosody?.pitch?.mean_hz ?? 0) > 50);
    assert.equal(enriched.stages['prosody']?.status, 'done');
  });

  test('/enrich in another format, its options in the form, the transcript as a text field', async () => {
    const transcript = JSON.stringify(transcribed);
    const audio = await sample('clip.flac');
    const answer = await post('/enrich?format=vtt', { transcript, enrich: 'none', audio });
    assert.match(answer.headers.get('content-type') ?? '', /^text\/vtt/);
    assert.match(await answer.text(), /^WEBVTT/);
  });

  test("/transcribe in a language that the engine does not know is the caller's mistake", async () => {
    const answer = await post('/transcribe?language=de', { file: await sample('clip.flac') });
    const { error } = (await answer.json()) as { error: Json };
    assert.deepEqual([answer.status, error['code']], [400, 'language_unsupported'], JSON.stringify(error));
    assert.equal(error['param'], 'language');
  });

  const file = new Blob(['RIFF']);
  const wrong: [string, string, Record<string, string | Blob>, number, string | null][] = [
    ['no recording', '/transcribe', { language: 'en' }, 422, 'file'],
    ['two recordings', '/transcribe', { file, audio: file }, 422, 'audio'],
    ['an unknown field', '/transcribe', { file, langage: 'en' }, 422, 'langage'],
    ['an unknown parameter', '/transcribe?modle=x', { file }, 422, 'modle'],
    ['an unknown format', '/transcribe?format=doc', { file }, 422, 'format'],
    [
      'a field of POST /jobs',
      '/transcribe',
      { file, webhook_url: 'https://example.org' },
      422,
      'webhook_url',
    ],
    ['bytes that are no media', '/transcribe', { file }, 422, null],
    ['no transcript', '/enrich', { file }, 422, 'transcript'],
    ['a transcript that is none', '/enrich', { file, transcript: '{"segments":[]}' }, 422, null],
    ['a chunk before the start', '/enqueue_chunk', { file, offset_seconds: '-1' }, 422, 'offset_seconds'],
    ['a chunk without a file', '/enqueue_chunk', { offset_seconds: '1' }, 422, 'file'],
  ];
  for (const [what, path, parts, status, param] of wrong)
    test(`${path} refuses ${what}`, async () => {
      const answer = await post(path, parts);
      const { error } = (await answer.json()) as { error: Json };
      assert.equal(answer.status, status, JSON.stringify(error));
      if (param !== null) assert.equal(error['param'], param);
      assert.ok(!JSON.stringify(error).includes(cwd), JSON.stringify(error));
      assert.deepEqual(await jobs(), []);
    });

  test('/enqueue_chunk and /get_result: chunks in, polled until done, assembled in order', async () => {
    const chunks = [
      { name: 'clip.flac', at: 0 },
      { name: 'silence.flac', at: 10.264 },
      { name: 'clip.flac', at: 11.264 },
    ];
    const ids: string[] = [];
    for (const { name, at } of chunks) {
      const answer = await post('/enqueue_chunk', { file: await sample(name), offset_seconds: String(at) });
      const body = (await answer.json()) as Record<string, string>;
      assert.equal(answer.status, 200, JSON.stringify(body));
      assert.deepEqual(Object.keys(body), ['status', 'job_id', 'chunk_id']);
      assert.equal(body['status'], 'accepted');
      ids.push(body['chunk_id'] as string);
    }
    assert.equal(new Set(ids).size, 3, 'equal sound at another place is another chunk');
    const results = new Map<string, ChunkResult>();
    let polls = 0;
    while (results.size < ids.length) {
      for (const id of ids.filter((each) => !results.has(each))) {
        const answer = await fetch(`${server.url}/get_result/${id}`);
        const body = (await answer.json()) as ChunkResult;
        assert.ok(answer.ok);
        assert.equal(answer.status === 200, body.status === 'completed', JSON.stringify(body));
        if (body.status === 'completed') results.set(id, body);
        else assert.match(body.status, /^(queued|processing)$/);
      }
      assert.ok(polls++ < 500);
      await pause(100);
    }
    const [first, silent, last] = ids.map((id) => results.get(id) as ChunkResult);
    assert.equal(silent?.text, '');
    assert.equal(first?.text, last?.text);
    const shift = (last?.segments[0]?.start ?? 0) - (first?.segments[0]?.start ?? 0);
    assert.ok(Math.abs(shift - 11.264) < 1e-6, String(shift));
    assert.ok((last?.segments[0]?.words[0]?.start ?? 0) >= 11.264);
  });

  test('/get_result: 404 for what never was, status error for what failed', async () => {
    for (const id of ['0b6f3a54-58a1-4b5e-9a64-000000000000', 'x', '..%2Fx'])
      assert.equal((await fetch(`${server.url}/get_result/${id}`)).status, 404);
    const { chunk_id: id } = (await (await post('/enqueue_chunk', { file })).json()) as { chunk_id: string };
    let body: Json = { status: 'queued' };
    while (body['status'] === 'queued' || body['status'] === 'processing') {
      await pause(50);
      body = (await (await fetch(`${server.url}/get_result/${id}`)).json()) as Json;
    }
    assert.equal(body['status'], 'error');
    assert.match(String(body['message']), /./);
    assert.equal((body['error'] as Json)['code'], 'recording_unreadable');
  });

  test('the loop of asynchronous whisper services, as a script with curl', async () => {
    const script = `
      set -eu
      url="$1" sample="$2" tries=0
      id=$(curl -sf -F "file=@$sample" "$url/jobs" | sed -E 's/.*"job_id":"([^"]+)".*/\\1/')
      while [ "$tries" -lt 200 ]; do
        state=$(curl -sf "$url/jobs/$id" | sed -E 's/.*"status":"([^"]+)".*/\\1/')
        [ "$state" = completed ] && break
        tries=$((tries + 1))
        sleep 0.2
      done
      curl -sf "$url/jobs/$id/result"`;
    const { stdout } = await run('sh', ['-c', script, 'sh', server.url, join(SAMPLES, 'clip.flac')]);
    const made = JSON.parse(stdout) as Transcript;
    assert.deepEqual(
      made.segments.map(({ text }) => text),
      transcribed.segments.map(({ text }) => text),
    );
  });

  test('the same loop with fetch', async () => {
    const handed = await post('/jobs', { file: await sample('clip.flac'), whisper_model: 'whisper-1' });
    assert.equal(handed.status, 201);
    const { job_id: id } = (await handed.json()) as { job_id: string };
    for (;;) {
      const { status } = (await (await fetch(`${server.url}/jobs/${id}`)).json()) as { status: string };
      if (status === 'completed') break;
      assert.match(status, /^(queued|processing)$/);
      await pause(100);
    }
    const text = await (await fetch(`${server.url}/jobs/${id}/result?format=txt`)).text();
    assert.match(text, /monday morning/i);
  });
});
