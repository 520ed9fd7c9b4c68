import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { EarshotClient } from '../../src/client/index.ts';
import { scratchFolder } from '../support/scratch.ts';
import { broken, quickClock, watchedFetch, type Sent } from './fixture.ts';

// The protocol's own server, so that the client speaks tus and not a dialect of ours.

const scratch = scratchFolder();
const stored = join(scratch, 'stored');
const KILO = 1024;
let url: string;
let listening: http.Server;
before(async () => {
  await mkdir(stored);
  const tus = new Server({ path: '/uploads', datastore: new FileStore({ directory: stored }) });
  listening = http.createServer((request, response) => void tus.handle(request, response));
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
});
after(() => listening.close());

const bytesOf = (length: number): Buffer => {
  const block = createHash('sha512').update(String(length)).digest();
  return Buffer.alloc(length, block);
};
const clientWith = (
  instead?: (sent: Sent, index: number) => Response | Error | null,
  clock = quickClock(),
) => {
  const { fetch, sent } = watchedFetch(instead);
  return { client: new EarshotClient({ url, fetch, clock, maxRetries: 3 }), sent, clock };
};
const chunkBytes = 64 * KILO;

test('a file, a Blob and a stream arrive byte for byte, of any length', async () => {
  for (const length of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 5 * chunkBytes]) {
    const bytes = bytesOf(length);
    const path = join(scratch, `${length}.wav`);
    await writeFile(path, bytes);
    const { client } = clientWith();
    for (const recording of [path, new Blob([bytes]), createReadStream(path, { highWaterMark: 10_000 })]) {
      const told: number[] = [];
      const onProgress = (sent: number): void => void told.push(sent);
      const upload = await client.uploads.create(recording, { chunkBytes, onProgress });
      assert.deepEqual(await readFile(join(stored, upload.id)), bytes);
      assert.equal(upload.bytes, length);
      assert.deepEqual([told[0], told.at(-1)], [0, length]);
      assert.deepEqual(
        told,
        [...told].sort((a, b) => a - b),
      );
    }
  }
});

test('after each kind of failure it goes on from where the server has got to, and sends nothing twice', async () => {
  const bytes = bytesOf(6 * chunkBytes + 100);
  for (const failure of [
    broken('ECONNRESET'),
    new Response('', { status: 503 }),
    new Response('', { status: 423 }),
  ])
    for (const recording of [new Blob([bytes]), Readable.from(pieces(bytes, 7000))]) {
      let patches = 0;
      const { client, sent, clock } = clientWith(({ method }) =>
        method === 'PATCH' && ++patches % 2 === 0
          ? failure instanceof Response
            ? failure.clone()
            : failure
          : null,
      );
      const { id } = await client.uploads.create(recording, { chunkBytes });
      assert.deepEqual(await readFile(join(stored, id)), bytes);
      const offsets = sent
        .filter(({ method }) => method === 'PATCH')
        .map(({ headers }) => headers.get('upload-offset'));
      assert.equal(new Set(offsets).size, 7, 'seven pieces');
      assert.equal(offsets.length, 13, 'six of them twice');
      assert.equal(sent.filter(({ method }) => method === 'HEAD').length, 6);
      assert.equal(clock.slept.length, 6);
    }
});

test('a piece that arrived though its answer did not is not sent again', async () => {
  const bytes = bytesOf(4 * chunkBytes);
  for (const recording of [new Blob([bytes]), Readable.from(pieces(bytes, 7000))]) {
    let lost = 0;
    const { fetch, sent } = watchedFetch();
    const losing: typeof globalThis.fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (init?.method !== 'PATCH' || ++lost !== 2) return response;
      throw broken('ECONNRESET');
    };
    const client = new EarshotClient({ url, fetch: losing, clock: quickClock() });
    const { id } = await client.uploads.create(recording, { chunkBytes });
    assert.deepEqual(await readFile(join(stored, id)), bytes);
    assert.equal(sent.filter(({ method }) => method === 'PATCH').length, 4);
  }
});

