import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { END, filePart, raw, running, textPart, type Running } from './fixture.ts';
import { connected, FILE_HEAD, FORM_HEAD, rest, said, statusOf } from './sockets.ts';

const TIMEOUTS = { headers: 400, idleBody: 400, linger: 400 };
type Told = { error: { code: string; message: string; param: string | null } };

/** Every file that the server keeps. */
async function kept({ folder }: Running): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Once `is` holds; the server's doing takes as long as it takes. */
async function eventually(what: string, is: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await is()); await passed(20))
    assert.ok(Date.now() < end, `not within 10 s: ${what}`);
}

/** Status and error of a JSON request. */
async function posted(
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<[number, Told]> {
  const answer = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return [answer.status, (await answer.json()) as Told];
}

test('attacks on an open server', async (t) => {
  const server = await running(t, { timeouts: TIMEOUTS, worker: false });
  const { url } = server;
  const jobs = `${url}/jobs`;
  const nothingKept = (): Promise<void> =>
    eventually('no files are left', async () => (await kept(server)).length === 0);
  const head = (more: string): string => `POST /jobs HTTP/1.1\r\nHost: localhost\r\n${more}`;

  await t.test('headers that trickle in are given up', async () => {
    const socket = connected(url);
    socket.write('GET /jobs HTTP/1.1\r\nHost: localhost\r\n');
    const dripping = setInterval(() => socket.write('X-A: b\r\n'), 50);
    const answer = await rest(socket);
    clearInterval(dripping);
    assert.equal(statusOf(answer), 408, answer);
    assert.match(answer, /"code":"request_timeout"/);
    assert.match(answer, /x-request-id: req_/);
  });

  await t.test('a body that stands still is given up, one that goes on slowly is not', async () => {
    const answer = await said(url, `${head(FORM_HEAD)}Content-Length: 1000\r\n\r\n${FILE_HEAD}RIFF`);
    assert.equal(statusOf(answer), 408, answer);
    await nothingKept();

    const slow = connected(url);
    slow.write(`${head(FORM_HEAD)}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const text = `${FILE_HEAD}RIFF\r\n--XX--\r\n`;
    for (let i = 0; i < text.length; i += 12) {
      const part = text.slice(i, i + 12);
      slow.write(`${part.length.toString(16)}\r\n${part}\r\n`);
      await passed(100);
    }
    slow.write('0\r\n\r\n');
    const made = await rest(slow);
    assert.equal(statusOf(made), 201, made);
    const { job_id: id } = JSON.parse(made.slice(made.indexOf('{'))) as { job_id: string };
    await fetch(`${jobs}/${id}`, { method: 'DELETE' });
    assert.equal((await fetch(`${jobs}/${id}`, { method: 'DELETE' })).status, 204);
    await nothingKept();
  });

  await t.test('an upload whose connection dies leaves no file', async () => {
    for (const end of ['destroy', 'end', 'resetAndDestroy'] as const) {
      const socket = connected(url);
      socket.write(`${head(FORM_HEAD)}Content-Length: 900000\r\n\r\n${FILE_HEAD}`);
      socket.write(Buffer.alloc(300_000));
      await eventually('the upload has begun', async () => (await kept(server)).length > 0);
      socket[end]();
      await nothingKept();
    }
    await eventually('no upload is counted', async () => {
      const health = (await (await fetch(`${url}/health`)).json()) as { active_uploads: number };
      return health.active_uploads === 0;
    });
  });

  await t.test('a Content-Length that lies: too long, too short, too large, twice, none', async () => {
    const form = `${FILE_HEAD}RIFF\r\n--XX--\r\n`;
    const long = await said(url, `${head(FORM_HEAD)}Content-Length: ${form.length + 50}\r\n\r\n${form}`);
    assert.ok([408, 201].includes(statusOf(long)), long);
    const short = await said(
      url,
      `${head(FORM_HEAD)}Content-Length: ${form.length - 30}\r\nConnection: close\r\n\r\n${form}`,
    );
    assert.equal(statusOf(short), 400, short);
    const large = await said(url, `${head(FORM_HEAD)}Content-Length: 99999999999\r\n\r\n${FILE_HEAD}`);
    assert.equal(statusOf(large), 413, large);
    for (const lengths of [
      'Content-Length: 5\r\nContent-Length: 6\r\n',
      'Content-Length: -1\r\n',
      'Content-Length: 1e3\r\n',
    ])
      assert.equal(statusOf(await said(url, `${head(FORM_HEAD)}${lengths}\r\n${form}`)), 400, lengths);
    await removeJobs(server);
    await nothingKept();
  });

  await t.test(
    'what is larger than the limit is refused while it comes, and the client sees why',
    async () => {
      const { status, body } = await raw(jobs, [filePart('a', 'x'.repeat(1_100_000)), END]);
      assert.equal(status, 413, body);
      assert.match(body, /"code":"too_large"/);
      await nothingKept();
    },
  );

  await t.test('a client that goes on sending after its answer is cut off', async () => {
    const socket = connected(url);
    socket.write(`${head('Content-Encoding: gzip\r\n' + FORM_HEAD)}Transfer-Encoding: chunked\r\n\r\n`);
    const sending = setInterval(() => socket.write(`a\r\n${'x'.repeat(10)}\r\n`), 20);
    const answer = await rest(socket);
    clearInterval(sending);
    assert.equal(statusOf(answer), 415, answer);
  });

  await t.test(
    'a body that ends too early, with bytes behind it that are no HTTP, is no upload for ever',
    async () => {
      const body = `${FILE_HEAD}RIFF`;
      for (const path of ['/jobs', '/v1/audio/transcriptions'])
        assert.equal(
          statusOf(
            await said(
              url,
              `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${FORM_HEAD}Content-Length: ${body.length}\r\n\r\n${body}JUNK\r\n\r\n`,
            ),
          ),
          400,
        );
      await eventually('no upload is under way', async () => {
        const { active_uploads: uploads } = (await (await fetch(`${url}/health`)).json()) as Record<
          string,
          number
        >;
        return uploads === 0;
      });
      await nothingKept();
    },
  );

  await t.test('two ways to say how long a body is, and other smuggling', async () => {
    const inner = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
    for (const headers of [
      `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`,
      `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n`,
      'Transfer-Encoding: chunked, identity\r\n',
      'Transfer-Encoding: xchunked\r\n',
      'Transfer-Encoding : chunked\r\n',
      ' Transfer-Encoding: chunked\r\n',
      'Content-Length: 0\nX: y\r\n',
    ]) {
      const answer = await said(url, `${head(FORM_HEAD)}${headers}\r\n0\r\n\r\n${inner}`);
      assert.equal(statusOf(answer), 400, `${headers} ${answer}`);
      assert.doesNotMatch(answer, /uptime_seconds/);
      assert.match(answer, /^HTTP\/1\.1 400 .*"code":"request_invalid"/s);
    }
  });

  await t.test('headers without end', async () => {
    const answer = await said(url, `${head(`X-A: ${'a'.repeat(20_000)}\r\n`)}\r\n`);
    assert.equal(statusOf(answer), 431, answer);
    assert.match(answer, /"code":"headers_too_large"/);
    const target = await said(url, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.equal(statusOf(target), 431, target);
  });

  await t.test('JSON that is deep, wide, poisoned or none', async () => {
    const deep = '['.repeat(200_000);
    for (const [body, expected] of [
      [deep, 400],
      [deep + ']'.repeat(200_000), 422],
      [`{"url":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`, 422],
      [`{"${'k'.repeat(900_000)}":1}`, 422],
      [`{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')}}`, 422],
      ['{"__proto__":{"priority":10}}', 400],
      ['{"constructor":{"prototype":{"priority":10}}}', 400],
      ['{"url":"https://recordings.invalid/a","url":null}', 422],
      ['"text"', 422],
      ['null', 422],
      ['x', 400],
      [`"${'a'.repeat(1_100_000)}"`, 413],
    ] as const) {
      const [status, { error }] = await posted(jobs, body);
      assert.equal(status, expected, `${body.slice(0, 50)}: ${JSON.stringify(error).slice(0, 300)}`);
      assert.ok(JSON.stringify(error).length < 2000, 'what was sent is not sent back');
    }
    assert.equal(({} as Record<string, unknown>)['priority'], undefined);
  });

  await t.test(
    'forms with thousands of parts, poisoned names, endless fields and several files',
    async () => {
      const many = Array.from({ length: 5000 }, (_, i) => textPart(`f${i}`, 'x'));
      for (const [parts, expected] of [
        [many, [413, 422]],
        [[textPart('name', 'x'.repeat(100_000)), filePart('a', 'A')], [422]],
        [
          [textPart('__proto__', 'x'), filePart('a', 'A')],
          [400, 422],
        ],
        [
          [textPart('constructor', 'x'), filePart('a', 'A')],
          [400, 422],
        ],
        [[filePart('a', 'A'), filePart('b', 'B')], [422]],
        [Array.from({ length: 300 }, (_, i) => filePart(`${i}`, 'A')), [422]],
      ] as const) {
        const { status, body } = await raw(jobs, [...parts, END]);
        assert.ok((expected as readonly number[]).includes(status), `${status} ${body}`);
      }
      await nothingKept();
    },
  );

  await t.test('packed bodies are not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip'])
      for (const type of ['application/json', 'multipart/form-data; boundary=XX']) {
        const answer = await fetch(jobs, {
          method: 'POST',
          body: bomb,
          headers: { 'content-type': type, 'content-encoding': encoding },
        });
        assert.equal(answer.status, 415);
      }
  });

  await t.test('ids that climb', async () => {
    const ids = [
      '..',
      '%2e%2e',
      '..%2f..%2fetc%2fpasswd',
      '%2Fetc%2Fpasswd',
      '%5c..%5c',
      '%00',
      'a%0d%0aX: y',
      "'--",
    ];
    for (const id of [...ids, 'x'.repeat(3000), '0'.repeat(36), 'NaN', '*'])
      for (const [method, path] of [
        ['GET', `/jobs/${id}`],
        ['GET', `/jobs/${id}/result`],
        ['DELETE', `/jobs/${id}`],
        ['POST', `/jobs/${id}/retry`],
        ['GET', `/v1/models/${id}`],
      ] as const) {
        const answer = await said(
          url,
          `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
        );
        assert.ok([400, 404, 405].includes(statusOf(answer)), `${method} ${path}: ${answer}`);
        assert.doesNotMatch(answer, /root:|\nX: y/);
      }
  });

  await t.test('addresses inside: none is asked for, none is called back', async () => {
    for (const address of [
      ...[
        'http://127.0.0.1:1/',
        'http://[::1]/',
        'http://169.254.169.254/latest/meta-data',
        'http://10.0.0.1/',
      ],
      ...[
        'http://0x7f000001/',
        'http://2130706433/',
        'http://127.1/',
        'http://[::ffff:127.0.0.1]/',
        'http://0/',
      ],
      ...['http://localhost/x', 'http://LOCALHOST:8001/', 'http://foo.localhost/', 'http://localhost./'],
      ...[
        'http://192.168.1.1:22/',
        'http://[fd00::1]/',
        'http://[fe80::1]/',
        'file:///etc/passwd',
        'ftp://8.8.8.8/',
      ],
    ])
      for (const field of ['url', 'webhook_url']) {
        const fields = { url: 'https://recordings.invalid/a.wav', [field]: address };
        const [status, { error }] = await posted(jobs, JSON.stringify(fields));
        assert.ok([400, 422].includes(status), `${field} ${address}: ${status}`);
        assert.ok(['address_refused', 'field_invalid'].includes(error.code), error.code);
        assert.equal(error.param, field, address);
      }
    assert.equal((await server.jobs.counts()).queued, 0);
  });

  await t.test('names are one line wherever they are told, and headers are not made of them', async () => {
    const evil = 'a\r\nSet-Cookie: x=1\r\n\u202Egpj.exe\u0000\u001b[31m\u2028b.wav';
    const [status, job] = (await posted(
      jobs,
      JSON.stringify({ url: 'https://recordings.invalid/', name: evil }),
    )) as [number, unknown];
    assert.equal(status, 201);
    const { name } = job as { name: string };
    assert.doesNotMatch(name, /[\p{C}\u2028\u2029]/u);
    for (const path of ['/a%E0%A4%A.wav', '/%00%0a.wav', '/..%2f..%2fx'])
      assert.equal(
        (await posted(jobs, JSON.stringify({ url: `https://recordings.invalid${path}` })))[0],
        201,
        path,
      );
    const [wrong] = await posted(jobs, '{"url":"https://recordings.invalid/b"}', {
      'idempotency-key': 'a b',
    });
    assert.equal(wrong, 422);
    await removeJobs(server);
  });

  await t.test('pages of other sites, and names that were rebound', async () => {
    const body = [filePart('a', 'A'), END];
    assert.equal((await raw(jobs, body, { host: 'evil.example' })).status, 401);
    assert.equal((await raw(jobs, body, { origin: 'https://evil.example' })).status, 401);
    assert.equal((await raw(jobs, body, { origin: 'null' })).status, 401);
    const local = { host: 'localhost:1', origin: 'http://localhost:3000' };
    assert.equal((await raw(jobs, body, local)).status, 201);
    await removeJobs(server);
    await nothingKept();
  });

  assert.deepEqual(
    server.errors.map((error) => error.message),
    [],
    'none of it was a defect of the server',
  );
});

async function removeJobs({ jobs, storage }: Running): Promise<void> {
  const { jobs: all } = await jobs.list({ owner: null, status: null, kind: null, limit: 1000, after: null });
  for (const { id } of all) {
    await jobs.cancel(id);
    await jobs.remove(id);
    await storage.removeAll(`jobs/${id}/`);
  }
}

test('thousands of connections that say nothing do not keep others out', async (t: TestContext) => {
  const server = await running(t, { worker: false, timeouts: { ...TIMEOUTS, headers: 3_000 } });
  const open: Socket[] = [];
  t.after(() => open.forEach((socket) => socket.destroy()));
  while (open.length < 2000) {
    const more = Array.from({ length: 100 }, () => connected(server.url)); // a listener's queue is no longer than that
    await Promise.all(more.map((socket) => once(socket, 'connect')));
    open.push(...more);
  }
  const begun = performance.now();
  assert.equal((await fetch(`${server.url}/jobs`)).status, 200);
  t.diagnostic(
    `an answer beside ${open.length} connections after ${Math.round(performance.now() - begun)} ms`,
  );
  await Promise.all(open.map((socket) => rest(socket)));
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});
