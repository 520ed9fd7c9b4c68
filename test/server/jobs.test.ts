import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sourceKey } from '../../src/api/job-files.ts';
import { EarshotError } from '../../src/errors.ts';
import { createKey } from '../../src/server/auth/keys-file.ts';
import { transcriptSchema } from '../../src/transcript/schema.ts';
import { formatNames } from '../../src/writers/index.ts';
import { scratchFolder } from '../support/scratch.ts';
import { form, running, transcript, type Asked } from './fixture.ts';

interface JobBody {
  readonly job_id: string;
  readonly status: string;
  readonly name: string;
  readonly position?: number;
  readonly attempts: number;
  readonly error?: { readonly code: string; readonly message: string };
}
interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JobBody & {
    jobs: JobBody[];
    next: string | null;
    error: { code: string; message: string; param: string | null };
  };
}

const FOLDER = scratchFolder();
const made = {
  alice: createKey({ id: 'alice-1', owner: 'alice', scopes: ['submit', 'read'] }),
  alice2: createKey({ id: 'alice-2', owner: 'alice', scopes: ['submit', 'read'] }),
  bob: createKey({
    id: 'bob',
    owner: 'bob',
    scopes: ['submit', 'read'],
    maxQueuedJobs: 2,
    maxStoredBytes: 1000,
  }),
  reader: createKey({ id: 'reader', owner: 'alice', scopes: ['read'] }),
  submitter: createKey({ id: 'submitter', owner: 'alice', scopes: ['submit'] }),
  hasty: createKey({ id: 'hasty', owner: 'hasty', scopes: ['read'], ratePerMinute: 3 }),
  admin: createKey({ id: 'admin', owner: 'root', scopes: ['admin'] }),
};
type Who = keyof typeof made;

