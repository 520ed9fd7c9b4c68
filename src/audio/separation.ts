import { waveformBlocks, type Waveform } from './waveform.ts';

const FRAME = 320; // 20 ms
const QUIETEST_DB = -80;
/** Frames this far below a channel's loudest are silence. */
const ACTIVE_DEPTH_DB = 35;
/** Below this at its loudest a channel is not heard at all. */
const HEARD_DB = -60;
/** Levels of two views of one scene (stereo microphones, dual mono) rise and fall together. */
const RELATED = 0.5;
const DOMINANT_DB = 8;
const DOMINANT_SHARE = 0.6;
const EACH_SHARE = 0.1;
/** Frames with sound on either channel below which nothing can be said: one second. */
const MIN_ACTIVE_FRAMES = 50;
/** A mix this far below its own channels has lost them. */
const CANCELLED_DB = 20;

/**
 * How the two channels of a stereo recording belong together. `separate`: different sources, such as the two ends of a
 * call (their levels are unrelated, or mostly one is clearly louder and each is so at times). `cancelling`: one scene, but
 * with one channel's polarity reversed (a miswired cable), so that the mono mix is all but silent. `one_scene`: the rest.
 */
export type ChannelRelation = 'separate' | 'cancelling' | 'one_scene';

/** Relates two channels; `mix` is their mean. */
export async function relateChannels(
  mix: Waveform,
  left: Waveform,
  right: Waveform,
  signal?: AbortSignal,
): Promise<ChannelRelation> {
  const [m, a, b] = (await Promise.all(
    [mix, left, right].map((waveform) => frameLevels(waveform, signal)),
  )) as [Float32Array, Float32Array, Float32Array];
  if (loudest(a) < HEARD_DB || loudest(b) < HEARD_DB) return 'one_scene';
  if (areSeparate(a, b)) return 'separate';
  return loudest(m) < Math.max(loudest(a), loudest(b)) - CANCELLED_DB ? 'cancelling' : 'one_scene';
}

function areSeparate(a: Float32Array, b: Float32Array): boolean {
  const active = activeFrames(a, b);
  if (active.length < MIN_ACTIVE_FRAMES) return false;
  let [leftLouder, rightLouder] = [0, 0];
  for (const i of active) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference >= DOMINANT_DB) leftLouder++;
    if (difference <= -DOMINANT_DB) rightLouder++;
  }
  const takesTurns =
    leftLouder + rightLouder >= DOMINANT_SHARE * active.length &&
    Math.min(leftLouder, rightLouder) >= EACH_SHARE * active.length;
  return takesTurns || correlation(a, b, active) < RELATED;
}

/** dBFS of every whole 20 ms frame, not below QUIETEST_DB. */
async function frameLevels(waveform: Waveform, signal?: AbortSignal): Promise<Float32Array> {
  const levels = new Float32Array(Math.floor(waveform.samples / FRAME)).fill(QUIETEST_DB);
  let frame = 0;
  for await (const { samples } of waveformBlocks(waveform, 60)) {
    signal?.throwIfAborted();
    for (let from = 0; from + FRAME <= samples.length && frame < levels.length; from += FRAME) {
      let energy = 0;
      for (let i = from; i < from + FRAME; i++) energy += (samples[i] as number) ** 2;
      levels[frame++] = Math.max(QUIETEST_DB, 10 * Math.log10(energy / FRAME + 1e-12));
    }
  }
  return levels;
}

function loudest(levels: Float32Array): number {
  return levels.reduce((most, db) => Math.max(most, db), QUIETEST_DB);
}

/** Indices of the frames in which either channel is heard. */
function activeFrames(a: Float32Array, b: Float32Array): Uint32Array {
  const [left, right] = [loudest(a) - ACTIVE_DEPTH_DB, loudest(b) - ACTIVE_DEPTH_DB];
  const active = new Uint32Array(Math.min(a.length, b.length));
  let count = 0;
  for (let i = 0; i < active.length; i++)
    if ((a[i] as number) > left || (b[i] as number) > right) active[count++] = i;
  return active.subarray(0, count);
}

function correlation(a: Float32Array, b: Float32Array, active: Uint32Array): number {
  let [x, y] = [0, 0];
  for (const i of active) {
    x += (a[i] as number) / active.length;
    y += (b[i] as number) / active.length;
  }
  let [xy, xx, yy] = [0, 0, 0];
  for (const i of active) {
    const [dx, dy] = [(a[i] as number) - x, (b[i] as number) - y];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? 1 : xy / Math.sqrt(xx * yy);
}
