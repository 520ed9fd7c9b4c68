import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeSamples } from '../samples/make.ts';
import { synthesise } from '../samples/synthesis.ts';
import { toCtm, toRttm, toStm, turnsOf, type Truth } from '../samples/truth.ts';
import { run } from '../src/util/process.ts';

const SAMPLES = join(import.meta.dirname, '../samples');
const SPOKEN = ['meeting', 'call', 'clip'];
const ALL = [...SPOKEN, 'silence', 'noise', 'tone'];
const RATE = 16_000;
const withoutFlite = spawnSync('flite', ['--version']).error
  ? 'flite is not installed (apt-get install flite)'
  : false;

const scratch = await mkdtemp(join(tmpdir(), 'earshot-samples-'));
after(() => rm(scratch, { recursive: true, force: true }));

test('the samples are small', async () => {
  const sizes = await Promise.all(
    (await readdir(SAMPLES)).map(async (name) => (await stat(join(SAMPLES, name))).size),
  );
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 3_000_000);
});

for (const name of ALL)
  test(`${name}: the truth has the duration of the recording`, async () => {
    const { truth, channels } = await load(name);
    assert.equal(truth.duration, (channels[0]?.length ?? 0) / RATE);
  });

for (const name of SPOKEN) {
  test(`${name}: every word sounds on its channel, and outside the turns of a channel it is quiet`, async () => {
    const { truth, channels } = await load(name);
    for (const word of truth.words) {
      const loudness = level(channels[word.channel], word.start, word.end);
      assert.ok(loudness > -40, `${word.text} at ${word.start}: ${loudness} dBFS`);
    }
    channels.forEach((samples, channel) => {
      for (const [start, end] of pauses(truth, channel)) {
        const loudness = level(samples, start, end);
        assert.ok(loudness < -55, `channel ${channel} from ${start} to ${end}: ${loudness} dBFS`);
      }
    });
  });

  test(`${name}: after a pause the sound begins when the truth says so`, async () => {
    const { truth, channels } = await load(name);
    for (const { speaker, start } of truth.turns) {
      const channel = truth.words.find((word) => word.speaker === speaker)?.channel ?? 0;
      if (!pauses(truth, channel).some(([, end]) => Math.abs(end + GUARD_BEFORE - start) < 1e-6)) continue;
      const samples = channels[channel];
      const windows = Array.from({ length: 40 }, (_, index) => start - 0.1 + index * 0.01);
      const onset = windows.find((at) => level(samples, at, at + 0.01) > -52) ?? Infinity;
      assert.ok(
        Math.abs(onset - start) <= 0.12,
        `turn of ${speaker} at ${start} begins to sound at ${onset}`,
      );
    }
  });

  test(`${name}: words, turns and the NIST files tell the same`, async () => {
    const { truth } = await load(name);
    assert.deepEqual(turnsOf(truth.words), truth.turns);
    for (const [suffix, render] of [
      ['rttm', toRttm],
      ['stm', toStm],
      ['ctm', toCtm],
    ] as const)
      assert.equal(await readFile(join(SAMPLES, `${name}.${suffix}`), 'utf8'), render(name, truth));
    for (const speaker of new Set(truth.words.map((word) => word.speaker))) {
      const own = truth.words.filter((word) => word.speaker === speaker);
      own.forEach((word, index) => {
        assert.ok(
          word.start < word.end && word.start >= (own[index - 1]?.end ?? 0),
          `${word.text} at ${word.start}`,
        );
      });
    }
  });
}

test('the meeting has three speakers, short overlaps and pauses', async () => {
  const { truth } = await load('meeting');
  const { turns, duration } = truth;
  const gaps = turns
    .slice(1)
    .map((turn, index) => turn.start - Math.max(...turns.slice(0, index + 1).map((t) => t.end)));
  assert.deepEqual(new Set(turns.map((turn) => turn.speaker)), new Set(['slt', 'awb', 'rms']));
  assert.ok(turns.length >= 14 && duration > 55 && duration < 65);
  assert.deepEqual(
    gaps.filter((gap) => gap < 0).map((gap) => gap.toFixed(1)),
    ['-0.4', '-0.6', '-0.5'],
  );
  assert.ok(gaps.every((gap) => gap < 0 || (gap > 0.29 && gap < 1.51)));
});

