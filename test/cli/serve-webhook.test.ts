import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JobAnswer } from '../../src/api/job-answer.ts';
import { verifyWebhook } from '../../src/util/webhook-signature.ts';
import { SAMPLES } from './run-cli.ts';
import { job, resultOf, serving, submitted, until } from './serving.ts';

interface Heard {
  readonly id: string;
  readonly body: { type: string; data: { job_id: string; status: string; error?: { code: string } } };
  readonly answer: number;
}

/** A place in the network: gives recordings away, and takes webhooks, answering the statuses it was told to. */
class Elsewhere {
  readonly heard: Heard[] = [];
  readonly asked: string[] = [];
  readonly statuses: number[] = [];
  secret = '';
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));
  #news = Promise.withResolvers<void>();

  async open(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async next(is: (heard: Heard) => boolean): Promise<Heard> {
    for (;;) {
      const found = this.heard.find(is);
      if (found) return found;
      await this.#news.promise;
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const path = request.url ?? '';
    if (request.method === 'POST') {
      const text = Buffer.concat(parts).toString();
      const answer = this.statuses.shift() ?? 204;
      verifyWebhook(text, request.headers, this.secret);
      const id = String(request.headers['webhook-id']);
      response.writeHead(answer).end();
      this.heard.push({ id, body: JSON.parse(text) as Heard['body'], answer });
      this.#news.resolve();
      this.#news = Promise.withResolvers();
      return;
    }
    this.asked.push(path);
    if (path.startsWith('/moved')) response.writeHead(302, { location: '/a%20b%2Fc/clip%20(1).flac' }).end();
    else if (path.includes('clip')) response.end(await readFile(join(SAMPLES, 'clip.flac')));
    else if (path.startsWith('/large')) response.writeHead(200, { 'content-length': 2e9 }).write('x');
    else response.writeHead(404).end();
  }
}

let cwd: string;
let elsewhere: Elsewhere;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'earshot-elsewhere-'));
  elsewhere = await new Elsewhere().open();
});
after(async () => {
  elsewhere.close();
  await rm(cwd, { recursive: true });
});

async function byUrl(server: string, body: object): Promise<JobAnswer> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server}/jobs`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()) as JobAnswer;
}

const ARGS = ['--allow-private', '--max-download-mb', '1', '--dedupe-minutes', '0'];

test('recordings come by URL and webhooks go out, whatever happens to server and receiver', async () => {
  const { url, child, ended } = await serving(cwd, ARGS);
  elsewhere.secret = (await readFile(join(cwd, 'data/server/webhook-secret'), 'utf8')).trim();
  const hook = { webhook_url: `${elsewhere.url}/hook?token=secret` };

  const dead = new Elsewhere();
  await dead.open();
  const gone = dead.url;
  dead.close();
  const unreachable = await byUrl(url, { url: `${gone}/x.wav`, ...hook });
  const fetched = await byUrl(url, { url: `${elsewhere.url}/moved`, name: 'call me', ...hook });
  const large = await byUrl(url, { url: `${elsewhere.url}/large.wav` });
  const missing = await byUrl(url, { url: `${elsewhere.url}/%2e%2e%2f..%5Cetc%2Fpass%00wd` });
  const named = await byUrl(url, { url: `${elsewhere.url}/a/clip%20(1).flac?key=secret#x` });
  const odd = await byUrl(url, { url: `${elsewhere.url}/%E0%A4%A.flac` });
  assert.equal(fetched.name, 'call me');
  assert.equal(named.name, 'clip (1).flac');
  assert.doesNotMatch(missing.name, /[/\\\0]/);
  assert.ok(odd.name.length > 0);

  elsewhere.statuses.push(500);
  const refused = await elsewhere.next(({ answer }) => answer === 500);
  child.kill('SIGKILL'); // it may have heard the answer or not
  await ended;

  const again = await serving(cwd, ARGS);
  const delivered = await elsewhere.next(({ id, answer }) => id === refused.id && answer === 204);
  assert.deepEqual(delivered.body, refused.body, 'the same call once more');

  for (const { job_id: id } of [fetched, named]) await until(again.url, id);
  assert.ok((await resultOf(again.url, fetched.job_id)).segments.length > 0);
  assert.ok(elsewhere.asked.includes('/a%20b%2Fc/clip%20(1).flac'));
  const failed = ({ status }: JobAnswer): boolean => status === 'failed';
  for (const [{ job_id: id }, code] of [
    [large, 'too_large'],
    [missing, 'recording_not_found'],
    [unreachable, 'recording_unreachable'],
  ] as const)
    assert.equal((await until(again.url, id, failed)).error?.code, code);

  const { job_id: cancelled } = await submitted(again.url, 'meeting.flac', hook);
  assert.equal((await fetch(`${again.url}/jobs/${cancelled}`, { method: 'DELETE' })).status, 200);
  for (const [id, type] of [
    [fetched.job_id, 'job.completed'],
    [unreachable.job_id, 'job.failed'],
    [cancelled, 'job.cancelled'],
  ] as const) {
    const { body } = await elsewhere.next((heard) => heard.body.data.job_id === id && heard.answer === 204);
    assert.equal(body.type, type);
    assert.equal(body.data.error?.code, type === 'job.failed' ? 'recording_unreachable' : undefined);
  }
  assert.equal((await job(again.url, cancelled)).status, 'cancelled');

  const before = elsewhere.heard.length;
  const redeliver = `${again.url}/jobs/${cancelled}/webhook/redeliver`;
  const ordered = await fetch(redeliver, { method: 'POST' });
  assert.equal(ordered.status, 202, await ordered.clone().text());
  const { deliveries } = (await ordered.json()) as { deliveries: { id: string; state: string }[] };
  assert.equal(deliveries.length, 2);
  assert.equal(deliveries[1]?.id, deliveries[0]?.id, 'the same message');
  await elsewhere.next((heard) => heard.id === deliveries[0]?.id && elsewhere.heard.indexOf(heard) >= before);
  const without = `${again.url}/jobs/${named.job_id}/webhook/redeliver`;
  assert.equal((await fetch(without, { method: 'POST' })).status, 409);
  const { code, stderr } = await again.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /secret/, 'queries of URLs are not for the log');
});

test('without leave, addresses of this machine and of private networks are refused', async () => {
  const { url, stop } = await serving(cwd);
  for (const body of [
    { url: `${elsewhere.url}/clip.flac` },
    { url: 'http://169.254.169.254/latest/meta-data' },
    { url: 'http://[::ffff:10.0.0.1]/x' },
    { url: `http://localhost:${new URL(elsewhere.url).port}/clip.flac` },
    { url: 'file:///etc/passwd' },
  ]) {
    const answer = await fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(
      answer.status,
      body.url.startsWith('file:') ? 422 : 400,
      `${body.url}: ${await answer.text()}`,
    );
  }
  assert.equal((await stop()).code, 0);
});
