import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { isPrivateAddress } from '../../src/util/address.ts';
import { type FetchLimits, fetchToFile, publicUrl } from '../../src/util/fetch-to-file.ts';

let folder: string;
let path: string;
let server: Server | null = null;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-fetch-'));
  path = join(folder, 'file');
});
after(() => rm(folder, { recursive: true }));
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open: FetchLimits = { maxBytes: 1000, allowPrivate: true };

async function failure(url: string, limits: FetchLimits): Promise<string> {
  const error = await fetchToFile(url, path, limits).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof EarshotError, String(error));
  await assert.rejects(access(path), 'nothing is left behind');
  return error.code;
}

test('fetches, following redirects', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/there') response.end('media');
    else response.writeHead(302, { location: '/there' }).end();
  });
  await fetchToFile(`${url}/here`, path, open);
  assert.equal(await readFile(path, 'utf8'), 'media');
  await rm(path);
});

test('this machine and private networks are refused by number and by name', async () => {
  const url = await serve((_request, response) => response.end('secret'));
  const closed = { ...open, allowPrivate: false };
  assert.equal(await failure(url, closed), 'address_refused');
  assert.equal(await failure(url.replace('127.0.0.1', 'localhost'), closed), 'address_refused');
  assert.equal(await failure(url.replace('127.0.0.1', '2130706433'), closed), 'address_refused');
  assert.equal(await failure(url.replace('127.0.0.1', '[::ffff:127.0.0.1]'), closed), 'address_refused');
});

test('limits hold with and without a stated length', async () => {
  const stated = await serve((_request, response) => response.end(Buffer.alloc(2000)));
  assert.equal(await failure(stated, open), 'too_large');
  server?.close();
  const chunked = await serve((_request, response) => {
    response.write(Buffer.alloc(700));
    response.end(Buffer.alloc(700));
  });
  assert.equal(await failure(chunked, open), 'too_large');
});

test('a server that answers wrongly, stops or loops is a typed error', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/404') response.writeHead(404).end();
    else if (request.url === '/500') response.writeHead(500).end();
    else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (request.url === '/cut')
      response.writeHead(200, { 'content-length': 100 }).write('x', () => response.destroy());
    else if (request.url === '/file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    // anything else is never answered
  });
  assert.equal(await failure(`${url}/404`, open), 'recording_not_found');
  assert.equal(await failure(`${url}/500`, open), 'recording_unreachable');
  assert.equal(await failure(`${url}/loop`, open), 'recording_unreachable');
  assert.equal(await failure(`${url}/cut`, open), 'recording_unreachable');
  assert.equal(await failure(`${url}/file`, open), 'address_refused');
  assert.equal(await failure(`${url}/silent`, { ...open, idleMs: 50 }), 'recording_unreachable');
});

test('an abort ends it', async () => {
  const url = await serve(() => undefined);
  const controller = new AbortController();
  const fetching = fetchToFile(url, path, { ...open, signal: controller.signal });
  controller.abort();
  await assert.rejects(fetching, { name: 'AbortError' });
});

test('private addresses are known, public ones are let through', () => {
  const inside =
    '127.1.2.3 10.0.0.1 172.31.0.1 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 :: fe80::1 fd00::1 ::ffff:10.0.0.1 64:ff9b::a00:1 ::ffff:0:7f00:1 2001::1 2002:7f00:1:: 3fff::1 5f00::1 ff02::1 4000::1';
  for (const address of inside.split(' ')) assert.ok(isPrivateAddress(address), address);
  for (const address of [
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
    '3f00::1',
  ])
    assert.ok(!isPrivateAddress(address), address);
});

test('what is shown of a URL holds no secret', () => {
  assert.equal(publicUrl('https://user:pass@host/a.mp3?token=x#y'), 'https://host/a.mp3');
});
