import { waveformBlocks, type Waveform } from './waveform.ts';

const FRAME = 320; // 20 ms
/** Frames this far below a channel's loudest are silence. */
const ACTIVE_DEPTH_DB = 35;
/** Levels of two views of one scene (stereo microphones, dual mono) rise and fall together. */
const RELATED = 0.5;
const DOMINANT_DB = 8;
const DOMINANT_SHARE = 0.6;
const EACH_SHARE = 0.1;
/** Seconds with sound on either channel below which nothing can be said. */
const MIN_ACTIVE_FRAMES = 50;

/**
 * Whether two channels carry different sources (the two ends of a call) and not two views of one scene. True when their
 * frame levels are unrelated, or when mostly one of them is clearly louder and each is so at times.
 */
export async function areSeparate(left: Waveform, right: Waveform, signal?: AbortSignal): Promise<boolean> {
  const levels = await Promise.all([frameLevels(left, signal), frameLevels(right, signal)]);
  const [a, b] = levels.map((level) => level.map((db) => Math.max(db, -80))) as [Float32Array, Float32Array];
  const depth = [a, b].map((level) => level.reduce((max, db) => Math.max(max, db), -80) - ACTIVE_DEPTH_DB);
  const active: [number, number][] = [];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (x > (depth[0] as number) || y > (depth[1] as number)) active.push([x, y]);
  }
  const heard = [a, b].every((level) => level.some((db) => db > -60));
  if (active.length < MIN_ACTIVE_FRAMES || !heard) return false;
  const louder = (sign: number): number =>
    active.filter(([x, y]) => (x - y) * sign >= DOMINANT_DB).length / active.length;
  const [leftShare, rightShare] = [louder(1), louder(-1)];
  const takesTurns =
    leftShare + rightShare >= DOMINANT_SHARE && leftShare >= EACH_SHARE && rightShare >= EACH_SHARE;
  return takesTurns || correlation(active) < RELATED;
}

async function frameLevels(waveform: Waveform, signal?: AbortSignal): Promise<Float32Array> {
  const levels = new Float32Array(Math.floor(waveform.samples / FRAME));
  let frame = 0;
  for await (const { samples } of waveformBlocks(waveform, 60)) {
    signal?.throwIfAborted();
    for (let from = 0; from + FRAME <= samples.length && frame < levels.length; from += FRAME) {
      let energy = 0;
      for (let i = from; i < from + FRAME; i++) energy += (samples[i] as number) ** 2;
      levels[frame++] = 10 * Math.log10(energy / FRAME + 1e-12);
    }
  }
  return levels;
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const mean = [0, 1].map((k) => pairs.reduce((sum, pair) => sum + (pair[k] as number), 0) / pairs.length);
  let [xy, xx, yy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    const dx = x - (mean[0] as number);
    const dy = y - (mean[1] as number);
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? 1 : xy / Math.sqrt(xx * yy);
}
