import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Recognition } from '../../../../src/speech/recognition/recognition.ts';
import { WorkerFault, type FaultKind } from '../../../../src/speech/recognition/remote/fault.ts';
import { createPool } from '../../../../src/speech/recognition/remote/pool.ts';
import type { Worker } from '../../../../src/speech/recognition/remote/worker.ts';
import { CALM, chunk, range } from './fixture.ts';
import { steppingClock } from './stepping-clock.ts';

/** What a worker does with its n-th call; it takes `ms`, and hangs where there is no kind but `hang`. */
interface Step {
  readonly does: 'answer' | 'hang' | FaultKind;
  readonly ms: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom<Step['does']>(
    'answer',
    'answer',
    'answer',
    'hang',
    'absent',
    'chunk',
    'busy',
    'down',
    'broken',
    'refused',
  ),
  ms: fc.integer({ min: 1, max: 20_000 }),
});
const script = fc.record({
  slots: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
});

const words = (index: number): Recognition => ({
  words: [{ text: `w${index}`, start: index * 10, end: index * 10, confidence: null, speaker: null }],
  language: { code: null, confidence: null },
});

test('whatever the workers do, every chunk ends once, with its own words or an error that is due', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 12 }),
      async (scripts, chunks) => {
        const clock = steppingClock();
        const running = new Map<number, number>();
        let mostPerChunk = 0;
        const workers = scripts.map(({ slots, steps }, w): Worker => {
          let calls = 0;
          let busy = 0;
          return {
            name: `worker ${w}`,
            slots,
            waitMs: 10_000,
            async recognize({ audio }, signal) {
              const index = audio.start / 10;
              const { does, ms } = steps[calls++ % steps.length] as Step;
              assert.ok(++busy <= slots, 'more calls than slots');
              running.set(index, (running.get(index) ?? 0) + 1);
              mostPerChunk = Math.max(mostPerChunk, running.get(index) ?? 0);
              try {
                await clock.sleep(does === 'hang' ? 1e12 : ms, signal);
                if (does === 'answer') return words(index);
                throw new WorkerFault(does as FaultKind, `${does}!`);
              } finally {
                busy--;
                running.set(index, (running.get(index) ?? 0) - 1);
              }
            },
          };
        });
        const settings = {
          ...CALM,
          hedgeFactor: 3,
          hedgeMinMs: 5000,
          firstAnswerMs: 60_000,
          callMs: 280_000,
          patienceMs: 180_000,
        };
        const pool = createPool(workers, { settings, clock, random: () => 0.5, onNotice: () => undefined });
        const request = { language: 'auto', task: 'transcribe' } as const;
        const ends = Promise.allSettled(
          range(chunks).map((i) => pool.recognize({ audio: chunk(i), request })),
        );
        await clock.runUntil(ends);
        for (const [i, end] of (await ends).entries()) {
          if (end.status === 'fulfilled') assert.deepEqual(end.value, words(i));
          else assert.match((end.reason as { code: string }).code, /^(?:worker_failed|engine_failed)$/);
        }
        assert.ok(mostPerChunk <= 2, 'a chunk ran more than twice at once');
        // A worker that always answers and is never slow to the end saves every chunk.
        if (
          scripts.some(({ steps }) => steps.every(({ does }) => does === 'answer')) &&
          !hasRefusals(scripts)
        )
          assert.ok(
            (await ends).every(({ status }) => status === 'fulfilled'),
            'words were lost',
          );
        pool.close();
      },
    ),
    { numRuns: 300 },
  );
});

/** Two workers that refuse a chunk end it, however well a third would do. */
const hasRefusals = (scripts: readonly { readonly steps: readonly Step[] }[]): boolean =>
  scripts.some(({ steps }) => steps.some(({ does }) => does === 'chunk'));
