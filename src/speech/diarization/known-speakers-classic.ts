import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { cepstra, DIMENSIONS } from './classic/features.ts';
import { collect, join, type Statistics } from './classic/statistics.ts';
import { evidence, priorOf } from './classic/voice-model.ts';
import type { Likeness } from './known-speakers.ts';
import { frameLevels } from './levels.ts';

/** Voices are compared as if heard for at most this many frames, so that scores do not grow with the recording. */
const MOST_FRAMES = 300;
/** Less speech than this (0.5 s) tells no voice. */
const FEWEST_FRAMES = 50;
/** Frames down to this much below the loud ones are speech; quieter ones are the room. Decibels. */
const SPEECH_RANGE = 30;

/**
 * Compares voices without a model: log odds, for a hundred frames, that two sets of cepstra come from one Gaussian and
 * not from two, under a prior that is made of the two alone. The threshold is from synthetic voices (three flite voices
 * built from people, seven of a formant synthesiser): the same voice with other words scores a median of 30, with 2 s of
 * reference 24 and one in eight below 18; other voices at most 17.8, those built from people at most 2. Another
 * microphone or much more noise makes a known voice a stranger. It does not know twins: two variants of one synthetic voice
 * scored 27.8.
 */
export const classicLikeness: Likeness = {
  engine: 'classic',
  model: null,
  threshold: 18,
  async compare(voices, references, { signal }) {
    const known = references.map(statisticsOf);
    const rows: number[][] = [];
    for (const voice of voices) {
      signal?.throwIfAborted();
      const own = statisticsOf(voice);
      rows.push(known.map((other) => (own && other ? likenessOf(own, other) : NaN)));
      await yieldToEvents();
    }
    return rows;
  },
};

function likenessOf(a: Statistics, b: Statistics): number {
  const prior = priorOf([a, b]);
  const frames = (2 * a.count * b.count) / (a.count + b.count);
  return (100 * (evidence(join(a, b), prior) - evidence(a, prior) - evidence(b, prior))) / frames;
}

/** null: too little speech. */
function statisticsOf(samples: Float32Array): Statistics | null {
  const levels = frameLevels(samples);
  const loud = [...levels].sort((a, b) => a - b)[Math.floor(levels.length * 0.95)] ?? 0;
  const wanted = Uint8Array.from(levels, (level) => (level > loud - SPEECH_RANGE ? 1 : 0));
  const frames = [...wanted.keys()].filter((frame) => wanted[frame] === 1);
  if (frames.length < FEWEST_FRAMES) return null;
  const all = collect(cepstra(samples, wanted).cepstra, DIMENSIONS, frames);
  const share = Math.min(1, MOST_FRAMES / all.count);
  return {
    count: all.count * share,
    sum: all.sum.map((value) => value * share),
    products: all.products.map((value) => value * share),
  };
}
