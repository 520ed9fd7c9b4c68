import { speechRegions, type Region } from '../activity.ts';
import { frameLevels, HOP_SECONDS } from '../levels.ts';
import { agglomerate, type StopRule } from './cluster.ts';
import { cepstra, DIMENSIONS, type Frames } from './features.ts';
import { resegment, type Stretch } from './resegment.ts';
import { collect, join, type Statistics } from './statistics.ts';
import { priorOf, voiceOf } from './voice-model.ts';

/** What is left of a block when its samples are gone: who spoke when, by local numbers, and what each sounds like. */
export interface DiarizedBlock {
  readonly stretches: readonly Stretch[];
  readonly voices: readonly Statistics[];
}

/** Clustering begins with pieces about this long. */
const PIECE_SECONDS = 2;
/** Only the louder part of the speech tells voices apart; the rest is the room. */
const QUIETEST_SHARE = 0.3;
const ROUNDS = 3;
/** A voice heard for less than this in a block is somebody else's slip. */
const LEAST_FRAMES = 60;

/** Diarizes the frames of `spans` in one block of samples, as if it were a recording of its own. */
export function diarizeBlock(samples: Float32Array, spans: readonly Region[], rule: StopRule): DiarizedBlock {
  const levels = frameLevels(samples);
  const regions = speechRegions(levels, spans);
  const used = telling(levels, regions);
  const frames = cepstra(samples, used);
  const heard = regions.map((region) => statisticsOf(frames, used, [region]));
  if (heard.every((region) => region.count === 0)) return { stretches: [], voices: [] };
  const prior = priorOf(heard.reduce(join));
  const pieces = regions.flatMap(cut).filter((piece) => statisticsOf(frames, used, [piece]).count > 0);
  const items = pieces.map((piece) => statisticsOf(frames, used, [piece]));
  let labels = agglomerate(items, prior, rule);
  let voices = grouped(items, labels);
  let stretches: Stretch[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    stretches = resegment(
      frames,
      regions,
      voices.map((voice) => voiceOf(voice, prior)),
      used,
    );
    const own = stretches.map((stretch) => statisticsOf(frames, used, [stretch]));
    const all = grouped(
      own,
      stretches.map((stretch) => stretch.voice),
    );
    voices = all.filter((voice, _i, { length }) => voice.count >= LEAST_FRAMES || length <= rule.atLeast);
    if (voices.length === 0) voices = all;
    labels = agglomerate(voices, prior, rule);
    voices = grouped(voices, labels);
  }
  stretches = resegment(
    frames,
    regions,
    voices.map((voice) => voiceOf(voice, prior)),
    used,
  );
  return { stretches, voices };
}

function statisticsOf(frames: Frames, used: Uint8Array, regions: readonly Region[]): Statistics {
  return collect(frames.cepstra, DIMENSIONS, telledFrames(used, regions));
}

function* telledFrames(used: Uint8Array, regions: readonly Region[]): Generator<number> {
  for (const region of regions) for (let i = region.from; i < region.to; i++) if (used[i] === 1) yield i;
}

/** 1 for the frames that are used: in every region those above its own QUIETEST_SHARE quantile. */
function telling(levels: Float32Array, regions: readonly Region[]): Uint8Array {
  const used = new Uint8Array(levels.length);
  for (const region of regions) {
    const sorted = levels.slice(region.from, region.to).sort();
    const least = sorted[Math.floor(sorted.length * QUIETEST_SHARE)] as number;
    for (let i = region.from; i < region.to; i++) if ((levels[i] as number) >= least) used[i] = 1;
  }
  return used;
}

/** Cuts a region into equal pieces of about PIECE_SECONDS. */
function cut(region: Region): Region[] {
  const length = region.to - region.from;
  const count = Math.max(1, Math.round((length * HOP_SECONDS) / PIECE_SECONDS));
  return Array.from({ length: count }, (_, i) => ({
    from: region.from + Math.round((i * length) / count),
    to: region.from + Math.round(((i + 1) * length) / count),
  }));
}

/** The statistics of every group of items, by label, without the groups that nothing has fallen to. */
function grouped(items: readonly Statistics[], labels: readonly number[]): Statistics[] {
  const groups: (Statistics | undefined)[] = [];
  items.forEach((item, i) => {
    const label = labels[i] as number;
    const group = groups[label];
    groups[label] = group === undefined ? item : join(group, item);
  });
  return groups.filter((group): group is Statistics => group !== undefined && group.count > 0);
}
