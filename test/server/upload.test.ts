import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import { PassThrough } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sourceKey } from '../../src/api/job-files.ts';
import { END, filePart, raw, running, textPart } from './fixture.ts';

interface Made {
  readonly job_id: string;
  readonly name: string;
}
const MB = 1_000_000;

test('uploads', async (t) => {
  const { url, storage, jobs, folder } = await running(t, { worker: false });
  const endpoint = `${url}/jobs`;
  const made = async (chunks: readonly (string | Buffer)[]): Promise<Made> => {
    const { status, body } = await raw(endpoint, chunks);
    assert.equal(status, 201, body);
    return JSON.parse(body) as Made;
  };
  const bytesOf = async (id: string): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of await storage.get(sourceKey(id))) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  };

  await t.test('any name is accepted, told as it was, and names nothing on the disk', async () => {
    for (const [given, told] of [
      ['a.$(id)', 'a.$(id)'],
      ['../x', 'x'],
      ['..', 'recording'],
      ['-rf', '-rf'],
      ['a b (1).wav', 'a b (1).wav'],
      ['запись 会議.wav', 'запись 会議.wav'],
      ['n'.repeat(300), 'n'.repeat(200)],
      ['%2e%2e%2fx', '%2e%2e%2fx'],
      ['', 'recording'],
    ] as const) {
      const { job_id: id, name } = await made([filePart(given, 'RIFF'), END]);
      assert.equal(name, told);
      assert.equal(await bytesOf(id), 'RIFF');
    }
    const names = await readdir(folder, { recursive: true });
    for (const name of names)
      assert.match(name, /^(\.temporary|uploads.*|jobs(\/[0-9a-f-]{36}(\/source)?)?)$/);
  });

  await t.test(
    'the file may stand first, last or between, in any chunks, with and without a length',
    async () => {
      const file = filePart('a.wav', 'RIFF');
      const fields = [
        textPart('language', 'de'),
        textPart('speakers', '2'),
        textPart('enrich', 'prosody,sentiment'),
      ];
      for (const parts of [
        [file, ...fields, END],
        [...fields, file, END],
        [fields[0] as string, file, fields[1] as string, fields[2] as string, END],
      ]) {
        const { job_id: id } = await made(parts);
        const job = await jobs.get(id);
        assert.deepEqual(job?.options, { language: 'de', speakers: 2, enrich: ['prosody', 'sentiment'] });
        const whole = Buffer.from(parts.join(''));
        const single = Array.from(whole, (_, i) => whole.subarray(i, i + 1));
        await made(single);
        const { status } = await raw(endpoint, [whole], { 'content-length': String(whole.length) });
        assert.equal(status, 201);
      }
    },
  );

  await t.test('a file without a name or type, and a name in a field', async () => {
    const bare = '--XX\r\nContent-Disposition: form-data; name="file"\r\n\r\nRIFF\r\n';
    assert.equal((await made([bare, END])).name, 'recording');
    assert.equal((await made([bare, textPart('name', 'Talk 1'), END])).name, 'Talk 1');
    assert.equal((await made([textPart('name', '/x/../Talk'), filePart('a.wav', 'A'), END])).name, 'Talk');
    const octets =
      '--XX\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: application/octet-stream\r\n\r\nA\r\n';
    assert.equal((await made([octets, END])).name, 'recording');
  });

  await t.test('what is wrong with a form is said, and nothing is kept of it', async () => {
    const before = (await readdir(`${folder}/jobs`)).length;
    for (const [parts, status, code, param] of [
      [[textPart('languge', 'de'), filePart('a', 'A'), END], 422, 'field_invalid', 'languge'],
      [[filePart('a', 'A'), textPart('speakers', 'two'), END], 422, 'field_invalid', 'speakers'],
      [
        [filePart('a', 'A'), textPart('speakers', '2'), textPart('max_speakers', '3'), END],
        422,
        'field_invalid',
        'speakers',
      ],
      [
        [filePart('a', 'A'), textPart('min_speakers', '5'), textPart('max_speakers', '3'), END],
        422,
        'field_invalid',
        'min_speakers',
      ],
      [[filePart('a', 'A'), textPart('task', 'a'), textPart('task', 'b'), END], 422, 'field_invalid', 'task'],
      [[filePart('a', 'A'), textPart('model', 'parakeat'), END], 422, 'field_invalid', 'model'],
      [
        [filePart('a', 'A'), textPart('url', 'https://recordings.invalid/'), END],
        422,
        'field_invalid',
        'file',
      ],
      [[textPart('language', 'de'), END], 422, 'field_invalid', 'file'],
      [[END], 422, 'field_invalid', 'file'],
      [[filePart('a', 'A')], 400, 'request_invalid', null],
      [['no form'], 400, 'request_invalid', null],
    ] as const) {
      const { status: got, body } = await raw(endpoint, parts);
      const { error } = JSON.parse(body) as {
        error: { code: string; param: string | null; message: string };
      };
      assert.deepEqual([got, error.code, error.param], [status, code, param], body);
    }
    const { body } = await raw(endpoint, [textPart('languge', 'de'), filePart('a', 'A'), END]);
    assert.match(body, /did you mean \\"language\\"\?/);
    assert.equal((await readdir(`${folder}/jobs`)).length, before);
    assert.deepEqual(await readdir(`${folder}/.temporary`), []);
  });
});

