import assert from 'node:assert/strict';
import { test } from 'node:test';
import { running } from './fixture.ts';
import { connected, rest, said, statusOf } from './sockets.ts';

/** Fails unless an answer is an error of the house with this status, that ends the connection. */
function assertError(answer: string, status: number, code: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.equal(statusOf(answer), status, answer);
  assert.match(head, /\r\nx-request-id: req_[0-9a-f]{32}(?:\r\n|$)/i);
  assert.match(head, /\r\nconnection: close(?:\r\n|$)/i);
  assert.match(head, /\r\ncontent-type: application\/json; charset=utf-8(?:\r\n|$)/i);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  assert.equal(Buffer.byteLength(body), Number(length), answer);
  const { error } = JSON.parse(body) as { error: Record<string, unknown> };
  assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
  assert.equal(error['code'], code);
}

test('what Node would refuse without a word', async (t) => {
  const timeouts = { headers: 400, idleBody: 400, linger: 400 };
  const { url } = await running(t, { worker: false, timeouts });
  const host = 'Host: localhost\r\n';

  await t.test('no Host, and two of them', async () => {
    for (const path of ['/health', '/jobs', '/nope'])
      for (const hosts of ['', host + 'Host: evil.example\r\n', host + host])
        assertError(await said(url, `GET ${path} HTTP/1.1\r\n${hosts}\r\n`), 400, 'request_invalid');
    assert.equal(statusOf(await said(url, 'GET /jobs HTTP/1.0\r\n\r\n')), 200, 'HTTP/1.0 knew no Host');
  });

  await t.test('an Expect that nobody knows', async () => {
    for (const body of ['', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n'])
      assertError(
        await said(url, `POST /jobs HTTP/1.1\r\n${host}Expect: a-cake\r\n${body}\r\n`),
        417,
        'expectation_unsupported',
      );
    const json = 'Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n';
    const answer = await said(url, `POST /jobs HTTP/1.1\r\n${host}Expect: 100-Continue\r\n${json}\r\n{}`);
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 422 /);
  });

  await t.test('no HTTP, headers that are too large or never end', async () => {
    assertError(await said(url, 'hello\r\n\r\n'), 400, 'request_invalid');
    assertError(await said(url, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), 400, 'request_invalid');
    assertError(
      await said(url, `GET /jobs HTTP/1.1\r\n${host}Content-Length: x\r\n\r\n`),
      400,
      'request_invalid',
    );
    const large = `GET /jobs HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`;
    assertError(await said(url, large), 431, 'headers_too_large');
    assertError(await said(url, 'GET /jobs HTTP/1.1\r\nHos'), 408, 'request_timeout');
  });
});

test('a request that comes while the server closes is answered in the same words as before', async (t) => {
  const server = await running(t, { worker: false });
  const head = (method: string): string => `${method} /jobs HTTP/1.1\r\nHost: localhost\r\n`;
  const [posting, getting] = [connected(server.url), connected(server.url)];
  posting.write(head('POST'));
  getting.write(head('GET'));
  await fetch(`${server.url}/health`); // which comes after both
  const closing = server.close();
  posting.write('Content-Length: 0\r\n\r\n');
  getting.write('\r\n');
  assertError(await rest(posting), 503, 'draining');
  assert.equal(statusOf(await rest(getting)), 200);
  await closing;
});
