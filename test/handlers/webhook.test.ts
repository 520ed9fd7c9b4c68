import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { deliverWebhook, type WebhookDelivery, type WebhookOutcome } from '../../src/handlers/webhook.ts';
import { nextDelay, WEBHOOK_TRIES } from '../../src/handlers/webhook-delay.ts';
import { createWebhookSecret } from '../../src/util/webhook-signature.ts';

const secret = createWebhookSecret();
const body = JSON.stringify({ type: 'job.completed', text: 'Grüße' });

const deliver = (url: string, changes: Partial<WebhookDelivery> = {}): Promise<WebhookOutcome> =>
  deliverWebhook({ url, secret, id: 'msg_1', body, allowPrivate: true, ...changes });

async function receiver(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  t.after(() => server.closeAllConnections());
  return listening(t, server);
}

/** A receiver that says whatever bytes it likes. */
function rawReceiver(t: TestContext, answer: (socket: Socket) => void): Promise<string> {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    socket.once('data', () => answer(socket));
  });
  return listening(t, server);
}

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += String(part);
  return text;
}

describe('delivery', () => {
  test('what arrives verifies with an independent library', async (t) => {
    const arrived = Promise.withResolvers<IncomingMessage & { text: string }>();
    const url = await receiver(t, (request, response) => {
      void textOf(request).then((text) => {
        arrived.resolve(Object.assign(request, { text }));
        response.writeHead(204).end();
      });
    });
    assert.deepEqual(await deliver(`${url}?a=1#part`), {
      outcome: 'delivered',
      status: 204,
      retryAfterSeconds: null,
      reason: 'the receiver answered 204',
    });
    const { text, headers, method, url: target } = await arrived.promise;
    assert.deepEqual([method, target, headers['content-type']], ['POST', '/hook?a=1', 'application/json']);
    assert.equal(text, body);
    assert.deepEqual(new Webhook(secret).verify(text, headers as Record<string, string>), JSON.parse(body));
  });

  test('the status decides', async (t) => {
    let status = 0;
    const url = await receiver(t, (_request, response) => response.writeHead(status).end());
    const expected = {
      delivered: [200, 201, 202, 299],
      gave_up: [300, 301, 302, 304, 307, 308, 400, 401, 404, 410, 418, 600, 999],
      retry: [408, 429, 500, 502, 503, 599],
    };
    for (const [outcome, statuses] of Object.entries(expected))
      for (status of statuses) {
        const answer = await deliver(url);
        assert.deepEqual([answer.outcome, answer.status], [outcome, status]);
      }
  });

  test('redirects are not followed, wherever they lead', async (t) => {
    let calls = 0;
    const url = await receiver(t, (_request, response) => {
      calls++;
      response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    });
    const answer = await deliver(url);
    assert.deepEqual([answer.outcome, answer.status, calls], ['gave_up', 307, 1]);
    assert.ok(!answer.reason.includes('169'));
  });

  test('Retry-After is told in seconds, also where it is a date', async (t) => {
    let header = '';
    const now = Date.UTC(2026, 0, 1);
    const url = await receiver(t, (_request, response) =>
      response.writeHead(503, { 'retry-after': header }).end(),
    );
    for (const [value, expected] of [
      ['120', 120],
      ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
      ['Thu, 01 Jan 2015 00:00:30 GMT', 0],
      ['soon', null],
      ['-5', null],
      ['1e99', null],
    ] as const) {
      header = value;
      const clock = { now: () => now, sleep: () => Promise.reject(new Error('nothing should wait')) };
      assert.equal((await deliver(url, { clock })).retryAfterSeconds, expected, value);
    }
  });

  test(
    'an endless answer is not read to its end, a cut or stalled one changes nothing',
    { timeout: 20_000 },
    async (t) => {
      let written = 0;
      const endless = await receiver(t, (_request, response) => {
        const block = Buffer.alloc(16_384, 'x');
        const more = (): void => {
          while (!response.destroyed && response.write(block)) written += block.length;
        };
        response.on('drain', more);
        more();
      });
      assert.equal((await deliver(endless)).outcome, 'delivered');
      assert.ok(written < 64 * 1024 * 1024);
      const cut = await rawReceiver(t, (socket) =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf'),
      );
      assert.equal((await deliver(cut)).outcome, 'delivered');
      const stalled = await rawReceiver(t, (socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf'),
      );
      assert.equal((await deliver(stalled, { timeoutMs: 100 })).outcome, 'delivered');
    },
  );

  test('a receiver that is away, silent, dripping or no HTTP at all may be tried again', async (t) => {
    const gone = createSocketServer();
    await new Promise<void>((done) => gone.listen(0, '127.0.0.1', done));
    const { port } = gone.address() as AddressInfo;
    await new Promise((done) => gone.close(done));
    const urls = {
      away: `http://127.0.0.1:${port}/`,
      unknown: 'http://no-such-host.invalid/',
      'closes at once': await rawReceiver(t, (socket) => socket.destroy()),
      'no HTTP': await rawReceiver(t, (socket) => socket.end('220 mail.example ESMTP\r\n')),
      'huge headers': await rawReceiver(t, (socket) =>
        socket.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`),
      ),
      'another protocol': await rawReceiver(t, (socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      ),
      'two lengths': await rawReceiver(t, (socket) =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
      ),
      'no TLS': (await rawReceiver(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))).replace(
        'http',
        'https',
      ),
    };
    for (const [what, url] of Object.entries(urls)) {
      const answer = await deliver(url, { timeoutMs: 5000 });
      assert.deepEqual([answer.outcome, answer.status], ['retry', null], `${what}: ${answer.reason}`);
      assert.ok(!answer.reason.includes('/'), answer.reason);
    }
    const silent = await rawReceiver(t, () => undefined);
    assert.match((await deliver(silent, { timeoutMs: 100 })).reason, /no answer within 0.1 s/);
    const dripping = await rawReceiver(t, (socket) => {
      const drip = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 10);
      socket.once('close', () => clearInterval(drip));
    });
    assert.match((await deliver(dripping, { timeoutMs: 100 })).reason, /no answer within 0.1 s/);
  });

  test('an abort ends it with its reason', async (t) => {
    const asked = Promise.withResolvers<void>();
    const url = await rawReceiver(t, () => asked.resolve());
    const controller = new AbortController();
    const delivering = deliver(url, { signal: controller.signal });
    await asked.promise;
    controller.abort();
    await assert.rejects(delivering, { name: 'AbortError' });
    await assert.rejects(deliver(url, { signal: controller.signal }), { name: 'AbortError' });
  });
});

test('private addresses are refused on the way out, by number and by name', async (t) => {
  let calls = 0;
  const port = new URL(await receiver(t, (_request, response) => response.end(String(calls++)))).port;
  const hosts = [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '0',
    '[::1]',
  ].concat(
    ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', 'localhost', 'LOCALHOST'],
    ['１２７.0.0.1', '127。0。0。1', '169.254.169.254', '10.0.0.1', '192.168.0.1', '[fd00::1]', '[fe80::1]'],
  );
  for (const host of hosts) {
    const answer = await deliver(`http://${host}:${port}/`, { allowPrivate: false });
    assert.deepEqual([answer.outcome, answer.status], ['gave_up', null], `${host}: ${answer.reason}`);
    assert.match(answer.reason, /private network/);
  }
  for (const url of [
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    `http://user:pass@127.0.0.1:${port}/`,
    'nonsense',
  ])
    assert.equal((await deliver(url)).outcome, 'gave_up', url);
  assert.equal(calls, 0);
});

test('the pauses grow, honour the receiver and spread', () => {
  const least = Array.from({ length: WEBHOOK_TRIES }, (_, i) => nextDelay(i + 1, null, () => 0));
  assert.deepEqual(least, [5_000, 30_000, 300_000, 1_800_000, null]);
  assert.equal(
    nextDelay(1, null, () => 0.8),
    6_000,
  );
  assert.equal(
    nextDelay(1, 90, () => 0),
    90_000,
  );
  assert.equal(
    nextDelay(3, 90, () => 0),
    300_000,
  );
  assert.equal(
    nextDelay(1, 1e9, () => 0),
    3_600_000,
  );
  assert.equal(nextDelay(5, 90), null);
});
