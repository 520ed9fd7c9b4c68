import type { SpeakerCount } from '../diarization.ts';
import { createLinker, type Linker } from '../linker.ts';
import { agglomerate, SPEAKER_THRESHOLD } from './cluster.ts';
import { join, type Statistics } from './statistics.ts';
import { priorOf } from './voice-model.ts';

/** Links voices across blocks by their statistics, with the same evidence that tells them apart within a block. */
export function linkVoices(count: SpeakerCount): Linker<Statistics> {
  return createLinker(
    {
      join,
      group: (voices, atLeast, atMost) =>
        agglomerate(voices, priorOf(voices.reduce(join)), { atLeast, atMost, threshold: SPEAKER_THRESHOLD }),
    },
    count,
  );
}
