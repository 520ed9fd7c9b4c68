import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KINDS } from '../../src/handlers/kinds.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { openPglite } from '../../src/jobs/pglite.ts';
import { descendants, isRunning, pause, resultOf, serving, submitted, until } from './serving.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-drain-'))));
after(() => rm(cwd, { recursive: true, force: true }));

const OPTIONS = ['--jobs', '1', '--dedupe-minutes', '0', '--grace-seconds'];

/** The recognisers that run for a server. */
const recognisers = (server: number): number[] =>
  descendants(server).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('pocketsphinx');
    } catch {
      return false;
    }
  });

async function soon<T>(look: () => T | null | Promise<T | null>, ms = 20_000): Promise<T> {
  for (const end = Date.now() + ms; ; await pause(20)) {
    const found = await look();
    if (found !== null) return found;
    assert.ok(Date.now() < end, 'it never came to that');
  }
}

test('cancel stops what runs, programs too; SIGTERM hands back what does not end in its grace', async () => {
  const { url, child, ended } = await serving(cwd, [...OPTIONS, '4']);
  const pid = child.pid as number;
  const working = (): Promise<number> => soon(() => recognisers(pid)[0] ?? null);

  const { job_id: unwanted } = await submitted(url, 'meeting.flac');
  const program = await working();
  const began = performance.now();
  const cancelled = await fetch(`${url}/jobs/${unwanted}`, { method: 'DELETE' });
  assert.equal(cancelled.status, 200);
  await soon(() => (isRunning(program) ? null : true));
  assert.ok(performance.now() - began < 3_000, `${performance.now() - began} ms`);
  assert.equal((await fetch(`${url}/jobs/${unwanted}/result`)).status, 409);

  const { job_id: id } = await submitted(url, 'meeting.flac');
  await working();
  uploadSlowly(url);
  const told = performance.now();
  child.kill('SIGTERM');
  const refused = await soon(async () => {
    const answer = await fetch(`${url}/health/ready`);
    return answer.status === 503 ? answer : null;
  });
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  const post = await fetch(`${url}/jobs`, { method: 'POST', body: new FormData() });
  assert.equal(post.status, 503);
  assert.ok(Number(post.headers.get('retry-after')) > 0);
  assert.equal(((await post.json()) as { error: { code: string } }).error.code, 'draining');
  const poll = await fetch(`${url}/jobs/${id}`);
  assert.equal(((await poll.json()) as { status: string }).status, 'processing');
  assert.equal((await fetch(`${url}/jobs/${id}/result`)).status, 202);
  assert.equal(((await (await fetch(`${url}/health`)).json()) as { status: string }).status, 'draining');

  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
  assert.ok(performance.now() - told < 5_000, `it took ${performance.now() - told} ms`);

  const again = await serving(cwd, [...OPTIONS, '2']);
  await until(again.url, id);
  assert.ok((await resultOf(again.url, id)).segments.length > 0);
  assert.equal((await again.stop()).code, 0);
  await assertNoFailure(id);
});

test('SIGTERM ends it within its grace, whatever runs and whoever listens; the job is done after the next start', async () => {
  const { url, child, ended } = await serving(cwd, [...OPTIONS, '3']);
  const { job_id: id } = await submitted(url, 'clip.flac');
  await soon(() => recognisers(child.pid as number)[0] ?? null);
  const below = descendants(child.pid as number);
  for (const pid of below) process.kill(pid, 'SIGSTOP'); // it neither ends nor obeys
  const events = (await fetch(`${url}/jobs/${id}/events`)).text();
  uploadSlowly(url);
  const told = performance.now();
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  const took = performance.now() - told;
  assert.equal(code, 0, stderr);
  assert.ok(took < 3_700, `it took ${took} ms`);
  assert.match(await events, /event: progress/);
  await soon(() => (below.some(isRunning) ? null : true), 3_000);

  const again = await serving(cwd, [...OPTIONS, '0']);
  await until(again.url, id);
  const { job_id: next } = await submitted(again.url, 'clip.flac');
  await soon(() => recognisers(again.child.pid as number)[0] ?? null);
  const toldAgain = performance.now();
  assert.equal((await again.stop()).code, 0);
  assert.ok(performance.now() - toldAgain < 2_700, 'without a grace it is handed back at once');
  for (const each of [id, next]) await assertNoFailure(each);
});

/** An upload that never ends. */
function uploadSlowly(url: string): void {
  const slow = connect(Number(new URL(url).port), '127.0.0.1');
  slow.on('error', () => undefined);
  slow.write('POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=X\r\n');
  slow.write(
    'Content-Length: 1000000\r\n\r\n--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
  );
}

/** What was handed back is nobody's failure. */
async function assertNoFailure(id: string): Promise<void> {
  const db = await openPglite(join(cwd, 'data/server/database'));
  const jobs = await Jobs.open(db, KINDS, () => undefined);
  const stages = await jobs.stages(id);
  await jobs.close();
  assert.deepEqual(
    stages.map(({ tries, lost }) => [tries, lost]),
    stages.map(({ state }) => [state === 'done' ? 1 : 0, 0]),
  );
}

test('a second SIGTERM ends it at once, with all that runs for it', async () => {
  const { url, child, ended } = await serving(cwd, [...OPTIONS, '600']);
  await submitted(url, 'meeting.flac');
  await soon(() => recognisers(child.pid as number)[0] ?? null);
  const below = descendants(child.pid as number);
  child.kill('SIGTERM');
  await soon(async () => ((await fetch(`${url}/health/ready`)).status === 503 ? true : null));
  const told = performance.now();
  await soon(() => {
    child.kill('SIGTERM'); // one that comes right after the first is taken for the same
    return child.exitCode;
  });
  assert.equal((await ended).code, 130);
  assert.ok(performance.now() - told < 2_000);
  await soon(() => (below.some(isRunning) ? null : true), 3_000);
});
