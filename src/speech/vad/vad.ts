import type { Waveform } from '../../audio/waveform.ts';
import type { Task } from '../../util/task.ts';

/** [start, end) in seconds that voice activity detection calls speech; sorted, not overlapping, within the recording. */
export interface SpeechSpan {
  readonly start: number;
  readonly end: number;
}

/** Finds speech. Spans are raw: padding, merging and cutting is done once for all engines in spans.ts. */
export interface VadEngine {
  readonly name: 'silero' | 'energy';
  readonly model: string | null;
  detect(waveform: Waveform, task: Task): Promise<SpeechSpan[]>;
}
