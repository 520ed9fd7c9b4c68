import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepOpen } from '../../../src/speech/recognition/kept.ts';
import type {
  RecognitionEngine,
  RecognitionOptions,
  RecognitionRequest,
} from '../../../src/speech/recognition/recognition.ts';

const options = (changes: Partial<RecognitionOptions> = {}): RecognitionOptions => ({
  ...{ model: 'a', language: 'en', task: 'transcribe', jobs: null, pull: false, modelsDir: '/models' },
  ...{ workers: [], scratchDir: '/run', ...changes },
});
const chunk = { samples: new Float32Array(1), start: 0 };
const request = (signal?: AbortSignal): RecognitionRequest => ({
  ...{ language: 'en', task: 'transcribe' },
  ...(signal ? { signal } : {}),
});

/** An engine that writes down what happens to it; each chunk lasts until it is let go. */
function watched(concurrency = 2, languagePerChunk = false) {
  const log: string[] = [];
  const working: { model: string; end: () => void }[] = [];
  let loaded = 0;
  let most = 0;
  const engine: RecognitionEngine = {
    name: 'own',
    chunking: { target: 28, max: 30 },
    languagePerChunk,
    check: ({ model }) => Promise.resolve({ ok: true, model, device: 'cpu' }),
    async open({ model, scratchDir, signal }) {
      assert.equal(signal, undefined, 'one run’s end must not break what others share');
      await Promise.resolve();
      if (model === 'broken') throw new Error('cannot be loaded');
      log.push(`load ${model} ${scratchDir}`);
      most = Math.max(most, ++loaded);
      let isClosed = false;
      let running = 0;
      return {
        ...{ engine: 'own', model, device: 'cpu', concurrency },
        async recognize() {
          assert.ok(!isClosed, 'it was closed while in use');
          assert.ok(++running <= concurrency, 'more at once than it can do');
          const gate = Promise.withResolvers<void>();
          working.push({ model: String(model), end: gate.resolve });
          await gate.promise;
          running--;
          return { words: [], language: { code: 'en', confidence: null } };
        },
        async close() {
          await Promise.resolve();
          assert.equal(running, 0, 'it was closed while in use');
          isClosed = true;
          loaded--;
          log.push(`close ${model}`);
        },
      };
    },
  };
  return { engine, log, working, most: () => most };
}

const turns = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function only(kept: ReturnType<typeof keepOpen>): RecognitionEngine {
  return kept.engines[0] as RecognitionEngine;
}

test('a recogniser is loaded once for all that ask for the same, and gets no more chunks than it can do', async () => {
  const { engine, log, working } = watched(2);
  const kept = keepOpen([engine], '/shared');
  const [one, two] = await Promise.all([
    only(kept).open(options({ scratchDir: '/run/1', onNotice: () => undefined })),
    only(kept).open(options({ scratchDir: '/run/2', signal: new AbortController().signal })),
  ]);
  assert.deepEqual(log, ['load a /shared']);
  const works = [one, two, one, two, one].map((recognizer) => recognizer.recognize(chunk, request()));
  await turns();
  assert.equal(working.length, 2);
  for (let ended = 0; ended < 5; ended++) {
    working[ended]?.end();
    await turns();
    assert.equal(working.length, Math.min(5, ended + 3));
  }
  await Promise.all(works);
  await one.close();
  assert.deepEqual(log, ['load a /shared'], 'the end of a run is not the end of the recogniser');
  await kept.close();
  assert.deepEqual(log, ['load a /shared', 'close a']);
});

test('of several models as many are loaded as may be: one in use stays, the one used longest ago goes', async () => {
  const { engine, log, working, most } = watched(2);
  const kept = keepOpen([engine], '/shared', { most: 2 });
  const [a, b] = [await only(kept).open(options()), await only(kept).open(options({ model: 'b' }))];
  const inA = a.recognize(chunk, request());
  await turns();
  const c = await only(kept).open(options({ model: 'c' }));
  assert.deepEqual(log, ['load a /shared', 'load b /shared', 'close b', 'load c /shared']);

  const inC = c.recognize(chunk, request());
  await turns();
  const inB = b.recognize(chunk, request()); // both places are in use
  const afterB = a.recognize(chunk, request()); // and who comes later waits its turn
  await turns();
  assert.deepEqual(
    working.map(({ model }) => model),
    ['a', 'c'],
  );
  working[0]?.end();
  await inA;
  await turns();
  assert.deepEqual(log.slice(4), ['close a', 'load b /shared']);
  working[1]?.end();
  await inC;
  await turns();
  await turns();
  assert.deepEqual(
    working.map(({ model }) => model),
    ['a', 'c', 'b', 'a'],
  );
  for (const { end } of working) end();
  await Promise.all([inB, afterB]);
  assert.equal(most(), 2);
  await kept.close();
});