test('the disk and the share of a key are not filled', async (t) => {
  const { url, storage } = await running(t, { worker: false, limits: { minFreeBytes: 10 ** 15 } });
  const { status, body } = await raw(`${url}/jobs`, [filePart('a', 'A'), END]);
  assert.equal(status, 507, body);
  assert.match(body, /"code":"disk_full"/);
  for await (const { key } of storage.list('')) assert.fail(key);
});

test('an upload without a length ends when the disk gets full meanwhile', async (t) => {
  const { url, storage } = await running(t, {
    worker: false,
    limits: { maxUploadBytes: 2000 * MB, minFreeBytes: 1 },
  });
  let looks = 0;
  t.mock.method(storage, 'freeBytes', () => Promise.resolve(looks++ < 2 ? 1e9 : 0));
  const { status } = await raw(`${url}/jobs`, [filePart('a', 'A'.repeat(150 * MB)), END]);
  assert.equal(status, 507);
  for await (const { key } of storage.list('')) assert.fail(key);
});

test('a large upload takes no memory', async (t) => {
  const { url, storage } = await running(t, { worker: false, limits: { maxUploadBytes: 2000 * MB } });
  const size = 400 * MB;
  const chunk = Buffer.alloc(MB, 'earshot ');
  const hash = createHash('sha256');
  await sendLarge(`${url}/jobs`, 20 * MB, chunk); // buffers and pools as they are in use
  const before = inUse();
  let worst = 0;
  let sent = 0;
  const answer = await sendLarge(`${url}/jobs`, size, chunk, () => {
    hash.update(chunk);
    if (++sent % 40 === 0) worst = Math.max(worst, inUse() - before);
  });
  const stored = await storage.stat(sourceKey(answer.job_id));
  assert.equal(stored?.bytes, size);
  const kept = createHash('sha256');
  const through = new PassThrough().on('data', (part: Buffer) => void kept.update(part));
  await Promise.all([pipeline(await storage.get(sourceKey(answer.job_id)), through), finished(through)]);
  assert.equal(kept.digest('hex'), hash.digest('hex'));
  t.diagnostic(`${size / MB} MB came in; server and client held ${Math.round(worst / MB)} MB more at most`);
  assert.ok(worst < 50 * MB, `${worst} bytes`);
});

/** Bytes that this process, server and client, cannot let go of. */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) collect(); // buffers are let go of a round after what held them
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Streams a form with a file of `size` bytes, as fast as the server takes it. */
async function sendLarge(
  url: string,
  size: number,
  chunk: Buffer,
  each: () => void = () => undefined,
): Promise<Made> {
  const request = http.request(url, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=XX' },
  });
  const response = new Promise<http.IncomingMessage>((resolve, reject) =>
    request.once('response', resolve).once('error', reject),
  );
  await pipeline(async function* () {
    yield filePart(`${size}.wav`, '').slice(0, -2);
    for (let sent = 0; sent < size; sent += chunk.length) {
      yield chunk;
      each();
    }
    yield `\r\n${END}`;
  }, request);
  let text = '';
  for await (const part of await response) text += String(part);
  return JSON.parse(text) as Made;
}