test('jobs over HTTP', async (t) => {
  const keysFile = join(FOLDER, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ keys: Object.values(made).map(({ row }) => row) }));
  /** What becomes of recordings, by name. */
  const held = new Map<string, PromiseWithResolvers<void>>();
  const failing = new Set<string>();
  const server = await running(t, {
    auth: { keysFile },
    limits: { dedupeSeconds: 3600 },
    transcribe: async ({ name }: Asked, signal) => {
      const stopped = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
      await Promise.race([held.get(name)?.promise, stopped.catch(() => signal.throwIfAborted())]);
      if (failing.has(name)) throw new EarshotError('recording_no_audio', `${name} holds no audio stream`);
      return transcript();
    },
  });
  const call = async (who: Who, method: string, path: string, init: RequestInit = {}): Promise<Told> => {
    const headers = { authorization: `Bearer ${made[who].key}`, ...(init.headers as Record<string, string>) };
    const answer = await fetch(server.url + path, { ...init, method, headers });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json');
    return {
      status: answer.status,
      headers: answer.headers,
      body: (isJson ? JSON.parse(text) : text) as Told['body'],
    };
  };
  const send = (
    who: Who,
    name: string,
    headers: Record<string, string> = {},
    fields: [string, string][] = [],
  ) => call(who, 'POST', '/jobs', { body: form([...fields, ['name', name]], `RIFF ${name}`), headers });
  const idOf = async (who: Who, name: string): Promise<string> => {
    const { status, body } = await send(who, name);
    assert.equal(status, 201, JSON.stringify(body));
    return body.job_id;
  };
  const once = async (id: string, status: string): Promise<Told> => {
    for (const end = Date.now() + 20_000; ;) {
      const told = await call('admin', 'GET', `/jobs/${id}`);
      if (told.body.status === status) return told;
      assert.ok(Date.now() < end, `${id} is ${JSON.stringify(told.body)}, not ${status}`);
    }
  };
  const filesOf = (id: string): Promise<string[]> => readdir(join(server.folder, 'jobs', id)).catch(() => []);

  await t.test('submit, poll, result: 202 while it runs, then every format', async () => {
    held.set('talk', Promise.withResolvers());
    const { status, headers, body } = await send('alice', 'talk');
    assert.equal(status, 201);
    assert.equal(headers.get('location'), `/jobs/${body.job_id}`);
    const path = `/jobs/${body.job_id}/result`;
    const early = await call('alice', 'GET', path);
    assert.deepEqual([early.status, early.body.job_id], [202, body.job_id]);
    held.get('talk')?.resolve();
    await once(body.job_id, 'completed');

    const json = await call('alice', 'GET', path);
    assert.equal(json.status, 200);
    assert.equal(transcriptSchema.parse(json.body).segments.length, 2);
    for (const format of formatNames) {
      const answer = await call('alice', 'GET', `${path}?format=${format}`);
      assert.equal(answer.status, 200, format);
      assert.match(answer.headers.get('content-type') ?? '', /^(text|application)\/[\w-]+; charset=utf-8$/);
      assert.match(answer.headers.get('content-security-policy') ?? '', /^sandbox/);
    }
    assert.equal((await call('alice', 'GET', `${path}?format=SRT`)).status, 200);
    const wrong = await call('alice', 'GET', `${path}?format=docx`);
    assert.deepEqual([wrong.status, wrong.body.error.param], [422, 'format']);
    assert.match(wrong.body.error.message, /expected one of txt, srt/);
  });

  await t.test(
    'one that failed: what went wrong, 409 for its result, and a retry with its options',
    async () => {
      failing.add('broken');
      const { body } = await send('alice', 'broken', {}, [['language', 'de']]);
      const { body: failed } = await once(body.job_id, 'failed');
      assert.deepEqual(failed.error, {
        code: 'recording_no_audio',
        message: 'broken holds no audio stream',
      } as never);
      const result = await call('alice', 'GET', `/jobs/${body.job_id}/result`);
      assert.deepEqual([result.status, result.body.error.code], [409, 'job_state']);
      failing.delete('broken');
      const again = await call('alice', 'POST', `/jobs/${body.job_id}/retry`, {
        headers: { 'content-type': 'application/json' }, // as clients say that send nothing
      });
      assert.deepEqual([again.status, again.body.attempts], [200, 2]);
      await once(body.job_id, 'completed');
      assert.equal(server.calls.filter(({ name }) => name === 'broken').at(-1)?.language, 'de');
      assert.equal((await call('alice', 'POST', `/jobs/${body.job_id}/retry`)).status, 409);
    },
  );

  await t.test(
    'DELETE cancels what has not ended within seconds, then deletes it with its files',
    async () => {
      held.set('long', Promise.withResolvers());
      const id = await idOf('alice', 'long');
      await once(id, 'processing');
      const begun = Date.now();
      const cancelled = await call('alice', 'DELETE', `/jobs/${id}`);
      assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled']);
      assert.ok(Date.now() - begun < 3000);
      assert.deepEqual(await filesOf(id), ['source'], 'it can be retried');
      const result = await call('alice', 'GET', `/jobs/${id}/result`);
      assert.equal(result.status, 409);
      assert.equal((await call('alice', 'DELETE', `/jobs/${id}`)).status, 204);
      assert.deepEqual(await filesOf(id), []);
      for (const [method, path] of [
        ['GET', `/jobs/${id}`],
        ['GET', `/jobs/${id}/result`],
        ['DELETE', `/jobs/${id}`],
        ['POST', `/jobs/${id}/retry`],
      ] as const)
        assert.equal((await call('alice', method, path)).status, 404);
    },
  );

  await t.test('the same content with the same options is the same job, and is kept once', async () => {
    const first = await send('alice', 'same');
    const second = await send('alice', 'same');
    assert.deepEqual([second.status, second.body.job_id], [201, first.body.job_id]);
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    assert.equal(first.headers.get('idempotent-replayed'), null);
    const renamed = { body: form([['name', 'another']], 'RIFF same') };
    const { body: kept } = await call('alice', 'POST', '/jobs', renamed);
    assert.deepEqual([kept.job_id, kept.name], [first.body.job_id, 'same'], 'whatever it is called');
    const headers = { 'idempotency-key': 'renamed' };
    const { body: another } = await call('alice', 'POST', '/jobs', { ...renamed, headers });
    assert.equal(another.name, 'another', 'a key of its own makes another job');
    assert.notEqual((await send('alice', 'same', {}, [['language', 'de']])).body.job_id, first.body.job_id);
    assert.notEqual((await send('bob', 'same')).body.job_id, first.body.job_id, "another's");
    await call('admin', 'DELETE', `/jobs/${first.body.job_id}`);
  });

  await t.test('an Idempotency-Key names a request: the same job again, 422 for another', async () => {
    const key = { 'idempotency-key': 'k-1' };
    const first = await send('alice', 'keyed', key);
    const together = await Promise.all([1, 2, 3].map(() => send('alice', 'keyed', key)));
    for (const { body } of together) assert.equal(body.job_id, first.body.job_id);
    const other = await send('alice', 'other', key);
    assert.deepEqual([other.status, other.body.error.code], [422, 'idempotency_mismatch']);
    assert.equal((await send('bob', 'other', key)).status, 201, 'keys are their owners’ own');
    const wrong = await send('alice', 'x', { 'idempotency-key': 'x'.repeat(300) });
    assert.deepEqual([wrong.status, wrong.body.error.param], [422, 'Idempotency-Key']);
  });

  await t.test('pages: newest first, each job once, by status and kind', async () => {
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: Told = await call('alice', 'GET', `/jobs?limit=2${next === '' ? '' : `&after=${next}`}`);
      assert.ok(page.body.jobs.length <= 2);
      seen.push(...page.body.jobs.map(({ job_id: id }) => id));
      next = page.body.next;
    }
    assert.equal(new Set(seen).size, seen.length);
    const { body } = await call('alice', 'GET', '/jobs?limit=1000');
    assert.deepEqual(
      body.jobs.map(({ job_id: id }) => id),
      seen,
    );
    const completed = await call('alice', 'GET', '/jobs?status=completed&kind=transcribe');
    assert.ok(completed.body.jobs.length > 0);
    assert.ok(completed.body.jobs.every(({ status }) => status === 'completed'));
    assert.deepEqual((await call('alice', 'GET', '/jobs?kind=enrich')).body.jobs, []);
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=1.5',
      'status=done',
      'after=x',
      'after=1&after=2',
      'kind=%00',
    ])
      assert.equal((await call('alice', 'GET', `/jobs?${query}`)).status, 422, query);
  });

  await t.test("nobody's jobs exist for others; keys of one owner share, and admin sees all", async () => {
    const id = await idOf('alice', 'secret');
    await once(id, 'completed');
    for (const [method, path] of [
      ['GET', `/jobs/${id}`],
      ['GET', `/jobs/${id}/result`],
      ['GET', `/jobs/${id}/events`],
      ['DELETE', `/jobs/${id}`],
      ['POST', `/jobs/${id}/retry`],
    ] as const) {
      const { status, body } = await call('bob', method, path);
      assert.equal(status, 404, path);
      assert.equal(body.error.message, (await call('bob', method, path.replace(id, 'x'))).body.error.message);
    }
    const listed = await call('bob', 'GET', '/jobs?limit=1000');
    assert.ok(!listed.body.jobs.some(({ job_id: other }) => other === id));
    assert.equal((await call('alice2', 'GET', `/jobs/${id}`)).status, 200);
    assert.equal((await call('admin', 'GET', `/jobs/${id}/result`)).status, 200);
  });

  await t.test('scopes: 403 says which is needed', async () => {
    const refused = await send('reader', 'x');
    assert.deepEqual([refused.status, refused.body.error.code], [403, 'forbidden']);
    assert.match(refused.body.error.message, /needs the scope submit/);
    assert.equal((await call('submitter', 'GET', '/jobs')).status, 403);
    assert.equal((await call('reader', 'GET', '/jobs')).status, 200);
    assert.equal((await call('reader', 'DELETE', '/jobs/')).status, 404, 'a path without an id is no path');
    assert.equal((await send('alice', 'x', {}, [['priority', '1']])).status, 403);
    assert.equal((await send('admin', 'x', {}, [['priority', '1']])).status, 201);
    assert.equal((await send('alice', 'x', {}, [['priority', '-1']])).status, 201);
  });

  await t.test('limits of a key: requests a minute, jobs queued, bytes kept', async () => {
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await call('hasty', 'GET', '/jobs'));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 429],
    );
    assert.match(answers[3]?.headers.get('retry-after') ?? '', /^\d+$/);

    for (const name of ['q1', 'q2']) held.set(name, Promise.withResolvers());
    const queued = [await idOf('bob', 'q1'), await idOf('bob', 'q2')];
    const third = await send('bob', 'q3');
    assert.deepEqual([third.status, third.body.error.code], [429, 'quota_exceeded']);
    assert.ok(third.headers.has('retry-after'));
    for (const id of queued) await call('bob', 'DELETE', `/jobs/${id}`);

    for (const name of ['q4', 'q5', 'q6']) held.set(name, Promise.withResolvers());
    const stopped = await idOf('bob', 'q4');
    await call('bob', 'POST', `/jobs/${stopped}/cancel`);
    const [one, other] = [await idOf('bob', 'q5'), await idOf('bob', 'q6')];
    const beyond = await call('bob', 'POST', `/jobs/${stopped}/retry`);
    assert.deepEqual([beyond.status, beyond.body.error.code], [429, 'quota_exceeded'], 'a retry counts, too');
    assert.equal((await call('bob', 'GET', `/jobs/${stopped}`)).body.status, 'cancelled');
    await call('bob', 'DELETE', `/jobs/${one}`);
    assert.equal((await call('bob', 'POST', `/jobs/${stopped}/retry`)).status, 200);
    for (const id of [stopped, other]) await call('bob', 'DELETE', `/jobs/${id}`);

    const large = { body: form([], 'x'.repeat(2000)) };
    const full = await call('bob', 'POST', '/jobs', large);
    assert.deepEqual([full.status, full.body.error.code], [507, 'storage_full']);
  });

  const expected = ['recording_no_audio', 'storage_full'];
  assert.deepEqual(
    server.errors.filter(({ code }) => !expected.includes(code)),
    [],
    'nothing else went wrong',
  );
});

