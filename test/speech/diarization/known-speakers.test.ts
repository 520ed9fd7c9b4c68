import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { encodeWav, openWaveform, SAMPLE_RATE, type Waveform } from '../../../src/audio/waveform.ts';
import { openRecording } from '../../../src/audio/recording.ts';
import { decode } from '../../../src/audio/decode.ts';
import { classicLikeness } from '../../../src/speech/diarization/known-speakers-classic.ts';
import {
  assign,
  findKnownSpeakers,
  type KnownSpeaker,
  type SpeakerMatch,
} from '../../../src/speech/diarization/known-speakers.ts';
import { run } from '../../../src/util/process.ts';
import { synthesise } from '../../../samples/synthesis.ts';

const OTHER_WORDS = 'The weather was cold, so people wanted to stay at home with a book and a warm drink.';
const WORDS = [
  'Good morning everyone. Please take a seat and we will begin the meeting now.',
  'How many people will work there when the kitchen is finished in the first week of March?',
  'I will be there with the final plan, and I will bring the coffee for all of us.',
];

/** Voices by their name here, as samples of a text. */
const speak: Record<string, (text: string, folder: string) => Promise<Float32Array>> = {
  slt: async (text) => (await synthesise('slt', text)).samples,
  awb: async (text) => (await synthesise('awb', text)).samples,
  rms: async (text) => (await synthesise('rms', text)).samples,
  f2: (text, folder) => formant('en-us+f2', text, folder),
  m7: (text, folder) => formant('en-us+m7', text, folder),
};
type Name = 'slt' | 'awb' | 'rms' | 'f2' | 'm7';

async function formant(voice: string, text: string, folder: string): Promise<Float32Array> {
  const path = join(folder, `${voice}.wav`);
  await run('espeak-ng', ['-v', voice, '-w', path, text]);
  const to = join(folder, `${voice}-16.wav`);
  const { waveforms } = await decode(await openRecording(path), [{ stream: 0, channel: null }], [to]);
  const reader = await openWaveform(waveforms[0] as Waveform);
  try {
    return await reader.slice(0, reader.waveform.duration);
  } finally {
    await reader.close();
  }
}

describe('known speakers', () => {
  let folder: string;
  const spoken = new Map<string, Float32Array>();
  const say = async (voice: Name, text: string): Promise<Float32Array> => {
    const key = `${voice} ${text}`;
    const samples = spoken.get(key) ?? (await speak[voice]!(text, folder));
    spoken.set(key, samples);
    return samples;
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'earshot-known-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function waveform(name: string, samples: Float32Array): Promise<Waveform> {
    const path = join(folder, `${name}.wav`);
    await writeFile(path, encodeWav(samples));
    return { path, samples: samples.length, duration: samples.length / SAMPLE_RATE };
  }
  const reference = async (name: string, voice: Name): Promise<KnownSpeaker> => ({
    name,
    waveform: await waveform(`ref-${name}`, await say(voice, OTHER_WORDS)),
  });

  /** Matches in a conversation of these voices, who are S1, S2, … */
  async function found(voices: readonly Name[], known: readonly KnownSpeaker[]): Promise<SpeakerMatch[]> {
    const parts: Float32Array[] = [];
    const turns: { speaker: string; start: number; end: number; channel: null }[] = [];
    let at = 0;
    for (const text of WORDS)
      for (const [i, voice] of voices.entries()) {
        const samples = await say(voice, text);
        const start = at / SAMPLE_RATE;
        parts.push(samples);
        at += samples.length;
        turns.push({ speaker: `S${i + 1}`, start, end: at / SAMPLE_RATE, channel: null });
      }
    const all = new Float32Array(at);
    parts.reduce((offset, part) => (all.set(part, offset), offset + part.length), 0);
    const track = { waveform: await waveform('conversation', all), channel: null, spans: [] };
    const answer = await findKnownSpeakers([track], turns, known, { modelsDir: '/nowhere' }, {});
    assert.equal(answer.engine, 'classic');
    return [...answer.matches].sort((a, b) => (a.speaker < b.speaker ? -1 : 1));
  }

  it('finds a voice by other words of it', async () => {
    assert.deepEqual(await found(['slt', 'awb'], [await reference('Ann', 'slt')]), [
      { speaker: 'S1', name: 'Ann' },
    ]);
  });

  it('gives no name to strangers', async () => {
    const known = [await reference('Ann', 'slt'), await reference('Flo', 'f2')];
    assert.deepEqual(await found(['awb', 'rms', 'm7'], known), []);
  });

  it('names the one of two known speakers who is there, and lets the other voice be a stranger', async () => {
    const known = [await reference('Bob', 'awb'), await reference('Rob', 'rms')];
    assert.deepEqual(await found(['slt', 'rms'], known), [{ speaker: 'S2', name: 'Rob' }]);
  });

  it('names several, each with their own', async () => {
    const known = [
      await reference('Rob', 'rms'),
      await reference('Ann', 'slt'),
      await reference('Bob', 'awb'),
    ];
    assert.deepEqual(await found(['slt', 'awb', 'rms'], known), [
      { speaker: 'S1', name: 'Ann' },
      { speaker: 'S2', name: 'Bob' },
      { speaker: 'S3', name: 'Rob' },
    ]);
  });

  it('keeps a margin on both sides of its threshold, with 3 s of reference too', async (t: TestContext) => {
    const voices: Name[] = ['slt', 'awb', 'rms', 'f2', 'm7'];
    const own = await Promise.all(voices.map((voice) => say(voice, WORDS.join(' '))));
    for (const seconds of [3, 10]) {
      const cut = await Promise.all(
        voices.map(async (voice) => (await say(voice, OTHER_WORDS)).slice(0, seconds * SAMPLE_RATE)),
      );
      const scores = await classicLikeness.compare(own, cut, {});
      const same = scores.map((row, i) => row[i] as number);
      const others = scores.flatMap((row, i) => row.filter((_, j) => j !== i));
      t.diagnostic(
        `${seconds} s: same voice at least ${Math.min(...same).toFixed(1)}, others at most ${Math.max(...others).toFixed(1)}`,
      );
      assert.ok(Math.min(...same) > classicLikeness.threshold + 1);
      assert.ok(Math.max(...others) < classicLikeness.threshold - 8);
    }
  });

  it('says nothing of silence, of nobody, and of a voice heard for too short', async () => {
    const ann = await reference('Ann', 'slt');
    const silence = { name: 'Nobody', waveform: await waveform('silent', new Float32Array(48_000)) };
    assert.deepEqual(await found(['awb'], [silence]), []);
    assert.deepEqual(await found([], [ann]), []);
    const short = (await say('slt', OTHER_WORDS)).slice(8000, 12_000);
    assert.deepEqual(await classicLikeness.compare([short], [await say('slt', OTHER_WORDS)], {}), [[NaN]]);
    assert.deepEqual(assign([[NaN]], 1), []);
  });
});

describe('assignment', () => {
  it('is one to one, the most alike first', () => {
    assert.deepEqual(
      assign(
        [
          [20, 30],
          [19, 25],
        ],
        18,
      ),
      [
        [0, 1],
        [1, 0],
      ],
    );
  });
  it('stops at the threshold', () => assert.deepEqual(assign([[17.9, 18]], 18), [[0, 1]]));
  it('lets the earlier pair win a tie', () => assert.deepEqual(assign([[20], [20]], 18), [[0, 0]]));
});
