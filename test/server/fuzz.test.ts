import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKey } from '../../src/server/auth/keys-file.ts';
import { scratchFolder } from '../support/scratch.ts';
import { Documented, type Answer, type Schema } from './fuzz/documented.ts';
import { anyRequest, type FuzzRequest } from './fuzz/requests.ts';
import { form, running } from './fixture.ts';

/** The same seed sends the same requests: EARSHOT_FUZZ_SEED=… repeats a run. */
const SEED = Number(process.env['EARSHOT_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const MS = Number(process.env['EARSHOT_FUZZ_SECONDS'] ?? 15) * 1000;
/** Requests that are under way at once. */
const TOGETHER = 12;
/** What becomes of jobs whose recording is to be fetched from a host that nobody knows. */
const OF_STRANGE_URLS = new Set(['recording_not_found', 'recording_unreachable', 'address_refused']);

test(`any request gets a documented answer (seed ${SEED})`, async (t) => {
  const folder = scratchFolder();
  const keys = [
    createKey({ id: 'all', owner: 'one', scopes: ['admin'] }),
    createKey({ id: 'reader', owner: 'two', scopes: ['read'] }),
  ];
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ keys: keys.map(({ row }) => row) }));
  const server = await running(t, { auth: { keysFile } });
  const documented = new Documented((await (await fetch(`${server.url}/openapi.json`)).json()) as Schema);
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) {
    const headers = { 'x-api-key': (keys[0] as { key: string }).key };
    const body = form([['name', `a${i}`]]);
    const answer = await fetch(`${server.url}/jobs`, { method: 'POST', body, headers });
    ids.push(((await answer.json()) as { job_id: string }).job_id);
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: TOGETHER });
  t.after(() => agent.destroy());
  const secrets = [server.folder, folder, tmpdir(), process.cwd(), ...keys.map(({ key }) => key)];

  let count = 0;
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        anyRequest(documented, {
          ids: [...ids, 'whisper-1', 'parakeet', '00000000-0000-4000-8000-000000000000'],
          keys: keys.map(({ key }) => key),
        }),
        { minLength: TOGETHER, maxLength: TOGETHER },
      ),
      async (requests) => {
        await Promise.all(
          requests.map(async (request) => {
            const answer = await send(server.url, request, agent);
            count++;
            seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
            check(request, answer, documented, secrets);
          }),
        );
      },
    ),
    { seed: SEED, numRuns: 100_000, interruptAfterTimeLimit: MS, endOnFailure: true },
  );
  t.diagnostic(`${count} requests, answers by status: ${JSON.stringify(Object.fromEntries(seen))}`);
  const unforeseen = server.errors.filter(({ code }) => !OF_STRANGE_URLS.has(code));
  assert.deepEqual(
    unforeseen.map((error) => `${error.code}: ${error.message}`),
    [],
  );
  assert.ok(count >= 300, `${count} requests`);
  for (const status of [200, 400, 401, 403, 404, 405, 415, 422]) assert.ok(seen.has(status), `${status}`);
});

function check(request: FuzzRequest, answer: Answer, documented: Documented, secrets: string[]): void {
  const { operation, method } = request;
  const { status, headers, body } = answer;
  const shown = `${method} ${request.path} -> ${status} ${body.slice(0, 300)}`;
  assert.match(String(headers['x-request-id']), /^req_[0-9a-f]{32}$/, shown);
  assert.notEqual(status, 500, shown);
  for (const secret of secrets) assert.ok(!body.includes(secret), shown);
  assert.doesNotMatch(body, /\bat .{1,200}:\d+:\d+|node_modules|file:\/\/\/(?!etc\/passwd)/, shown);
  if (method === 'HEAD') return assert.equal(body, '', shown);
  const methods = operation === null ? [] : documented.methodsOf(operation.path);
  if (operation !== null && methods.includes(method))
    return documented.check({ method, path: operation.path }, answer);
  documented.checkError(body);
  const expected = operation === null ? [400, 401, 404, 405, 415, 429] : [400, 401, 405, 415, 429];
  assert.ok(expected.includes(status), shown);
  if (status === 405 && operation !== null) assert.equal(headers['allow'], methods.join(', '), shown);
}

/** The answer; of events, which may never end, the beginning. */
function send(url: string, request: FuzzRequest, agent: http.Agent): Promise<Answer> {
  const { method, path, body } = request;
  const length = body === null ? {} : { 'content-length': String(body.length) };
  const headers = { ...request.headers, ...length };
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = http.request({ hostname, port, agent, method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      const done = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        });
      response.on('data', (part: Buffer) => {
        parts.push(part);
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          done();
          sent.destroy();
        }
      });
      response.once('end', done);
      response.once('error', reject);
    });
    sent.setTimeout(10_000, () =>
      sent.destroy(
        new Error(`no answer within 10 s to ${method} ${path} ${JSON.stringify(headers)} ${String(body)}`),
      ),
    );
    sent.once('error', (error: NodeJS.ErrnoException) => {
      // The server has closed a connection that waited to be used again: everybody's clients try once more.
      if (error.code === 'ECONNRESET' && sent.reusedSocket) resolve(send(url, request, agent));
      else reject(error);
    });
    sent.end(body);
  });
}
