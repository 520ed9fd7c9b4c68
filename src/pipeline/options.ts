import type { Transcript } from '../transcript/schema.ts';

/** What a user can ask of a transcription. Everything here that can change the transcript is part of its options hash. */
export interface TranscribeOptions {
  /** "auto" or the name of a recognition engine. */
  readonly engine: string;
  /** Catalogue name, path, or null for the engine's default. */
  readonly model: string | null;
  /** ISO 639 code of two or three letters, or "auto". */
  readonly language: string;
  readonly task: 'transcribe' | 'translate';
  readonly vad: 'auto' | 'silero' | 'energy';
  readonly diarization: 'auto' | 'pyannote' | 'classic' | 'channels' | 'off';
  readonly speakers: number | null;
  readonly minSpeakers: number | null;
  readonly maxSpeakers: number | null;
  readonly enrich: readonly Enrichment[];
  /** Base URLs of remote recognisers. */
  readonly workers: readonly string[];
  /** Chunks recognised at once; null: from cores and engine. */
  readonly jobs: number | null;
  /** Go on from the checkpoints of a run that was cut short. */
  readonly resume: boolean;
  /** Whether models that are missing may be downloaded. */
  readonly pull: boolean;
  readonly modelsDir: string;
  /** A mirror to pull models from; null: their publishers. */
  readonly modelBaseUrl: string | null;
  /** Where waveforms and checkpoints live while a run lasts. */
  readonly workDir: string;
  /** The recording's name to show; null: its file name. */
  readonly name: string | null;
}

export type Enrichment = 'prosody' | 'sentiment' | 'emotion';

/** Stages as a user sees them pass by. */
export type StageName = 'prepare' | 'recognize' | 'diarize' | 'finish';

/** `done` of `total`, in chunks for recognize and in parts of one for the others. */
export interface Progress {
  readonly stage: StageName;
  readonly done: number;
  readonly total: number;
}

/** What every stage of the pipeline takes beside its values. */
export interface PipelineTask {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** A line for people: a fallback, a download, a retry. */
  readonly onNotice?: (line: string) => void;
  /** How the command lines that a transcript names are to be typed. */
  readonly asTyped?: (text: string) => string;
  /** Takes the transcript to safety before the checkpoints go; when it rejects, they stay and nothing is lost. */
  readonly deliver?: (transcript: Transcript) => Promise<void>;
}