test('another process goes on with an upload whose address was kept; a stream skips what is there', async () => {
  const bytes = bytesOf(5 * chunkBytes);
  const path = join(scratch, 'kept.wav');
  await writeFile(path, bytes);
  for (const again of [(): string => path, (): Readable => createReadStream(path)]) {
    let kept = '';
    let patches = 0;
    const first = clientWith(({ method }) =>
      method === 'PATCH' && ++patches > 3 ? broken('ECONNREFUSED') : null,
    );
    const begun = first.client.uploads.create(path, { chunkBytes, onBegin: (at) => void (kept = at) });
    await assert.rejects(begun, { code: 'server_unreachable' });
    const { client, sent } = clientWith();
    const upload = await client.uploads.create(again(), { chunkBytes, url: kept });
    assert.deepEqual(await readFile(join(stored, upload.id)), bytes);
    assert.deepEqual(
      sent.map(({ method }) => method),
      ['HEAD', 'PATCH', 'PATCH'],
    );
  }
});

test('it gives up after so many failures without a byte in between, and at once where repeating cannot help', async () => {
  const away = clientWith(({ method }) => (method === 'PATCH' ? broken('ECONNREFUSED') : null));
  await assert.rejects(away.client.uploads.create(new Blob(['x'])), { code: 'server_unreachable' });
  assert.equal(away.sent.filter(({ method }) => method === 'PATCH').length, 4);
  const full = JSON.stringify({ error: { code: 'storage_full', message: 'no', type: 'x', param: null } });
  const refused = clientWith(({ method }) =>
    method === 'PATCH' ? new Response(full, { status: 507, headers: { 'x-should-retry': 'false' } }) : null,
  );
  await assert.rejects(refused.client.uploads.create(new Blob(['x'])), { code: 'storage_full', status: 507 });
  assert.equal(refused.sent.length, 2);
});

test('a file that changes while it is sent is told, longer or shorter', async () => {
  for (const change of [(path: string) => appendFile(path, 'more'), (path: string) => truncate(path, 100)]) {
    const path = join(scratch, 'changing.wav');
    await writeFile(path, bytesOf(3 * chunkBytes));
    let isChanged = false;
    const { fetch } = watchedFetch();
    const changing: typeof globalThis.fetch = async (input, init) => {
      if (init?.method === 'PATCH' && !isChanged) {
        isChanged = true;
        await change(path);
      }
      return fetch(input, init);
    };
    const sending = new EarshotClient({ url, fetch: changing, clock: quickClock() });
    await assert.rejects(sending.uploads.create(path, { chunkBytes }), { code: 'recording_unreadable' });
  }
});

test('a path that names nothing, or a folder, is told before anything is sent', async () => {
  const { client, sent } = clientWith();
  await assert.rejects(client.uploads.create(join(scratch, 'none.wav')), { code: 'recording_not_found' });
  await assert.rejects(client.uploads.create(scratch), { code: 'recording_not_found' });
  await assert.rejects(client.jobs.create(scratch), { code: 'recording_not_found' });
  assert.equal(sent.length, 0);
});

test('memory does not grow with the file', async () => {
  const path = join(scratch, 'large.wav');
  const file = await open(path, 'w');
  await file.truncate(600 * 1024 * KILO); // a hole on the disk, zeros for who reads it
  await file.close();
  // Nothing is kept of what is sent, here or on the other side: this is about the client alone.
  let offset = 0;
  const swallow: typeof globalThis.fetch = async (_input, init) => {
    if (init?.method === 'POST')
      return new Response(null, { status: 201, headers: { location: '/uploads/1' } });
    offset += (init?.body as Uint8Array).length;
    return new Response(null, { status: 204, headers: { 'upload-offset': String(offset) } });
  };
  const client = new EarshotClient({ url, fetch: swallow });
  const used = (): number => process.memoryUsage().rss;
  const start = used();
  let most = 0;
  const measured = { onProgress: () => void (most = Math.max(most, used() - start)) };
  await client.uploads.create(path, measured);
  assert.equal(offset, 600 * 1024 * KILO);
  assert.ok(most < 150 * 1024 * KILO, `${Math.round(most / 1024 / KILO)} MiB`);
});

function* pieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
