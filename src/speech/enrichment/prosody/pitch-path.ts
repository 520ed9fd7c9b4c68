import { CANDIDATES, type PitchCandidates } from './pitch-candidates.ts';

/** A frame whose best period is weaker than this is rather unvoiced. */
const VOICING = 0.6;
/** Costs of moving by an octave, and into or out of voicing, from one 10 ms frame to the next (Boersma 1993). */
const OCTAVE_JUMP = 0.35;
const VOICING_CHANGE = 0.14;
const STATES = CANDIDATES + 1;

/**
 * The cheapest path through the candidates (Viterbi): strong periods, few jumps. A single frame that looks an octave
 * too high or low is so corrected by its neighbours. One value a frame in Hz, 0 where unvoiced.
 */
export function pitchPath({ frames, hz, strength }: PitchCandidates): Float64Array {
  const octave = hz.map((value) => (value > 0 ? Math.log2(value) : 0));
  const from = new Uint8Array(frames * STATES);
  let score = new Float64Array(STATES);
  let before = new Float64Array(STATES);
  for (let f = 0; f < frames; f++) {
    [before, score] = [score, before];
    for (let state = 0; state < STATES; state++) {
      const gain = stateGain(strength, f, state);
      let [best, bestState] = [f === 0 ? 0 : -Infinity, 0];
      for (let last = 0; f > 0 && last < STATES; last++) {
        const value = (before[last] as number) - (gain === -Infinity ? 0 : moveCost(octave, f, last, state));
        if (value > best) [best, bestState] = [value, last];
      }
      score[state] = best + gain;
      from[f * STATES + state] = bestState;
    }
  }
  return backtrack(frames, hz, from, score);
}

/** State 0 is unvoiced, state s the candidate s - 1 of the frame; unused candidates are out of reach. */
function stateGain(strength: Float64Array, frame: number, state: number): number {
  if (state === 0) return VOICING;
  const value = strength[frame * CANDIDATES + state - 1] as number;
  return value === 0 ? -Infinity : value;
}

function moveCost(octave: Float64Array, frame: number, last: number, state: number): number {
  if (last === 0 || state === 0) return last === state ? 0 : VOICING_CHANGE;
  const step =
    (octave[frame * CANDIDATES + state - 1] as number) -
    (octave[(frame - 1) * CANDIDATES + last - 1] as number);
  return OCTAVE_JUMP * Math.abs(step);
}

function backtrack(frames: number, hz: Float64Array, from: Uint8Array, score: Float64Array): Float64Array {
  const path = new Float64Array(frames);
  let state = score.indexOf(score.reduce((most, value) => Math.max(most, value), -Infinity));
  for (let f = frames - 1; f >= 0; f--) {
    if (state > 0) path[f] = hz[f * CANDIDATES + state - 1] as number;
    state = from[f * STATES + state] as number;
  }
  return path;
}
