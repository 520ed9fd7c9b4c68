import type { WaveformReader } from '../../audio/waveform.ts';
import type { ProsodyBaseline, Segment, Stage } from '../../transcript/schema.ts';

/** What can be added to a segment. */
export type Enrichment = 'prosody' | 'sentiment' | 'emotion';

/** What is enriched. */
export interface EnrichmentInput {
  readonly segments: readonly Segment[];
  /** ISO 639 code of two or three letters of what is spoken; null when it is not known. */
  readonly language: string | null;
  readonly audioOf: AudioOf;
}

/**
 * The open waveform a segment was heard on: that of its channel, or the mono mix; null when there is none, then nothing
 * is measured. Enrichment does not close it.
 */
export type AudioOf = (segment: Segment) => WaveformReader | null;

/** What is asked for. What is not keeps the value that the segments already have, and its stage is `skipped`. */
export interface EnrichmentOptions extends Readonly<Record<Enrichment, boolean>> {
  readonly modelsDir: string;
  /** Whether a model that is missing may be downloaded. */
  readonly pull: boolean;
  /** A mirror for models, as `pullModel` takes it; absent or null: the publishers' hosts. */
  readonly modelBaseUrl?: string | null;
  /** A line for people about a long preparation, such as a download. */
  readonly onNotice?: (line: string) => void;
}

export interface Enriched {
  /** New segments in the same order, with prosody, sentiment, emotion and rendering; all else is as it was. */
  readonly segments: readonly Segment[];
  /** What is usual for each speaker, from the prosody of all these segments; all null where too little was heard. */
  readonly baselines: ReadonlyMap<string, ProsodyBaseline>;
  /** One row each: done, skipped (not asked for), unavailable (cannot be done here, and why) or failed (and why). */
  readonly stages: Readonly<Record<Enrichment, Stage>>;
}

/** What one enrichment found: one value a segment, in their order, null where nothing is known. */
export interface Findings<T> {
  readonly values: readonly (T | null)[];
  readonly engine: string;
  readonly model: string | null;
}

/** An enrichment that cannot be done here: the reason, for people. */
export interface Unavailable {
  readonly unavailable: string;
}
