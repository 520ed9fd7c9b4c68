import { writeFile } from 'node:fs/promises';
import { encodeWav, SAMPLE_RATE, type Waveform } from '../../../src/audio/waveform.ts';
import type { DiarizationTrack } from '../../../src/speech/diarization/diarization.ts';

/** Who says how much, after how long a pause. Seconds. */
export interface Line {
  readonly voice: number;
  readonly pause: number;
  readonly seconds: number;
}

export interface Truth {
  readonly voice: number;
  readonly start: number;
  readonly end: number;
}

/** Pitch and three formants of voices that are made, not recorded. */
const VOICES = [
  { pitch: 110, formants: [500, 1400, 2400] },
  { pitch: 210, formants: [750, 1900, 3300] },
  { pitch: 150, formants: [350, 2300, 2900] },
];

/**
 * Speaks lines with synthetic voices: pulses through resonators that wander like vowels, with syllables, over a faint
 * noise. The same lines give the same samples.
 */
export function speak(lines: readonly Line[], tail = 0.5): { samples: Float32Array; truth: Truth[] } {
  const random = lehmer(7);
  const truth: Truth[] = [];
  let at = 0;
  for (const { voice, pause, seconds } of lines) {
    truth.push({ voice, start: at + pause, end: at + pause + seconds });
    at += pause + seconds;
  }
  const samples = Float32Array.from(
    { length: Math.round((at + tail) * SAMPLE_RATE) },
    () => (random() - 0.5) * 2e-4,
  );
  for (const turn of truth) utter(samples, turn, random);
  return { samples, truth };
}

function utter(samples: Float32Array, { voice, start, end }: Truth, random: () => number): void {
  const { pitch, formants } = VOICES[voice] as (typeof VOICES)[number];
  const states = formants.map(() => [0, 0]);
  let phase = 0;
  let vowel = formants.map(() => 1);
  const [from, to] = [Math.round(start * SAMPLE_RATE), Math.round(end * SAMPLE_RATE)];
  for (let i = from; i < to; i++) {
    const within = i - from;
    if (within % 2400 === 0) vowel = formants.map(() => 0.9 + 0.2 * random()); // a syllable is 150 ms
    phase += (pitch * (1 + 0.1 * Math.sin(within / 1500))) / SAMPLE_RATE;
    const pulse = (phase >= 1 ? 1 : 0) + 0.02 * (random() - 0.5);
    if (phase >= 1) phase -= 1;
    let value = 0;
    formants.forEach((hz, f) => {
      const state = states[f] as number[];
      const radius = Math.exp((-Math.PI * 90) / SAMPLE_RATE);
      const turn = 2 * Math.PI * ((hz * (vowel[f] as number)) / SAMPLE_RATE);
      const next =
        pulse + 2 * radius * Math.cos(turn) * (state[0] as number) - radius * radius * (state[1] as number);
      states[f] = [next, state[0] as number];
      value += next / (f + 1);
    });
    const syllable = 0.35 + 0.65 * Math.sin((Math.PI * (within % 2400)) / 2400);
    samples[i] = (samples[i] as number) + 0.02 * syllable * value;
  }
}

/** A linear congruential generator (Park and Miller 1988): tests are the same every time. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Writes samples as a waveform and makes a track of it; spans are the truth with 0.1 s of padding, merged. */
export async function trackOf(
  path: string,
  samples: Float32Array,
  speech: readonly { readonly start: number; readonly end: number }[],
  channel: number | null = null,
): Promise<DiarizationTrack> {
  await writeFile(path, encodeWav(samples));
  const waveform: Waveform = { path, samples: samples.length, duration: samples.length / SAMPLE_RATE };
  const spans: { start: number; end: number }[] = [];
  for (const turn of speech) {
    const padded = { start: Math.max(0, turn.start - 0.1), end: Math.min(waveform.duration, turn.end + 0.1) };
    const last = spans.at(-1);
    if (last && padded.start < last.end + 0.3) last.end = Math.max(last.end, padded.end);
    else spans.push(padded);
  }
  return { waveform, channel, spans };
}
