import { speechRegions, withoutRumble, type Region } from '../activity.ts';
import { frameLevels, HOP_SECONDS, rumbleLevels } from '../levels.ts';
import { cluster, type ClusterCount } from './cluster.ts';
import { cepstra, DIMENSIONS, type Frames } from './features.ts';
import { resegment, type Stretch } from './resegment.ts';
import { collect, join, type Statistics } from './statistics.ts';
import { priorOf, voiceOf, type Prior } from './voice-model.ts';

/** What is left of a block when its samples are gone: who spoke when, by local numbers, and what each sounds like. */
export interface DiarizedBlock {
  readonly stretches: readonly Stretch[];
  readonly voices: readonly Statistics[];
}

/** Clustering begins with pieces about this long; shorter regions, and those with fewer frames, find their voice later. */
const PIECE_SECONDS = 2;
const LEAST_PIECE_FRAMES = 35;
/** Only the louder part of the speech tells voices apart; the rest is the room. */
const QUIETER_SHARE = 0.5;
const ROUNDS = 4;
/** A voice that is left with fewer frames than this is somebody else's slip. */
const LEAST_VOICE_FRAMES = 80;

interface Piece extends Region {
  readonly statistics: Statistics;
}

/** Diarizes the frames of `spans` in one block of samples, as if it were a recording of its own. */
export function diarizeBlock(
  samples: Float32Array,
  spans: readonly Region[],
  count: ClusterCount,
): DiarizedBlock {
  const levels = frameLevels(samples);
  const regions = withoutRumble(speechRegions(levels, spans), levels, rumbleLevels(samples));
  const used = tellingFrames(levels, regions);
  const frames = cepstra(samples, used);
  const pieces = clearPieces(frames, used, regions);
  if (pieces.length === 0) return { stretches: [], voices: [] };
  const prior = priorOf(pieces.map((piece) => piece.statistics));
  const labels = cluster(
    pieces.map((piece) => piece.statistics),
    prior,
    count,
    (i) => (pieces[i] as Piece).from === pieces[i - 1]?.to,
  );
  const first = grouped(
    pieces.map((piece, i) => ({ statistics: piece.statistics, voice: labels[i] as number })),
  );
  return (
    settled({ frames, used, regions, prior }, first, count) ?? {
      stretches: byPiece(regions, pieces, labels),
      voices: first,
    }
  );
}

interface Speech {
  readonly frames: Frames;
  readonly used: Uint8Array;
  readonly regions: readonly Region[];
  readonly prior: Prior;
}

/** Lets the voices divide the speech among them, learns them anew from that, and so on. Null when too few voices survive. */
function settled(speech: Speech, first: readonly Statistics[], count: ClusterCount): DiarizedBlock | null {
  let voices = first;
  for (let round = 1; ; round++) {
    const models = voices.map((voice) => voiceOf(voice, speech.prior));
    const stretches = resegment(speech.frames, speech.regions, models, speech.used);
    const spoken = voices.map((_, voice) =>
      statisticsOf(
        speech.frames,
        speech.used,
        stretches.filter((stretch) => stretch.voice === voice),
      ),
    );
    const kept = survivors(spoken, count.atLeast);
    if (kept.length < Math.min(count.atLeast, first.length)) return null;
    if (round >= ROUNDS && kept.length === voices.length) return { stretches, voices: spoken };
    voices = kept;
  }
}

/** The voices without those that hardly speak, the least first, but never fewer than `atLeast` of those that do. */
function survivors(spoken: readonly Statistics[], atLeast: number): Statistics[] {
  const speaking = spoken.filter((voice) => voice.count > 0);
  const ranked = [...speaking].sort((a, b) => b.count - a.count);
  const kept = ranked.filter((voice, i) => i < Math.max(1, atLeast) || voice.count >= LEAST_VOICE_FRAMES);
  return speaking.filter((voice) => kept.includes(voice));
}

/** 1 for the frames that are used: in every region the louder ones. */
function tellingFrames(levels: Float32Array, regions: readonly Region[]): Uint8Array {
  const used = new Uint8Array(levels.length);
  for (const { from, to } of regions) {
    const sorted = levels.slice(from, to).sort();
    const least = sorted[Math.floor(sorted.length * QUIETER_SHARE)] as number;
    for (let i = from; i < to; i++) if ((levels[i] as number) >= least) used[i] = 1;
  }
  return used;
}

/** The regions in pieces of about PIECE_SECONDS, without those that say too little (or with them, if all do). */
function clearPieces(frames: Frames, used: Uint8Array, regions: readonly Region[]): Piece[] {
  const all = regions
    .flatMap(cut)
    .map((region) => ({ ...region, statistics: statisticsOf(frames, used, [region]) }))
    .filter((piece) => piece.statistics.count > 0);
  const clear = all.filter((piece) => piece.statistics.count >= LEAST_PIECE_FRAMES);
  return clear.length > 0 ? clear : all;
}

function cut(region: Region): Region[] {
  const length = region.to - region.from;
  const count = Math.max(1, Math.round((length * HOP_SECONDS) / PIECE_SECONDS));
  return Array.from({ length: count }, (_, i) => ({
    from: region.from + Math.round((i * length) / count),
    to: region.from + Math.round(((i + 1) * length) / count),
  }));
}

function statisticsOf(frames: Frames, used: Uint8Array, regions: readonly Region[]): Statistics {
  return collect(frames.cepstra, DIMENSIONS, framesIn(used, regions));
}

function* framesIn(used: Uint8Array, regions: readonly Region[]): Generator<number> {
  for (const region of regions) for (let i = region.from; i < region.to; i++) if (used[i] === 1) yield i;
}

/** What each voice has said in all, by its number; the numbers have no gaps. */
function grouped(
  parts: readonly { readonly statistics: Statistics; readonly voice: number }[],
): Statistics[] {
  const voices: Statistics[] = [];
  for (const { statistics, voice } of parts) {
    const before = voices[voice];
    voices[voice] = before === undefined ? statistics : join(before, statistics);
  }
  return voices;
}

/** Every region cut half-way between its pieces; a region without one goes to the piece before it, or the first. */
function byPiece(regions: readonly Region[], pieces: readonly Piece[], labels: readonly number[]): Stretch[] {
  return regions.flatMap((region) =>
    cut(region).map(({ from, to }) => {
      const before = pieces.findLastIndex((piece) => piece.from <= from);
      return { from, to, voice: labels[Math.max(0, before)] as number };
    }),
  );
}