test('places in the queue are told wherever queued jobs are', async (t) => {
  const { url } = await running(t, { worker: false });
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> =>
    (await fetch(`${url}${path}`, init)).json();
  const ids: string[] = [];
  for (const [i, priority] of ['0', '1', '0'].entries()) {
    const body = form([['priority', priority]], `RIFF ${i}`);
    ids.push(((await ask('/jobs', { method: 'POST', body })) as JobBody).job_id);
  }
  const places = [1, 0, 2];
  for (const [i, id] of ids.entries())
    assert.equal(((await ask(`/jobs/${id}`)) as JobBody).position, places[i]);
  const { jobs } = (await ask('/jobs')) as { jobs: JobBody[] };
  assert.deepEqual(
    jobs.map(({ job_id: id, position }) => [id, position]),
    ids.map((id, i) => [id, places[i]]).toReversed(),
  );
});

test('a job that is begun again while it is deleted is whole or gone', async (t) => {
  const { url, storage } = await running(t, { worker: false });
  const ask = (method: string, path: string): Promise<Response> => fetch(`${url}${path}`, { method });
  for (let i = 0; i < 30; i++) {
    const made = await fetch(`${url}/jobs`, { method: 'POST', body: form([['name', `a${i}`]], `RIFF ${i}`) });
    const { job_id: id } = (await made.json()) as { job_id: string };
    await ask('DELETE', `/jobs/${id}`);
    await Promise.all([ask('DELETE', `/jobs/${id}`), ask('POST', `/jobs/${id}/retry`)]);
    const isThere = (await ask('GET', `/jobs/${id}`)).status === 200;
    assert.equal((await storage.stat(sourceKey(id))) !== null, isThere);
  }
});
