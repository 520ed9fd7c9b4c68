import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { encodeWav, openWaveform, SAMPLE_RATE, type WaveformReader } from '../../../src/audio/waveform.ts';
import type { Segment, Word } from '../../../src/transcript/schema.ts';

/** `seconds` of a function of time. */
export function signal(seconds: number, at: (time: number) => number): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * SAMPLE_RATE) }, (_, i) => at(i / SAMPLE_RATE));
}

export function sine(hz: number, amplitude: number): (time: number) => number {
  return (time) => amplitude * Math.sin(2 * Math.PI * hz * time);
}

/** A voice-like tone: harmonics up to 2 kHz, each 6 dB an octave softer. */
export function voice(hz: number, amplitude: number): (time: number) => number {
  return sweep(() => hz, amplitude);
}

/** The same with a pitch that moves; the phase is the integral of the pitch, so times must be asked in order from 0. */
export function sweep(hz: (time: number) => number, amplitude: number): (time: number) => number {
  let phase = 0;
  return (time) => {
    const pitch = hz(time);
    phase += pitch / SAMPLE_RATE;
    let value = 0;
    for (let h = 1; h * pitch < 2000; h++) value += Math.sin(2 * Math.PI * h * phase) / h;
    return (amplitude * value) / 2;
  };
}

/** Noise of a given root mean square, the same in every run. */
export function noise(rms: number, seed = 1): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 31 - 1) * Math.sqrt(3);
  };
  return () => rms * uniform();
}

export function concat(...parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The samples as an open waveform on disk, closed and removed after the test. */
export async function recorded(t: TestContext, samples: Float32Array): Promise<WaveformReader> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-enrichment-'));
  const path = join(folder, 'track.wav');
  await writeFile(path, encodeWav(samples));
  const waveform = { path, samples: samples.length, duration: samples.length / SAMPLE_RATE };
  const reader = await openWaveform(waveform);
  t.after(async () => {
    await reader.close();
    await rm(folder, { recursive: true });
  });
  return reader;
}

/** A segment with nothing known, its text spread evenly over it, and what is given instead. */
export function segment(own: Partial<Segment> & Pick<Segment, 'start' | 'end'>): Segment {
  const text = own.text ?? '';
  return {
    id: 0,
    text,
    speaker: 'S1',
    speaker_confidence: null,
    channel: null,
    overlap: false,
    words: evenly(text, own.start, own.end),
    prosody: null,
    emotion: null,
    sentiment: null,
    rendering: null,
    ...own,
  };
}

function evenly(text: string, start: number, end: number): Word[] {
  const texts = text.split(' ').filter((word) => word !== '');
  const step = (end - start) / texts.length;
  return texts.map((word, i) => ({
    text: word,
    start: start + i * step,
    end: start + (i + 1) * step,
    confidence: null,
    speaker: null,
  }));
}