/** The engine with models of 100 bytes, each of which takes `taken` of what is `left` once it is loaded. */
function heavy(
  engine: RecognitionEngine,
  memory: { left: number; readonly taken: number },
): RecognitionEngine {
  return {
    ...engine,
    check: async (given) => {
      const found = await engine.check(given);
      return found.ok ? { ...found, bytes: 100 } : found;
    },
    open: async (given) => {
      const opened = await engine.open(given);
      await turns();
      memory.left -= memory.taken;
      const close = async (): Promise<void> => {
        memory.left += memory.taken;
        await opened.close();
      };
      return { ...opened, close };
    },
  };
}

test('a model that memory has no room for waits until what is loaded is not in use, and takes its place', async () => {
  const { engine, log, working, most } = watched(2);
  const memory = { left: 300, taken: 160 };
  const kept = keepOpen([heavy(engine, memory)], '/shared', { available: () => memory.left });
  const a = await only(kept).open(options());
  const inA = a.recognize(chunk, request());
  await turns();
  const coming = only(kept).open(options({ model: 'b' }));
  await turns();
  assert.deepEqual(log, ['load a /shared'], '140 left, 150 needed');
  working[0]?.end();
  await inA;
  await coming;
  assert.deepEqual(log, ['load a /shared', 'close a', 'load b /shared']);
  memory.left = 0;
  await only(kept).open(options({ model: 'c' }));
  assert.deepEqual(log.slice(3), ['close b', 'load c /shared'], 'one is loaded whatever is left');
  assert.equal(most(), 1);
  await kept.close();
});

test('two models that come together are not both loaded where memory holds one', async () => {
  const { engine, most } = watched(2);
  const memory = { left: 160, taken: 150 };
  const kept = keepOpen([heavy(engine, memory)], '/shared', { available: () => memory.left });
  await Promise.all([only(kept).open(options()), only(kept).open(options({ model: 'b' }))]);
  assert.equal(most(), 1);
  await kept.close();
});

test('who gives up waiting is told at once and blocks nobody; what could not be loaded is tried again', async () => {
  const { engine, log, working } = watched(1);
  const kept = keepOpen([engine], '/shared', { most: 1 });
  const a = await only(kept).open(options());
  const first = a.recognize(chunk, request());
  await turns();
  const reason = new Error('enough');
  const stop = new AbortController();
  const waiting = [
    a.recognize(chunk, request(stop.signal)), // for a slot
    only(kept).open(options({ model: 'b', signal: stop.signal })), // for a place
    a.recognize(chunk, request(stop.signal)), // for the place before
  ];
  await turns();
  stop.abort(reason);
  for (const each of waiting) await assert.rejects(each, reason);
  const second = a.recognize(chunk, request());
  working[0]?.end();
  await first;
  await turns();
  working[1]?.end();
  await second;

  for (let tried = 0; tried < 2; tried++)
    await assert.rejects(only(kept).open(options({ model: 'broken' })), /cannot be loaded/);
  await (await only(kept).open(options({ model: 'b' }))).close();
  assert.deepEqual(log, ['load a /shared', 'close a', 'load b /shared']);
  await kept.close();
});

test('one model serves all languages where the engine is told the language with each chunk', async () => {
  for (const [perChunk, loads] of [
    [true, 1],
    [false, 2],
  ] as const) {
    const { engine, log } = watched(1, perChunk);
    const kept = keepOpen([engine], '/shared');
    for (const language of ['en', 'de']) await only(kept).open(options({ language }));
    assert.equal(log.length, loads);
    await kept.close();
  }
});
