import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { EarshotApiError, EarshotClient } from '../../src/client/index.ts';
import { running, transcript } from '../server/fixture.ts';
import { scratchFolder } from '../support/scratch.ts';
import { broken, cutAfter, quickClock, watchedFetch } from './fixture.ts';

const KEY = 'a-key-of-this-test-alone';
const scratch = scratchFolder();

test('the client and a server', async (t) => {
  /** What the recogniser of the server waits for before it answers. */
  let gate = Promise.resolve();
  const server = await running(t, {
    auth: { apiKey: KEY },
    transcribe: async ({ name }, signal) => {
      await gate;
      signal.throwIfAborted();
      if (name.startsWith('bad')) throw new Error('no such recording');
      return transcript();
    },
  });
  const client = new EarshotClient({ url: server.url, apiKey: KEY, clock: quickClock() });
  const wav = join(scratch, 'talk.wav');
  await writeFile(wav, 'RIFF of a talk');

  await t.test(
    'a path, a Blob, a File and a stream are the same recording, each under its name',
    async () => {
      const named = { enrich: [], diarization: 'off', speakers: 2, priority: -1 } as const;
      const jobs = [
        await client.jobs.create(wav, { ...named, enrich: [...named.enrich] }),
        await client.jobs.create(new Blob(['RIFF of a talk']), { name: 'blob.wav' }),
        await client.jobs.create(new File(['RIFF of a talk'], 'file.wav')),
        await client.jobs.create(createReadStream(wav), {
          name: 'a stream.wav',
          enrich: ['prosody', 'emotion'],
        }),
      ];
      assert.deepEqual(
        jobs.map(({ name }) => name),
        ['talk.wav', 'blob.wav', 'file.wav', 'a stream.wav'],
      );
      for (const { job_id: id } of jobs) {
        assert.equal((await client.jobs.wait(id)).status, 'completed');
        assert.deepEqual((await client.jobs.result(id)).segments, transcript().segments);
      }
      const options = await Promise.all(
        jobs.map(async ({ job_id: id }) => (await server.jobs.get(id))?.options),
      );
      assert.deepEqual(options[0], { diarization: 'off', enrich: [], speakers: 2 });
      assert.deepEqual(options[3], { enrich: ['prosody', 'emotion'] });
      assert.match(await client.jobs.result(jobs[0]?.job_id ?? '', 'srt'), /00:00:00,000 --> /);
    },
  );

  await t.test(
    'every event comes once and in order, though each connection breaks after the first of it',
    async () => {
      const { job_id: id } = await client.jobs.create(wav);
      await client.jobs.wait(id);
      const whole = await all(client.jobs.events(id));
      assert.equal(whole.at(-1)?.type, 'status');
      assert.ok(whole.length >= 2);

      const watched = watchedFetch();
      const clock = quickClock();
      const cutting = new EarshotClient({
        ...{ url: server.url, apiKey: KEY, clock },
        fetch: async (input, init) => cutAfter(await watched.fetch(input, init), 130),
      });
      assert.deepEqual(await all(cutting.jobs.events(id)), whole);
      assert.ok(watched.sent.length > 1);
      const [first, ...later] = watched.sent.map(({ headers }) => headers.get('last-event-id'));
      assert.equal(first, null);
      for (const after of later) assert.ok(whole.some(({ id }) => id === after));
      assert.equal(clock.slept.length, watched.sent.length - 1);
    },
  );

  await t.test('a connection that says nothing is dead, and made again', async () => {
    const { job_id: id } = await client.jobs.create(wav);
    let connections = 0;
    const silent = new EarshotClient({
      ...{ url: server.url, apiKey: KEY },
      fetch: (input, init) =>
        ++connections === 1 ? Promise.resolve(new Response(new ReadableStream())) : fetch(input, init),
    });
    const events = await all(silent.jobs.events(id, { silentMs: 300 }));
    assert.deepEqual((events.at(-1) as { status?: string }).status, 'completed');
    assert.ok(connections > 1);
  });

  await t.test('the list gives every job once, however small the pages are', async () => {
    const made = await Promise.all(
      ['1', '2', '3', '4', '5'].map((n) => client.jobs.create(new Blob([`RIFF ${n}`]))),
    );
    const ids = new Set((await all(client.jobs.list({ pageSize: 2 }))).map(({ job_id: id }) => id));
    for (const { job_id: id } of made) assert.ok(ids.has(id));
    assert.equal(ids.size, (await all(client.jobs.list())).length);
    assert.equal((await all(client.jobs.list({ limit: 3, pageSize: 2 }))).length, 3);
    assert.deepEqual(await all(client.jobs.list({ status: 'cancelled' })), []);
  });

  await t.test(
    'cancel stops a job that runs, leaves one that has ended alone, and delete removes it',
    async () => {
      const opened = Promise.withResolvers<void>();
      gate = opened.promise;
      const { job_id: id } = await client.jobs.create(wav, { language: 'de' });
      await assert.rejects(client.jobs.result(id), { code: 'job_state', status: 202 });
      assert.equal((await client.jobs.cancel(id)).status, 'cancelled');
      opened.resolve();
      gate = Promise.resolve();
      assert.equal((await client.jobs.wait(id)).status, 'cancelled');
      assert.equal((await client.jobs.cancel(id)).status, 'cancelled');
      assert.equal((await client.jobs.retry(id)).job_id, id);
      // The events of the first run end with its own end; the wait is for the second.
      assert.equal((await client.jobs.wait(id)).status, 'completed');
      await client.jobs.delete(id);
      await assert.rejects(client.jobs.get(id), { code: 'not_found', status: 404 });
      await assert.rejects(all(client.jobs.events(id)), { code: 'not_found' });
    },
  );

  await t.test(
    'an error says what it is, which field it is about, and what the server calls the request',
    async () => {
      const wrong = client.jobs.create(wav, { language: 'klingon' as never });
      await assert.rejects(wrong, (error: EarshotApiError) => {
        assert.ok(error instanceof EarshotApiError);
        assert.deepEqual([error.status, error.code, error.param], [422, 'field_invalid', 'language']);
        assert.match(error.requestId ?? '', /^req_/);
        return true;
      });
      const stranger = new EarshotClient({ url: server.url, apiKey: 'another-key-altogether' });
      await assert.rejects(all(stranger.jobs.list()), { status: 401, code: 'unauthorized' });
    },
  );

  await t.test('what failed for the moment is sent again as the server asks, and makes one job', async () => {
    const clock = quickClock();
    const busy = JSON.stringify({ error: { code: 'overloaded', message: 'later', type: 'x', param: null } });
    const troubles = [
      new Response(busy, { status: 429, headers: { 'retry-after': '7' } }),
      new Response('<html>Bad gateway</html>', { status: 502 }),
      broken('ECONNRESET'),
    ];
    const { fetch, sent } = watchedFetch((_sent, index) => troubles[index] ?? null);
    const patient = new EarshotClient({ url: server.url, apiKey: KEY, fetch, clock });
    const before = (await all(client.jobs.list())).length;
    await patient.jobs.create(new Blob(['RIFF again']));
    assert.equal(sent.length, 4);
    assert.equal(new Set(sent.map(({ headers }) => headers.get('idempotency-key'))).size, 1);
    assert.equal(clock.slept[0], 7000);
    assert.ok((clock.slept[2] ?? 0) >= 1000 && (clock.slept[2] ?? 0) <= 2000, String(clock.slept));
    assert.equal((await all(client.jobs.list())).length, before + 1);
  });

  await t.test(
    'what cannot be sent twice is not: a stream, and a deletion that may have been carried out',
    async () => {
      const { fetch, sent } = watchedFetch(() => broken('ECONNRESET'));
      const cut = new EarshotClient({ url: server.url, apiKey: KEY, fetch, clock: quickClock() });
      const unreachable = { code: 'server_unreachable', status: null };
      await assert.rejects(cut.jobs.create(createReadStream(wav)), unreachable);
      await assert.rejects(cut.jobs.delete('0'), unreachable);
      assert.equal(sent.length, 2);
      await assert.rejects(cut.jobs.get('0'), unreachable);
      assert.equal(sent.length, 8);
    },
  );

  await t.test('an abort ends everything with its own reason, pauses too', async () => {
    const reason = new Error('enough');
    const { fetch } = watchedFetch(() => broken('ECONNREFUSED'));
    const away = new EarshotClient({ url: server.url, apiKey: KEY, fetch });
    const stop = new AbortController();
    const waiting = away.jobs.wait('0', { signal: stop.signal });
    setImmediate(() => stop.abort(reason));
    await assert.rejects(waiting, reason);
    await assert.rejects(client.jobs.get('0', { signal: stop.signal }), reason);
  });

  await t.test('the key goes to the server alone', async () => {
    const { fetch, sent } = watchedFetch(() => new Response('{}'));
    const at = new EarshotClient({ url: `${server.url}/below/`, apiKey: KEY, fetch });
    await at.jobs.get('../x');
    assert.equal(sent[0]?.url, `${server.url}/below/jobs/..%2Fx`);
    await at.uploads.remove('http://elsewhere.example/uploads/1');
    assert.deepEqual(
      sent.map(({ headers }) => headers.get('authorization')),
      [`Bearer ${KEY}`, null],
    );
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
