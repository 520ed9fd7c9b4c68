import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { createLog } from '../../src/server/logging.ts';
import { form, raw, running } from './fixture.ts';

type Line = Record<string, unknown>;
const KEY = 'correct-horse-battery';

function heard(level: 'info' | 'debug' = 'debug') {
  const lines: string[] = [];
  const log = createLog({ level, write: (line) => lines.push(line), secrets: [KEY] });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Line) };
}

describe('what must not be seen', () => {
  for (const [name, text, kept] of [
    ['a key', 'with ek_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456', 'with '],
    ['the chosen key', `got ${KEY}`, 'got '],
    ['a token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln', ''],
    ['a bearer', 'Authorization: Bearer abcdef', 'Authorization: Bearer '],
    ['a secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', ''],
    ['a query', 'cannot fetch https://host/a.wav?token=hunter2 now', 'cannot fetch https://host/a.wav?'],
    ['a password', 'postgres://me:hunter2@db/earshot', 'postgres://'],
  ] as const)
    test(name, () => {
      const { log, lines, parsed } = heard();
      log.error({ err: new EarshotError('internal', text) }, text);
      assert.doesNotMatch(lines[0] ?? '', /abcdef|horse|hunter2|c2ln|MfKQ/);
      const { msg, err } = parsed()[0] as { msg: string; err: { message: string } };
      assert.ok(msg.startsWith(kept) && err.message === msg, msg);
    });

  test('nothing that a terminal acts on, one line whatever comes', () => {
    const { log, lines, parsed } = heard();
    const evil = 'a\r\n{"level":"info"}\u001b[2J\u009b2J\u2028\u202e\u0007b';
    log.info({ name: evil }, evil);
    assert.equal(lines.length, 1);
    assert.doesNotMatch((lines[0] ?? '').trimEnd(), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    assert.equal(parsed()[0]?.['msg'], evil, 'escaped, not lost');
  });

  test('a long line takes no long time', () => {
    const { log } = heard();
    const began = performance.now();
    for (const text of ['a.', 'http://a', 'eyJa.', 'bearer ']) log.info(text.repeat(50_000));
    assert.ok(performance.now() - began < 5_000);
  });
});

test('requests and jobs, with who and what, without what was sent', async (t) => {
  const { log, lines, parsed } = heard();
  const { url } = await running(t, { log, auth: { apiKey: KEY } });
  const headers = { 'x-api-key': KEY };
  const made = await fetch(`${url}/jobs`, { method: 'POST', headers, body: form([]) });
  const { job_id: id } = (await made.json()) as { job_id: string };
  for await (const _ of (await fetch(`${url}/jobs/${id}/events`, { headers })).body ?? []);
  await fetch(`${url}/jobs/${id}?secret=hunter2`, { headers: { 'x-api-key': 'wrong-key-of-somebody' } });
  await raw(`${url}/no%0d%0a{"level":"error"}?hunter2`, [], { ...headers, 'user-agent': 'hunter2' });

  const all = parsed();
  const accepted = all.find(({ route, method }) => route === '/jobs' && method === 'POST');
  assert.equal(accepted?.['request'], made.headers.get('x-request-id'));
  assert.deepEqual(
    [accepted?.['caller'], accepted?.['status'], typeof accepted?.['ms']],
    ['api-key', 201, 'number'],
  );
  const words = all.filter(({ job }) => job === id).map(({ msg }) => msg);
  assert.deepEqual(words, ['job accepted', 'stage begun', 'stage done', 'job completed']);
  assert.ok(
    all.some(({ route, status, caller }) => route === '/jobs/:id' && status === 401 && caller === null),
  );
  assert.doesNotMatch(lines.join(''), /hunter2|horse|wrong-key|Hello|a\.wav/);

  await t.test('the story of one job', async () => {
    const story = (await (await fetch(`${url}/jobs/${id}/log`, { headers })).json()) as { stages: Line[] };
    assert.deepEqual(
      story.stages.map(({ name, state, tries, lost, error }) => [name, state, tries, lost, error]),
      [['prepare', 'done', 1, 0, null]],
    );
    assert.equal((await fetch(`${url}/jobs/${crypto.randomUUID()}/log`, { headers })).status, 404);
  });
});
