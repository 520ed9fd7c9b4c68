import type { Region } from '../activity.ts';
import { HOP_SECONDS } from '../levels.ts';
import { DIMENSIONS, type Frames } from './features.ts';
import { logLikelihood, type Voice } from './voice-model.ts';

/** A region in which one voice speaks. */
export interface Stretch extends Region {
  readonly voice: number;
}

/** Nobody speaks shorter than this between two others without a pause. */
const SHORTEST_TURN = 0.5;
/** Log odds that a change of voice has to overcome, within a region and at its start. */
const CHANGE_PENALTY = 30;
const CHANGE_PENALTY_AFTER_PAUSE = 4;
/** Frames are not independent of each other, so each counts for less than it says. */
const FRAME_WEIGHT = 0.5;

/**
 * The most probable division of the regions among the voices (Viterbi), where each keeps the word for a minimum
 * duration, or for all of a region that is shorter. Stretches are in order and cover the regions.
 */
export function resegment(
  frames: Frames,
  regions: readonly Region[],
  voices: readonly Voice[],
  used: Uint8Array,
): Stretch[] {
  const places = regions.flatMap((region) =>
    Array.from({ length: region.to - region.from }, (_, i) => region.from + i),
  );
  const sums = cumulated(frames, places, voices, used);
  const least = Math.round(SHORTEST_TURN / HOP_SECONDS);
  const count = voices.length;
  const best = new Float64Array((places.length + 1) * count).fill(-Infinity);
  const cameFrom = new Int32Array((places.length + 1) * count).fill(-1); // -1: the voice goes on
  const firsts = new Int32Array(places.length + 1); // the voice that is best at each place
  best.fill(0, 0, count);
  let start = 0;
  for (const region of regions) {
    const end = start + region.to - region.from;
    for (let at = start + 1; at <= end; at++) {
      const entry = entryBefore(at, start, end, least);
      for (let voice = 0; voice < count; voice++) {
        const spoken = (sums[at * count + voice] as number) - (sums[(at - 1) * count + voice] as number);
        let value = (best[(at - 1) * count + voice] as number) + spoken;
        if (entry >= 0) {
          const other = firsts[entry] as number;
          const penalty = entry === start ? CHANGE_PENALTY_AFTER_PAUSE : CHANGE_PENALTY;
          const all = (sums[at * count + voice] as number) - (sums[entry * count + voice] as number);
          const changed = (best[entry * count + other] as number) + all - penalty;
          if (changed > value) {
            value = changed;
            cameFrom[at * count + voice] = entry;
          }
        }
        best[at * count + voice] = value;
        if (value > (best[at * count + (firsts[at] as number)] as number)) firsts[at] = voice;
      }
    }
    start = end;
  }
  return stretches(regions, spokenBy(places.length, count, cameFrom, firsts));
}

/** The place at which a turn that is just long enough at `at` began; -1 when none may begin there. */
function entryBefore(at: number, start: number, end: number, least: number): number {
  if (at === end && end - start <= least) return start;
  const entry = at - least;
  return entry === start || entry >= start + least ? entry : -1;
}

/** sums[place * voices + voice]: log-likelihood of all frames before the place. Frames not used say nothing. */
function cumulated(
  frames: Frames,
  places: readonly number[],
  voices: readonly Voice[],
  used: Uint8Array,
): Float64Array {
  const scratch = new Float64Array(DIMENSIONS);
  const sums = new Float64Array((places.length + 1) * voices.length);
  places.forEach((frame, at) => {
    voices.forEach((voice, v) => {
      const own =
        used[frame] === 1
          ? FRAME_WEIGHT * logLikelihood(voice, frames.cepstra, frame * DIMENSIONS, scratch)
          : 0;
      sums[(at + 1) * voices.length + v] = (sums[at * voices.length + v] as number) + own;
    });
  });
  return sums;
}

function spokenBy(places: number, count: number, cameFrom: Int32Array, firsts: Int32Array): Uint16Array {
  const spoken = new Uint16Array(places);
  let voice = firsts[places] as number;
  for (let at = places; at > 0;) {
    const entry = cameFrom[at * count + voice] as number;
    const to = entry < 0 ? at - 1 : entry;
    spoken.fill(voice, to, at);
    if (entry >= 0) voice = firsts[entry] as number;
    at = to;
  }
  return spoken;
}

function stretches(regions: readonly Region[], spoken: Uint16Array): Stretch[] {
  const out: Stretch[] = [];
  let at = 0;
  for (const region of regions) {
    let from = region.from;
    for (let frame = region.from; frame < region.to; frame++, at++) {
      const voice = spoken[at] as number;
      if (frame + 1 < region.to && spoken[at + 1] === voice) continue;
      out.push({ from, to: frame + 1, voice });
      from = frame + 1;
    }
  }
  return out;
}
