import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readEvents, type ServerEvent } from '../../src/client/event-stream.ts';

const TEXT =
  '\uFEFFretry: 1500\r\n\r\n: a comment\n\nid: 1\nevent: status\ndata: {"status":"queued"}\n\n' +
  'data:first\r\ndata: second\r\nid: 2\r\n\r\nid: 3\rdata\r\revent: nothing\n\ndata: ünïcode 🎧\nid: no\0pe\n\ndata: cut off';
const EVENTS: ServerEvent[] = [
  { type: 'status', data: '{"status":"queued"}', id: '1', retryMs: 1500 },
  { type: 'message', data: 'first\nsecond', id: '2', retryMs: 1500 },
  { type: 'message', data: '', id: '3', retryMs: 1500 },
  { type: 'message', data: 'ünïcode 🎧', id: '3', retryMs: 1500 },
];

test('the events are the same wherever the chunks are cut, even inside CR LF and characters', async () => {
  const bytes = Buffer.from(TEXT);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 30 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      assert.deepEqual(await eventsOf(chunks), EVENTS);
    }),
    { numRuns: 300, seed: 7 },
  );
  assert.deepEqual(await eventsOf([...bytes].map((byte) => Buffer.from([byte]))), EVENTS);
});

test('whatever arrives is a sign of life', async () => {
  const signs: (ServerEvent | null)[] = [];
  for await (const event of readEvents(streamOf([Buffer.from(': waiting\n\n'), Buffer.from('data: x\n\n')])))
    signs.push(event);
  assert.equal(signs[0], null);
  assert.equal(signs[1]?.data, 'x');
});

test('a line without an end is refused before it fills the memory', async () => {
  const endless = Array.from({ length: 40 }, () => Buffer.alloc(65_536, 'x'));
  await assert.rejects(eventsOf(endless), /does not end/);
});

async function eventsOf(chunks: readonly Uint8Array[]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of readEvents(streamOf(chunks))) if (event !== null) events.push(event);
  return events;
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
