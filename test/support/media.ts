import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { encodeWav, SAMPLE_RATE, type Waveform } from '../../src/audio/waveform.ts';
import { writeFileSync } from 'node:fs';

export const SAMPLES = join(import.meta.dirname, '..', '..', 'samples');

/** Runs ffmpeg and throws with its own words when it fails. */
export function ffmpeg(...args: string[]): void {
  const { status, stderr } = spawnSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`ffmpeg: ${stderr}`);
}

/** Writes a waveform of our own format; `sample(t)` gives its value at t seconds. */
export function makeWaveform(path: string, seconds: number, sample: (t: number) => number): Waveform {
  const samples = new Float32Array(Math.round(seconds * SAMPLE_RATE));
  for (let i = 0; i < samples.length; i++) samples[i] = sample(i / SAMPLE_RATE);
  writeFileSync(path, encodeWav(samples));
  return { path, samples: samples.length, duration: samples.length / SAMPLE_RATE };
}

/** A syllable-like sound: a tone whose level rises and falls four times a second, as speech does. */
export function babble(t: number, hz = 180): number {
  return 0.3 * (0.05 + Math.sin(Math.PI * 4 * t) ** 2) * Math.sin(2 * Math.PI * hz * t);
}