test('in the call both channels speak at once for a while', async () => {
  const { truth, channels } = await load('call');
  const [left, right] = [0, 1].map((channel) => truth.words.filter((word) => word.channel === channel));
  const both = left?.some((one) => right?.some((other) => one.start < other.end && other.start < one.end));
  assert.equal(channels.length, 2);
  assert.equal(both, true);
});

test('silence is digital silence, the tone is 440 Hz, the noise is quiet', async () => {
  const samples = async (name: string): Promise<Float32Array> =>
    (await load(name)).channels[0] ?? new Float32Array();
  assert.ok((await samples('silence')).every((sample) => sample === 0));
  const tone = await samples('tone');
  const rising = tone.filter(
    (sample, index) => index > 0 && sample >= 0 && (tone[index - 1] ?? 0) < 0,
  ).length;
  assert.ok(Math.abs(rising / 3 - 440) <= 1);
  assert.ok(Math.abs(level(await samples('noise'), 0, 3) + 46) < 0.1);
});

test('made again, the samples are the same', { skip: withoutFlite }, async () => {
  const names = ['clip', 'noise', 'tone']; // all would take too long for a test
  await makeSamples(scratch, names);
  for (const name of names) {
    const [made, kept] = [await load(name, scratch), await load(name)];
    assert.deepEqual(made.truth, kept.truth);
    assert.equal(made.channels.length, kept.channels.length);
    made.channels.forEach((samples, channel) => {
      const other = kept.channels[channel] ?? new Float32Array();
      assert.ok(Buffer.from(samples.buffer).equals(Buffer.from(other.buffer)), `${name}, channel ${channel}`);
    });
  }
});

test(
  'synthesis gives every word its time, reduced vowels and pauses included',
  { skip: withoutFlite },
  async () => {
    const { words, samples } = await synthesise('slt', 'The apple is in a box, and I have to go.');
    assert.deepEqual(
      words.map((word) => word.text),
      ['the', 'apple', 'is', 'in', 'a', 'box', 'and', 'i', 'have', 'to', 'go'],
    );
    words.slice(1).forEach((word, index) => {
      const pause = word.start - (words[index]?.end ?? 0);
      assert.equal(pause > 0, word.text === 'and', `${pause} s before ${word.text}`);
    });
    assert.ok((words.at(-1)?.end ?? Infinity) < samples.length / RATE);
  },
);

test('synthesis refuses what it would speak in other words', { skip: withoutFlite }, async () => {
  await assert.rejects(synthesise('slt', 'Come at 9 with Dr. Smith.'), /write the words as they are spoken/);
});

async function load(name: string, folder = SAMPLES): Promise<{ truth: Truth; channels: Float32Array[] }> {
  const truth = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Truth;
  const pieces: Buffer[] = [];
  const flac = join(folder, `${name}.flac`);
  await run('ffmpeg', ['-v', 'error', '-i', flac, '-f', 's16le', '-'], {
    onStdout: (bytes) => void pieces.push(bytes),
  });
  const bytes = Buffer.concat(pieces);
  const count = name === 'call' ? 2 : 1;
  const frames = bytes.length / 2 / count;
  const channels = Array.from({ length: count }, (_, channel) =>
    Float32Array.from({ length: frames }, (__, n) => bytes.readInt16LE((n * count + channel) * 2) / 32_768),
  );
  return { truth, channels };
}

/** A voice rings on after its last phone, and its first may begin some milliseconds early: that is not a pause yet. */
const GUARD_AFTER = 0.12;
const GUARD_BEFORE = 0.02;

/** Stretches in which nobody has a turn on the channel. */
function pauses(truth: Truth, channel: number): [number, number][] {
  const speakers = new Set(
    truth.words.filter((word) => word.channel === channel).map((word) => word.speaker),
  );
  const found: [number, number][] = [];
  let end = 0;
  for (const turn of truth.turns.filter((candidate) => speakers.has(candidate.speaker))) {
    found.push([end === 0 ? 0 : end + GUARD_AFTER, turn.start - GUARD_BEFORE]);
    end = Math.max(end, turn.end);
  }
  found.push([end + GUARD_AFTER, truth.duration]);
  return found.filter(([from, to]) => to - from > 0.02);
}

/** Root mean square of [start, end) in dBFS. */
function level(samples: Float32Array | undefined, start: number, end: number): number {
  const part = samples?.subarray(Math.round(start * RATE), Math.round(end * RATE)) ?? new Float32Array();
  return 10 * Math.log10(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
}
