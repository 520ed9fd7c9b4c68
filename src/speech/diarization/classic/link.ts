import type { SpeakerCount } from '../diarization.ts';
import { createLinker, type Linker } from '../linker.ts';
import { agglomerate } from './agglomerate.ts';
import { join, type Statistics } from './statistics.ts';
import { priorOf } from './voice-model.ts';

/** A voice of a block, or of several. */
export interface BlockVoice {
  readonly statistics: Statistics;
  readonly blocks: readonly number[];
}

/** Voices are compared as if heard for at most this many frames, like the pieces that the measure was tuned on. */
const MOST_FRAMES = 300;

/** A voice heard for less (8 s or so of speech) may be a part of another one of its block. */
const SCRAP_FRAMES = 400;

/** Links voices across blocks by their statistics, with the same measure that tells them apart within a block. */
export function linkVoices(count: SpeakerCount): Linker<BlockVoice> {
  return createLinker(
    {
      join: (a, b) => ({ statistics: join(a.statistics, b.statistics), blocks: [...a.blocks, ...b.blocks] }),
      group(voices, atLeast, atMost) {
        const heard = voices.map(({ statistics }) => limited(statistics));
        const oneBlock = new Set(voices.flatMap(({ blocks }) => blocks)).size === 1;
        return agglomerate(
          heard,
          priorOf(heard),
          { atLeast, atMost },
          (i, j) => oneBlock || surelyTwo(voices[i] as BlockVoice, voices[j] as BlockVoice),
        );
      },
    },
    count,
  );
}

/** Two voices that one block told apart, unless one of them is a scrap. */
function surelyTwo(a: BlockVoice, b: BlockVoice): boolean {
  if (Math.min(a.statistics.count, b.statistics.count) < SCRAP_FRAMES) return false;
  const inA = new Set(a.blocks);
  return b.blocks.some((block) => inA.has(block));
}

function limited(statistics: Statistics): Statistics {
  const share = MOST_FRAMES / statistics.count;
  if (share >= 1) return statistics;
  return {
    count: MOST_FRAMES,
    sum: statistics.sum.map((value) => value * share),
    products: statistics.products.map((value) => value * share),
  };
}
