import assert from 'node:assert/strict';
import { test } from 'node:test';
import { form, running, type Running } from './fixture.ts';

const METRIC = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/;

/** What Prometheus would read: value by name and labels. Every line is one of its text format. */
async function metrics({ url }: Running, path = '/metrics'): Promise<Map<string, number>> {
  const answer = await fetch(url + path);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name = '', labels, value] = METRIC.exec(line) ?? assert.fail(line);
      return [labels === undefined ? name : `${name}{${labels}}`, Number(value)];
    }),
  );
}

test('requests, jobs, stages, bytes and audio are counted, each server for itself', async (t) => {
  const [server, other] = [await running(t), await running(t)];
  const made = await fetch(`${server.url}/jobs`, { method: 'POST', body: form([], 'RIFF1234') });
  const { job_id: id } = (await made.json()) as { job_id: string };
  for await (const _ of (await fetch(`${server.url}/jobs/${id}/events`)).body ?? []); // until it has ended
  await fetch(`${server.url}/jobs/${crypto.randomUUID()}`);
  await fetch(`${server.url}/no/${crypto.randomUUID()}`);
  await fetch(`${server.url}/jobs/x%22%7D%0Ainjected%201`);

  let seen = await metrics(server);
  while (!seen.has('earshot_jobs{kind="transcribe",status="completed"}')) seen = await metrics(server);
  for (const [name, value] of [
    ['earshot_http_requests_total{method="POST",route="/jobs",status="2xx"}', 1],
    ['earshot_http_requests_total{method="GET",route="/jobs/:id",status="4xx"}', 2],
    ['earshot_http_requests_total{method="GET",route="none",status="4xx"}', 1],
    ['earshot_http_request_duration_seconds_count{method="POST",route="/jobs"}', 1],
    ['earshot_received_bytes_total', 8],
    ['earshot_jobs_accepted_total{kind="transcribe"}', 1],
    ['earshot_jobs_ended_total{kind="transcribe",status="completed"}', 1],
    ['earshot_stages_ended_total{stage="prepare",outcome="done"}', 1],
    ['earshot_stage_duration_seconds_count{stage="prepare"}', 1],
    ['earshot_uploads_active', 0],
    ['earshot_queue_age_seconds', 0],
  ] as const)
    assert.equal(seen.get(name), value, name);
  assert.ok((seen.get('process_resident_memory_bytes') ?? 0) > 0);
  assert.ok(!(await metrics(other)).has('earshot_jobs_accepted_total{kind="transcribe"}'));

  await t.test('whatever is asked for, the number of series stays', async () => {
    const before = (await metrics(server)).size;
    for (let i = 0; i < 50; i++) await fetch(`${server.url}/jobs/${crypto.randomUUID()}?x=${i}`);
    for (let i = 0; i < 50; i++) await fetch(`${server.url}/${crypto.randomUUID()}`);
    assert.equal((await metrics(server)).size, before);
  });

  await t.test('asking often asks the database seldom', async () => {
    const query = t.mock.method(server.jobs, 'queueState');
    await Promise.all(Array.from({ length: 50 }, () => metrics(server)));
    assert.ok(query.mock.callCount() <= 1, String(query.mock.callCount()));
  });
});

test('it needs a key that may read', async (t) => {
  const key = 'correct-horse-battery';
  const { url } = await running(t, { worker: false, auth: { apiKey: key } });
  assert.equal((await fetch(`${url}/metrics`)).status, 401);
  const headers = { authorization: `Bearer ${key}` };
  assert.equal((await fetch(`${url}/metrics`, { headers })).status, 200);
});
