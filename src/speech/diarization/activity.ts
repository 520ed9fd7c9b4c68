import { HOP_SECONDS } from './levels.ts';

/** Frames [from, to) of a block. */
export interface Region {
  readonly from: number;
  readonly to: number;
}

/** Speech is louder than the background by this much… */
const ABOVE_FLOOR_DB = 8;
/** …and not further than this below the loudest moment near by. */
const BELOW_PEAK_DB = 34;
const NEAR_FRAMES = 75;
/** Pauses up to this are part of a turn; shorter sounds than that are none. */
const LONGEST_PAUSE = 0.2;
const SHORTEST_SOUND = 0.08;
/** Share of the block's frames that are taken to be background. */
const FLOOR_SHARE = 0.1;
/** What never comes nearer than this to the louder tenth of the block's speech is somebody or something far away. */
const FARTHEST_DB = 20;
const LOUD_SHARE = 0.9;
/** What leaks of a rumble below 160 Hz into the speech band is lower by this or more: so steep are the filters. */
const LEAKED_DB = 10;

/**
 * Where the spans, which are padded and have pauses, really hold speech: frames whose level stands out of the block's
 * background and is near the loudest one of the second around. Regions are in order, LONGEST_PAUSE or more apart.
 */
export function speechRegions(levels: Float32Array, spans: readonly Region[]): Region[] {
  const floor = quantile(levels, FLOOR_SHARE);
  const near = quantile(within(levels, spans), LOUD_SHARE) - FARTHEST_DB;
  const peaks = slidingMaximum(levels, NEAR_FRAMES);
  const regions: { from: number; to: number }[] = [];
  for (const span of spans) {
    for (const sound of sounds(span, (i) => {
      const level = levels[i] as number;
      return level > floor + ABOVE_FLOOR_DB && level > (peaks[i] as number) - BELOW_PEAK_DB;
    })) {
      const last = regions.at(-1);
      if (last && (sound.from - last.to) * HOP_SECONDS < LONGEST_PAUSE) last.to = sound.to;
      else regions.push({ ...sound });
    }
  }
  return regions.filter((region) => levels.subarray(region.from, region.to).some((level) => level > near));
}

/**
 * The regions in which at least SHORTEST_SOUND is more than what leaks of a rumble into the speech band: a knock on the
 * table or a breath on the microphone is no speech. `rumble` are levels of the same frames; a hum that goes on all the
 * time is no part of them.
 */
export function withoutRumble(
  regions: readonly Region[],
  levels: Float32Array,
  rumble: Float32Array,
): Region[] {
  const hum = power(quantile(rumble, FLOOR_SHARE));
  const least = SHORTEST_SOUND / HOP_SECONDS;
  return regions.filter(({ from, to }) => {
    let heard = 0;
    for (let i = from; i < to; i++)
      if (power((levels[i] as number) + LEAKED_DB) > power(rumble[i] as number) - hum) heard++;
    return heard >= least;
  });
}

const power = (level: number): number => 10 ** (level / 10);

function quantile(values: Float32Array, share: number): number {
  return Float32Array.from(values).sort()[Math.floor(values.length * share)] ?? -Infinity;
}

function within(levels: Float32Array, spans: readonly Region[]): Float32Array {
  return Float32Array.from(spans.flatMap(({ from, to }) => [...levels.subarray(from, to)]));
}

function* sounds(span: Region, isSpeech: (frame: number) => boolean): Generator<Region> {
  let from = -1;
  for (let i = span.from; i <= span.to; i++) {
    const speaks = i < span.to && isSpeech(i);
    if (speaks && from < 0) from = i;
    if (speaks || from < 0) continue;
    if ((i - from) * HOP_SECONDS >= SHORTEST_SOUND) yield { from, to: i };
    from = -1;
  }
}

/** The largest value within `reach` on both sides of every index. */
export function slidingMaximum(values: Float32Array, reach: number): Float32Array {
  const out = new Float32Array(values.length);
  const queue: number[] = [];
  let head = 0;
  for (let i = 0; i < values.length + reach; i++) {
    if (i < values.length) {
      while (queue.length > head && (values[queue.at(-1) as number] as number) <= (values[i] as number))
        queue.pop();
      queue.push(i);
    }
    const centre = i - reach;
    if (centre < 0) continue;
    while ((queue[head] as number) < centre - reach) head++;
    out[centre] = values[queue[head] as number] as number;
  }
  return out;
}
