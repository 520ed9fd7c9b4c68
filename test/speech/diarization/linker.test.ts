import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLinker, MOST_VOICES, type Likeness } from '../../../src/speech/diarization/linker.ts';

const ANY = { speakers: null, min: null, max: null };

/** Voices are numbers; they are one speaker when they round to the same. `work` counts compared pairs. */
function byRounding(): Likeness<number> & { work: number } {
  const likeness = {
    work: 0,
    join: (a: number, b: number) => (a + b) / 2,
    group(voices: readonly number[], _atLeast: number, atMost: number): number[] {
      likeness.work += voices.length ** 2;
      const keys = voices.map((voice) => Math.round(voice));
      const names = [...new Set(keys)].slice(0, Math.max(1, atMost));
      return keys.map((key) => Math.max(0, names.indexOf(key)));
    },
  };
  return likeness;
}

test('a voice that comes back is the same speaker', () => {
  const linker = createLinker(byRounding(), ANY);
  [1.1, 2.2, 0.9, 3, 2.1].forEach((voice) => linker.add(voice));
  assert.deepEqual(linker.speakers(), [0, 1, 0, 2, 1]);
});

test('far more voices than are kept still find their speaker', () => {
  const linker = createLinker(byRounding(), ANY);
  const voices = Array.from({ length: 1_000 }, (_, i) => (i * 7) % 5);
  voices.forEach((voice) => linker.add(voice));
  const speakers = linker.speakers();
  assert.equal(speakers.length, 1_000);
  for (let i = 0; i < 1_000; i++) assert.equal(speakers[i], speakers[i % 5]);
  assert.equal(new Set(speakers).size, 5);
});

test('the work grows linearly with the voices', () => {
  const workFor = (count: number): number => {
    const likeness = byRounding();
    const linker = createLinker(likeness, ANY);
    // All different: the worst case, where nothing is joined before it must be.
    for (let i = 0; i < count; i++) linker.add(i % (MOST_VOICES / 2));
    linker.speakers();
    return likeness.work;
  };
  const [one, ten] = [workFor(640), workFor(6_400)];
  assert.ok(ten <= 11 * one, `${one} pairs, then ${ten}`);
});

test('nothing added gives no speakers', () => {
  assert.deepEqual(createLinker(byRounding(), ANY).speakers(), []);
});
