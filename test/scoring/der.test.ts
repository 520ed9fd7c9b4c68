import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { random } from '../../samples/noise.ts';
import { diarizationErrorRate, type SpeakerTurn } from '../../src/scoring/der.ts';
import { parseRttm } from '../../src/scoring/rttm.ts';
import { mdEval, withoutNist, type Layout } from './nist.ts';

const root = join(import.meta.dirname, '../..');
const turn = (speaker: string, start: number, end: number): SpeakerTurn => ({ speaker, start, end });

test('the same turns under other names are no error', () => {
  const errors = diarizationErrorRate([turn('a', 0, 4), turn('b', 3, 6)], [turn('2', 0, 4), turn('1', 3, 6)]);
  assert.equal(errors.der, 0);
  assert.equal(errors.total, 7);
  assert.deepEqual(
    [...errors.mapping],
    [
      ['a', '2'],
      ['b', '1'],
    ],
  );
});

test('missed, falsely found and confused speaker time are told apart', () => {
  const { missed, falseAlarm, confusion, total, der } = diarizationErrorRate(
    [turn('a', 0, 10), turn('b', 8, 14), turn('a', 16, 18)],
    [turn('x', 0, 9), turn('y', 9, 18)],
  );
  // 8-9: one of two missing; 9-10: one of two; 10-14 right; 14-16 nobody speaks; 16-18: y is b, not a
  assert.deepEqual(
    { missed, falseAlarm, confusion, total },
    { missed: 2, falseAlarm: 2, confusion: 2, total: 18 },
  );
  assert.equal(der, 6 / 18);
});

test('the mapping is the best of all, not the first that offers itself', () => {
  const reference = [turn('a', 0, 10), turn('b', 10, 19)];
  const hypothesis = [turn('x', 0, 6), turn('y', 6, 10), turn('x', 10, 19)];
  // greedy and best agree on b-x (9 s): a is then y (4 s), and 6 s are confused
  const { confusion, mapping } = diarizationErrorRate(reference, hypothesis);
  assert.equal(confusion, 6);
  assert.deepEqual(
    [...mapping],
    [
      ['a', 'y'],
      ['b', 'x'],
    ],
  );
  // greedy would take a-x (6 s) and leave b without anyone; best takes a-y (5 s) and b-x (5 s)
  const better = diarizationErrorRate(
    [turn('a', 0, 11), turn('b', 11, 16)],
    [turn('x', 0, 6), turn('y', 6, 11), turn('x', 11, 16)],
  );
  assert.equal(better.confusion, 6);
  assert.equal(better.mapping.get('b'), 'x');
});

test('a collar leaves the surroundings of reference boundaries unscored', () => {
  const [reference, hypothesis] = [[turn('a', 1, 5)], [turn('x', 0.8, 5.5)]];
  const scored = [{ start: 0, end: 6 }];
  assert.ok(Math.abs(diarizationErrorRate(reference, hypothesis, { scored }).falseAlarm - 0.7) < 1e-9);
  const { falseAlarm, total } = diarizationErrorRate(reference, hypothesis, { scored, collar: 0.25 });
  assert.ok(Math.abs(falseAlarm - 0.25) < 1e-9);
  assert.ok(Math.abs(total - 3.5) < 1e-9);
});

test('without a scored region false alarms outside the reference cost nothing', () => {
  assert.equal(diarizationErrorRate([turn('a', 1, 2)], [turn('x', 0, 9)]).der, 0);
});

test('an empty reference gives 0 for an empty hypothesis and Infinity for any speech', () => {
  const scored = [{ start: 0, end: 10 }];
  assert.equal(diarizationErrorRate([], [], { scored }).der, 0);
  assert.equal(diarizationErrorRate([], [turn('x', 1, 2)], { scored }).der, Infinity);
  assert.equal(diarizationErrorRate([turn('a', 1, 2)], []).der, 1);
});

for (const [name, collar, region] of [
  ['as it is', 0, false],
  ['with a collar of 0.25 s', 0.25, false],
  ['over a given region', 0, true],
  ['over a given region with a collar', 0.25, true],
] as const)
  test(`agrees with md-eval.pl on random layouts ${name}`, { skip: withoutNist }, async () => {
    const next = random(collar * 100 + Number(region) + 11);
    await assertAgreement(
      Array.from({ length: 60 }, () => randomLayout(next, region)),
      collar,
    );
  });

test('agrees with md-eval.pl on the samples, moved, merged and swapped', { skip: withoutNist }, async () => {
  const reference = await turnsOf(join(root, 'samples/meeting.rttm'));
  const moved = reference.map(({ speaker, start, end }) => turn(speaker, start + 0.2, end + 0.2));
  const one = reference.map(({ start, end }) => turn('S1', start, end));
  const swapped = reference.map(({ start, end }, index) => turn(`S${index % 4}`, start, end));
  const layouts = [reference, moved, one, swapped].map((hypothesis) => ({ reference, hypothesis }));
  await assertAgreement(layouts, 0);
});

const meetings = ['ami-trn04', 'ami-trn05', 'ami-trn06', 'ami-trn07'].map((name) =>
  join(root, `../shared/data/${name}.rttm`),
);
const withoutMeetings = meetings.every(existsSync) ? false : 'the real meetings are not at ../shared/data';

test('agrees with md-eval.pl on real meetings', { skip: withoutNist || withoutMeetings }, async () => {
  const next = random(5);
  const layouts = await Promise.all(
    meetings.map(async (path) => {
      const reference = await turnsOf(path);
      return { reference, hypothesis: randomTurns(next, 3, 30), scored: [{ start: 0, end: 30 }] };
    }),
  );
  await assertAgreement(layouts, 0);
});

async function assertAgreement(layouts: readonly Layout[], collar: number): Promise<void> {
  const theirs = await mdEval(layouts, collar);
  layouts.forEach(({ reference, hypothesis, scored }, index) => {
    const ours = 100 * diarizationErrorRate(reference, hypothesis, { collar, ...(scored && { scored }) }).der;
    const difference = Math.abs(ours - (theirs[index] ?? NaN));
    assert.ok(difference <= 0.0051, `layout ${index}: ours ${ours}, md-eval.pl ${theirs[index]}`);
  });
}

async function turnsOf(path: string): Promise<SpeakerTurn[]> {
  return [...parseRttm(await readFile(path, 'utf8')).values()].flat();
}

function randomLayout(next: () => number, region: boolean): Layout {
  const speakers = (): number => 1 + Math.floor((next() + 1) * 2.5);
  const reference = randomTurns(next, speakers(), 60);
  const hypothesis = randomTurns(next, speakers(), 60);
  if (!region) return { reference, hypothesis };
  return {
    reference,
    hypothesis,
    scored: [
      { start: 2, end: 20.5 },
      { start: 25, end: 58 },
    ],
  };
}

/**
 * Turns that begin on a grid of 0.1 s, so that boundaries of both lists often fall on one moment, and end on one of
 * 1 ms, so that no two mappings are equally good: which of those md-eval.pl takes is left to chance.
 */
function randomTurns(next: () => number, speakers: number, seconds: number): SpeakerTurn[] {
  return Array.from({ length: speakers }, (_, index) => {
    const turns: SpeakerTurn[] = [];
    for (let at = (next() + 1) * 5; at < seconds - 5;) {
      const start = Math.round(at * 10) / 10;
      const end = Math.round((start + 0.1 + (next() + 1) * 2) * 1000) / 1000;
      turns.push(turn(`S${index}`, start, end));
      at = end + (next() + 1) * 2 * speakers;
    }
    return turns;
  }).flat();
}
