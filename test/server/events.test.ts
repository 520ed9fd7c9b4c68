import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test, type TestContext } from 'node:test';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { MOST_STREAMS } from '../../src/server/events.ts';
import { systemClock } from '../../src/util/clock.ts';
import { form, running, transcript, type Running } from './fixture.ts';

/** A server whose jobs are in work until `end` is called; its time goes `speed` times as fast as ours. */
async function working(
  t: TestContext,
  speed = 20,
): Promise<Running & { submit(): Promise<string>; end(): void }> {
  const gate = Promise.withResolvers<ReturnType<typeof transcript>>();
  const server = await running(t, {
    transcribe: (_asked, signal) => {
      signal.addEventListener('abort', () => gate.reject(signal.reason));
      return gate.promise;
    },
    clock: {
      now: () => systemClock.now() * speed,
      sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    },
  });
  return {
    ...server,
    end: () => gate.resolve(transcript()),
    async submit() {
      const answer = await fetch(`${server.url}/jobs`, { method: 'POST', body: form([]) });
      return ((await answer.json()) as { job_id: string }).job_id;
    },
  };
}

/** Reads events until the stream ends or `enough` says so; then the connection is torn down. */
async function read(
  url: string,
  headers: Record<string, string> = {},
  enough: (events: readonly EventSourceMessage[], comments: number) => boolean = () => false,
): Promise<{ events: EventSourceMessage[]; comments: number; retry: number | null }> {
  const gone = new AbortController();
  const answer = await fetch(url, { headers, signal: gone.signal });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  const events: EventSourceMessage[] = [];
  let comments = 0;
  let retry: number | null = null;
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: () => comments++,
    onRetry: (ms) => (retry = ms),
    onError: assert.ifError,
  });
  const text = new TextDecoder();
  for await (const bytes of answer.body as ReadableStream<Uint8Array>) {
    parser.feed(text.decode(bytes, { stream: true }));
    if (enough(events, comments)) break;
  }
  gone.abort();
  return { events, comments, retry };
}

/** What another process writes, and tells nobody in this one. */
const addProgress = (
  { jobs }: Running,
  id: string,
  from: number,
  to: number,
  letters = 9,
): Promise<unknown> =>
  jobs.db.query(
    `INSERT INTO earshot.event (job_id, type, data)
     SELECT $1, 'progress', jsonb_build_object('stage', repeat('x', $4), 'done', n, 'total', 100000, 'percent', 50)
     FROM generate_series($2::int, $3::int) AS n`,
    [id, from, to, letters],
  );

test('a job from its first word to its last, in the shape that GET /jobs/{id} has', async (t) => {
  const server = await working(t);
  const { url } = server;
  const id = await server.submit();
  const reading = read(`${url}/jobs/${id}/events`, {}, (events) => {
    if (events.some(({ data }) => data.includes('"processing"'))) server.end();
    return false;
  });
  const { events, retry } = await reading;
  assert.equal(retry, 2000);
  const statuses = events
    .filter(({ event }) => event === 'status')
    .map(({ data }) => JSON.parse(data) as unknown);
  assert.deepEqual(statuses, [{ status: 'queued' }, { status: 'processing' }, { status: 'completed' }]);
  const ids = events.map((event) => Number(event.id));
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );

  const seen = await fetch(`${url}/jobs/${id}/events`, { headers: { 'last-event-id': String(ids.at(-1)) } });
  assert.equal(seen.status, 204, 'a browser that has seen the end must not come back for ever');
  const again = await read(`${url}/jobs/${id}/events`);
  assert.deepEqual(again.events, events);
  for (const [path, headers] of [
    [`/jobs/${id}/events?after=-1`, {}],
    [`/jobs/${id}/events`, { 'last-event-id': 'x' }],
  ] as const)
    assert.equal((await fetch(url + path, { headers })).status, 422);
  assert.equal((await fetch(`${url}/jobs/${crypto.randomUUID()}/events`)).status, 404);
});

