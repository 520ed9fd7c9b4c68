import assert from 'node:assert/strict';
import { test } from 'node:test';
import { form, running, transcript } from './fixture.ts';
import { said, statusOf } from './sockets.ts';

test('HEAD answers what GET answers, without the body', async (t) => {
  const gate = Promise.withResolvers<void>();
  const server = await running(t, {
    transcribe: async () => {
      await gate.promise;
      return transcript();
    },
  });
  const { url } = server;
  const submitted = await fetch(`${url}/jobs`, { method: 'POST', body: form([]) });
  const { job_id: id } = (await submitted.json()) as { job_id: string };
  const unfetched = async (): Promise<number> => (await server.jobs.counts()).unfetched;
  const same = async (path: string): Promise<number> => {
    const [head, got] = await Promise.all([
      fetch(url + path, { method: 'HEAD' }),
      fetch(url + path, { method: 'GET' }),
    ]);
    assert.equal(await head.text(), '');
    for (const name of ['content-type', 'content-length', 'content-security-policy'])
      assert.equal(head.headers.get(name), got.headers.get(name), `${path}: ${name}`);
    assert.equal(head.status, got.status, path);
    await got.text();
    return head.status;
  };

  await t.test('while a job runs: its state, and the head of its events at once', async () => {
    assert.equal((await fetch(`${url}/jobs/${id}/result`, { method: 'HEAD' })).status, 202);
    const events = await said(
      url,
      `HEAD /jobs/${id}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(statusOf(events), 200, events);
    assert.match(events, /\r\ncontent-type: text\/event-stream; charset=utf-8\r\n/);
    assert.match(events, /\r\n\r\n$/, 'the connection is closed with nothing behind the head');
    assert.doesNotMatch(events, /content-length/i);
    gate.resolve();
    await (await fetch(`${url}/jobs/${id}/events`)).text();
  });

  await t.test('a result that was only asked about has not been fetched', async () => {
    for (const path of [`/jobs/${id}/result?format=srt`, `/get_result/${id}`]) {
      const { status, headers } = await fetch(url + path, { method: 'HEAD' });
      assert.equal(status, 200);
      assert.ok(Number(headers.get('content-length')) > 50);
    }
    assert.equal(await unfetched(), 1);
    await (await fetch(`${url}/jobs/${id}/result`)).text();
    assert.equal(await unfetched(), 0);
  });

  await t.test('everything that GET answers', async () => {
    for (const path of [
      '/jobs',
      `/jobs/${id}`,
      `/jobs/${id}/result`,
      `/jobs/${id}/log`,
      '/v1/models/parakeet',
    ])
      assert.equal(await same(path), 200, path);
    for (const path of ['/jobs/x', '/jobs/x/events', '/get_result/x', '/v1/models/nope'])
      assert.equal(await same(path), 404, path);
    assert.equal(await same('/jobs?limit=x'), 422);
    assert.equal((await fetch(`${url}/metrics`, { method: 'HEAD' })).status, 200);
  });
});

test('HEAD asks for the key that GET asks for', async (t) => {
  const { url } = await running(t, { auth: { apiKey: 'correct-horse-battery' }, worker: false });
  assert.equal((await fetch(`${url}/jobs`, { method: 'HEAD' })).status, 401);
  const headers = { 'x-api-key': 'correct-horse-battery' };
  assert.equal((await fetch(`${url}/jobs`, { method: 'HEAD', headers })).status, 200);
});
