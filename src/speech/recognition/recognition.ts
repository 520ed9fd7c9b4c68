import type { Word } from '../../transcript/schema.ts';

/** What a recogniser is given: one chunk of one track. */
export interface ChunkAudio {
  /** 16 kHz mono samples in [-1, 1). */
  readonly samples: Float32Array;
  /** Seconds from the start of the recording at which `samples` begins; word times are given on the same axis. */
  readonly start: number;
}

/** How a chunk shall be recognised. */
export interface RecognitionRequest {
  /** ISO 639 code of two or three letters, or "auto". */
  readonly language: string;
  readonly task: 'transcribe' | 'translate';
  readonly signal?: AbortSignal;
}

/** What was heard in a chunk. */
export interface Recognition {
  /**
   * In order of start, times within the chunk's [start, end], speaker null. Confidence only where the engine has a real
   * posterior, otherwise null. Punctuation, where the engine has it, is part of the word's text.
   */
  readonly words: readonly Word[];
  /** code null when the engine neither detected nor knows it. */
  readonly language: { readonly code: string | null; readonly confidence: number | null };
  /** "estimated": the engine gave no word times, the words were laid along the chunk's speech by their length. */
  readonly wordTimes?: 'estimated';
}

/**
 * A loaded recogniser. `recognize` may be called `concurrency` times at once. Errors: `engine_failed` (retryable),
 * `language_unsupported`, `cancelled` on abort. Silence gives zero words, never invented text.
 */
export interface Recognizer {
  readonly engine: string;
  /** Catalogue name or the engine's own name of what it loaded; null when there is no model to name. */
  readonly model: string | null;
  /** "cpu", "cuda", "metal", "vulkan" or "remote". */
  readonly device: string;
  /** How many chunks it makes sense to recognise at once on this machine. */
  readonly concurrency: number;
  recognize(audio: ChunkAudio, request: RecognitionRequest): Promise<Recognition>;
  close(): Promise<void>;
}

/** What an engine is opened with. */
export interface RecognitionOptions {
  /** Catalogue name, path, or null for the engine's default. */
  readonly model: string | null;
  readonly language: string;
  readonly task: 'transcribe' | 'translate';
  /** Parallel chunks asked for with --jobs; null: let the engine decide. */
  readonly jobs: number | null;
  /** Whether a missing model may be downloaded. */
  readonly pull: boolean;
  readonly modelsDir: string;
  /** A mirror to pull models from; null or absent: their publishers. */
  readonly modelBaseUrl?: string | null;
  readonly workers: readonly string[];
  /** A folder of this run's own for temporary files; it exists, and is removed after the run. */
  readonly scratchDir: string;
  readonly signal?: AbortSignal;
  /** A line for people about a long preparation, such as a download. */
  readonly onNotice?: (line: string) => void;
}

/** Whether an engine can work here, and if not why and what mends it. */
export type Availability =
  | {
      readonly ok: true;
      readonly model: string | null;
      readonly device: string;
      /** Of the model's files, which are memory once it is loaded; absent where nothing is loaded, or nobody knows. */
      readonly bytes?: number;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly fix: string | null;
      /** True when only a model is missing, so that `open` with `pull` may mend it. */
      readonly pullable?: boolean;
    };

/** The models that an engine knows by name, beside those of the catalogue that are for it. */
export interface EngineModels {
  /** Put before short names: "tiny" is "whisper-tiny" for the one engine and "ggml-tiny" for the other. */
  readonly prefix: string;
  /** Names to choose from when none is asked for and none is installed, best first; the first is the one to recommend. */
  readonly defaults: readonly string[];
}

/** One row of the engine table in index.ts. */
export interface RecognitionEngine {
  readonly name: string;
  /** Seconds: chunks are filled up to `target` and never exceed `max`. */
  readonly chunking: { readonly target: number; readonly max: number };
  /** True: language and task count when a chunk is recognised; `open` needs them only to choose a model. */
  readonly languagePerChunk?: boolean;
  /** Absent: every name means something to it, such as to another server. */
  readonly models?: EngineModels;
  /** False: nothing was given that this engine works with, so `auto` passes it by without a word. Absent: always true. */
  applies?(options: RecognitionOptions): boolean;
  /** Cheap: looks at what is installed, downloads nothing, loads nothing. Never rejects. */
  check(options: RecognitionOptions): Promise<Availability>;
  /** Loads (and pulls, when allowed) what is needed. Rejects with `engine_unavailable`, `model_missing`, `language_unsupported`. */
  open(options: RecognitionOptions): Promise<Recognizer>;
}
