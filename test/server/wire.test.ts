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

test('odd, and legal', async (t) => {
  const { url } = await running(t, { worker: false });
  const asked = (line: string, headers = '', body = ''): Promise<string> =>
    said(url, `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n${body}`);
  const type = (text: string): string => `Content-Type: ${text}\r\n`;

  await t.test('a target with its origin or in percents is the same target', async () => {
    for (const target of ['/jobs', 'http://localhost:1/jobs', 'HTTP://localhost/jobs', '/j%6fbs', '/jobs?']) {
      assert.equal(statusOf(await asked(`GET ${target}`)), 200, target);
      const wrong = await asked(`PUT ${target}`);
      assert.equal(statusOf(wrong), 405, wrong);
      assert.match(wrong, /\r\nallow: GET, HEAD, POST\r\n/);
    }
    for (const target of ['//jobs', '/jobs/', '/JOBS', '/jobs;a=b', '*'])
      assertError(await asked(`OPTIONS ${target}`), 404, 'not_found');
  });

  await t.test('a parameter without end is not sent back', async () => {
    const answer = await asked(`GET /jobs?${'a'.repeat(9000)}`);
    assertError(answer, 422, 'field_invalid');
    assert.ok(answer.length < 1000);
  });

  await t.test('a type of body, and no body: what curl -d "" sends', async () => {
    const nothing = 'Content-Length: 0\r\n';
    for (const given of ['application/x-www-form-urlencoded', 'text/plain', 'application/json']) {
      assertError(await asked('POST /jobs/x/cancel', type(given) + nothing), 404, 'not_found');
      assertError(await asked('DELETE /jobs/x', type(given) + nothing), 404, 'not_found');
    }
    const one = 'Content-Length: 1\r\n';
    const refused = await asked('POST /jobs', type('text/plain') + one, 'x');
    assertError(refused, 415, 'media_type_unsupported');
    assert.match(refused, /expected a body of type multipart\/form-data or application\/json/);
  });

  await t.test('bodies that would have to be unpacked', async () => {
    for (const packed of [
      'Content-Encoding: gzip\r\nTransfer-Encoding: chunked',
      'Transfer-Encoding: gzip, chunked',
    ])
      assertError(
        await asked('POST /jobs', `${type('application/json')}${packed}\r\n`, '2\r\n{}\r\n0\r\n\r\n'),
        415,
        'media_type_unsupported',
      );
  });

  await t.test('types in any case, boundaries in quotes, names in UTF-8', async () => {
    const form = (boundary: string, name: string): string =>
      `--${boundary}\r\ncontent-disposition: form-data; name=file; ${name}\r\n\r\nRIFF\r\n--${boundary}--\r\n`;
    for (const [given, boundary, filename, name] of [
      ['multipart/form-data; boundary="a b:c"', 'a b:c', 'filename=a.wav', 'a.wav'],
      [
        'Multipart/Form-Data; charset=UTF-8; BOUNDARY=XX',
        'XX',
        'filename="C:\\\\x\\\\a \\"b\\".wav"',
        'a \\"b\\".wav',
      ],
      ['multipart/form-data; boundary=XX', 'XX', "filename*=UTF-8''%e2%82%ac%20r.wav", '€ r.wav'],
    ] as const) {
      const body = form(boundary, filename);
      const answer = await asked('POST /jobs', `${type(given)}Content-Length: ${body.length}\r\n`, body);
      assert.equal(statusOf(answer), 201, answer);
      assert.ok(answer.includes(`"name":"${name}"`), answer);
    }
    const body = '{"url":"https://recordings.invalid/a.wav"}';
    const json = type('Application/JSON; Charset="UTF-8"') + `Content-Length: ${body.length}\r\n`;
    assert.equal(statusOf(await asked('POST /jobs', json, body)), 201);
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
