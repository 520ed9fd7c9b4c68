import type { Waveform } from '../../audio/waveform.ts';
import type { Turn } from '../../transcript/schema.ts';
import type { Task } from '../../util/task.ts';

/** One signal of the recording: the mono mix (channel null), or one of its channels. */
export interface DiarizationTrack {
  readonly waveform: Waveform;
  readonly channel: number | null;
  /** Speech found by VAD: padded, merged, in order. */
  readonly spans: readonly { readonly start: number; readonly end: number }[];
}

/** How many speakers: `speakers` exact, or bounds; null where not given. */
export interface SpeakerCount {
  readonly speakers: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/** A turn and the channel it was heard on; null when it was found in the mono mix. */
export interface DiarizedTurn extends Turn {
  readonly channel: number | null;
}

export interface DiarizationOptions extends SpeakerCount {
  readonly modelsDir: string;
  /** Mirror to download models from; null or absent: their publishers. */
  readonly modelBaseUrl?: string | null;
  readonly pull: boolean;
  readonly onNotice?: (line: string) => void;
}

/**
 * Who spoke when. Engines get every track (one, unless channels are kept apart) and give turns in order of start, with
 * speakers named "S1", "S2", … by first appearance; turns of different speakers may overlap, turns of one never do.
 * No speech gives no turns. The same input gives the same turns, bit for bit.
 */
export interface DiarizationEngine {
  readonly name: 'pyannote' | 'classic' | 'channels';
  check(
    options: DiarizationOptions,
  ): Promise<
    | { readonly ok: true; readonly model: string | null; readonly device: string }
    | { readonly ok: false; readonly reason: string; readonly fix: string | null }
  >;
  /** Pulls the models that are missing, where the engine needs any; rejects when that fails or is not allowed. */
  fetch?(options: DiarizationOptions, signal?: AbortSignal): Promise<void>;
  diarize(
    tracks: readonly DiarizationTrack[],
    options: DiarizationOptions,
    task: Task,
  ): Promise<DiarizedTurn[]>;
}