test('a reader whose connection breaks again and again sees every event once, in order', async (t) => {
  const server = await working(t);
  const id = await server.submit();
  const address = `${server.url}/jobs/${id}/events`;
  const seen: EventSourceMessage[] = [];
  const writing = (async () => {
    for (let from = 1; from <= 400; from += 25) await addProgress(server, id, from, from + 24);
    server.end();
  })();
  for (let connection = 0; ; connection++) {
    const last = seen.at(-1)?.id;
    // Node and browsers send the header, others can only change the address.
    const how: [string, Record<string, string>] =
      connection % 2 === 0 && last !== undefined
        ? [address, { 'last-event-id': last }]
        : [last === undefined ? address : `${address}?after=${last}`, {}];
    const { events } = await read(...how, (now) => now.length >= 7 + (connection % 5));
    seen.push(...events);
    if (seen.at(-1)?.data.includes('completed')) break;
  }
  await writing;
  const all = await server.jobs.events(id, 0);
  assert.ok(all.length > 400);
  assert.deepEqual(
    seen.map((event) => Number(event.id)),
    all.map(({ seq }) => seq),
  );
});

test('what nobody reads stays in the database', async (t) => {
  const server = await working(t);
  const id = await server.submit();
  const total = 10_000; // more than the buffers of two sockets hold
  await addProgress(server, id, 1, total, 3_000);
  let asked = 0;
  const ask = server.jobs.events.bind(server.jobs);
  t.mock.method(server.jobs, 'events', (job: string, after: number) => (asked++, ask(job, after)));
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write(`GET /jobs/${id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  for (let before = -1; asked === 0 || before !== asked;) {
    before = asked;
    await systemClock.sleep(500);
  }
  const held = asked;
  assert.ok(held * 500 < total / 2, `${held} pages were read for a client that takes nothing`);
  let text = '';
  socket.on('data', (part: Buffer) => (text = (text + part.toString()).slice(-5_000)));
  while (!text.includes(`"done":${total},`)) await once(socket, 'data');
  assert.ok(asked > held);
});

test('silence is filled; a failure says why, without what is only the business of the server', async (t) => {
  const server = await working(t, 100);
  const id = await server.submit();
  const address = `${server.url}/jobs/${id}/events`;
  const { comments } = await read(address, {}, (_events, heard) => heard >= 2);
  assert.equal(comments, 2);
  await server.jobs.db.query(`INSERT INTO earshot.event (job_id, type, data) VALUES ($1, 'status', $2)`, [
    id,
    { status: 'failed', error: { code: 'internal', message: 'cannot open /srv/secret' } },
  ]);
  const { events } = await read(address);
  assert.deepEqual(JSON.parse(events.at(-1)?.data ?? ''), {
    status: 'failed',
    error: { code: 'internal', message: 'A defect in Earshot itself.' },
  });
});

test('a caller has so many streams, and a server that stops ends them', async (t) => {
  const server = await working(t, 1);
  const id = await server.submit();
  const address = `${server.url}/jobs/${id}/events`;
  const streams = await Promise.all(
    Array.from({ length: MOST_STREAMS }, async () => {
      const gone = new AbortController();
      const answer = await fetch(address, { signal: gone.signal });
      assert.equal(answer.status, 200);
      return { gone, answer };
    }),
  );
  const refused = await fetch(address);
  assert.equal(refused.status, 429);
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
  streams[0]?.gone.abort();
  let next = await fetch(address);
  while (next.status === 429) {
    await next.arrayBuffer(); // until the server has heard of it
    next = await fetch(address);
  }
  assert.equal(next.status, 200);

  const ends = Promise.all(
    [next, ...streams.slice(1).map(({ answer }) => answer)].map((each) => each.text()),
  );
  await server.close();
  assert.ok((await ends).every((text) => text.startsWith('retry: ')));
});
