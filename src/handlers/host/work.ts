import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { openRecording } from '../../audio/recording.ts';
import { assemble } from '../../pipeline/assemble.ts';
import { noneRecognized, type ChunkResult } from '../../pipeline/chunk-result.ts';
import { diarize, type Diarization } from '../../pipeline/diarize.ts';
import { finish } from '../../pipeline/finish.ts';
import {
  nameSpeakers,
  prepareReferences,
  withNames,
  type NamedSpeakers,
  type Reference,
} from '../../pipeline/known-speakers.ts';
import type { PipelineTask, TranscribeOptions } from '../../pipeline/options.ts';
import type { Chunk, Plan, Track } from '../../pipeline/plan.ts';
import { prepare } from '../../pipeline/prepare.ts';
import { recognize } from '../../pipeline/recognize.ts';
import { diarizationOptions, optionsHash, recognitionOptions, runKey } from '../../pipeline/stage-options.ts';
import { chooseDiarization, DIARIZATION_ENGINES } from '../../speech/diarization/index.ts';
import type { KnownSpeaker } from '../../speech/diarization/known-speakers.ts';
import { chooseRecognition } from '../../speech/recognition/index.ts';
import type { KeptEngines } from '../../speech/recognition/kept.ts';
import type { Recognition, Recognizer } from '../../speech/recognition/recognition.ts';
import { withCommands } from '../../transcript/commands.ts';
import { parseTranscript } from '../../transcript/read.ts';
import { enrichTranscript } from '../../pipeline/enrich-transcript.ts';

/** Which recogniser worked: what a transcript says of it. */
export type RecognizedBy = Pick<Recognizer, 'engine' | 'model' | 'device'>;

/** What the host can do, as values that are plain JSON. Paths are of files that host and server both see. */
export interface HostWork {
  readonly prepare: {
    readonly input: {
      readonly source: string;
      readonly references: readonly Reference[];
      readonly folder: string;
      readonly options: TranscribeOptions;
    };
    /** `engine` is the recogniser that `auto` chose: every chunk goes to it. */
    readonly output: {
      readonly plan: Plan;
      readonly known: readonly KnownSpeaker[];
      readonly engine: string;
      readonly passedOver: readonly string[];
    };
  };
  readonly recognize: {
    readonly input: {
      readonly tracks: readonly Track[];
      readonly chunk: Chunk;
      readonly options: TranscribeOptions;
    };
    readonly output: { readonly recognition: Recognition; readonly by: RecognizedBy };
  };
  readonly diarize: {
    readonly input: {
      readonly plan: Plan;
      readonly known: readonly KnownSpeaker[];
      readonly options: TranscribeOptions;
    };
    readonly output: {
      readonly diarization: Diarization;
      readonly fallback: string | null;
      /** null: nobody is known. */
      readonly named: NamedSpeakers | null;
    };
  };
  readonly finish: {
    readonly input: FinishInput;
    /** The transcript is written to `out`. */
    readonly output: { readonly segments: number; readonly speakers: number; readonly duration: number };
  };
  readonly enrich: {
    readonly input: {
      readonly transcript: string;
      readonly source: string;
      readonly out: string;
      readonly options: TranscribeOptions;
    };
    readonly output: { readonly segments: number; readonly speakers: number; readonly duration: number };
  };
}
export type HostWorkName = keyof HostWork;

interface FinishInput {
  readonly plan: Plan;
  readonly results: readonly ChunkResult[];
  readonly diarization: Diarization;
  readonly named: NamedSpeakers | null;
  readonly options: TranscribeOptions;
  readonly by: RecognizedBy;
  readonly passedOver: readonly string[];
  readonly diarizationFallback: string | null;
  readonly seconds: { readonly prepare: number; readonly recognize: number; readonly wall: number };
  readonly out: string;
}

type Work = {
  readonly [Name in HostWorkName]: (
    input: HostWork[Name]['input'],
    task: PipelineTask,
    engines: KeptEngines,
  ) => Promise<HostWork[Name]['output']>;
};

/** The stages of the pipeline, each by itself. Models stay loaded in `engines` from one call to the next. */
export const WORK: Work = {
  async prepare({ source, references, folder, options }, task, { engines }) {
    await mkdir(folder, { recursive: true });
    const known = await prepareReferences(references, folder, task);
    const recording = await openRecording(source, options.name ?? undefined, task.signal);
    const choice = await chooseRecognition(
      options.engine,
      recognitionOptions(options, folder, task),
      engines,
    );
    choice.open().catch(() => undefined); // loads while the recording is decoded; a failure is told by the chunks
    const plan = await prepare(recording, options, choice.engine.chunking, folder, task);
    return { plan, known, engine: choice.engine.name, passedOver: choice.passedOver };
  },

  async recognize({ tracks, chunk, options }, task, { engines }) {
    const choice = await chooseRecognition(options.engine, recognitionOptions(options, '', task), engines);
    const recognizer = await choice.open();
    const request = {
      language: options.language,
      task: options.task,
      ...(task.signal ? { signal: task.signal } : {}),
    };
    const recognition = await recognize({ tracks: [...tracks] }, chunk, recognizer, request);
    const { engine, model, device } = recognizer;
    return { recognition, by: { engine, model, device } };
  },

  async diarize({ plan, known, options }, task) {
    const asked = diarizationOptions(options, task);
    const choice =
      options.diarization === 'off'
        ? null
        : await chooseDiarization(options.diarization, plan.tracks, asked, DIARIZATION_ENGINES, task.signal);
    const diarization = await diarize(plan, choice, asked, NO_CHECKPOINTS, task);
    const named = await nameSpeakers(plan, diarization, known, options, task);
    return { diarization, fallback: choice?.fallback ?? null, named };
  },

  async finish(
    { plan, results, diarization, named, options, by, passedOver, diarizationFallback, seconds, out },
    task,
  ) {
    const failure = noneRecognized(results, plan.source.name);
    if (failure) throw failure;
    const lost = results.filter(({ error }) => error !== null);
    const body = withNames(await finish(plan, results, diarization, options, task), named);
    const assembled = assemble(plan, body, {
      key: runKey(plan.source, options),
      optionsHash: optionsHash(options),
      recognizer: by,
      lost: lost.length,
      passedOver,
      diarizationFallback,
      prepareSeconds: seconds.prepare,
      recognizeSeconds: seconds.recognize,
      wallSeconds: seconds.wall,
    });
    await writeFile(out, JSON.stringify(withCommands(assembled, task.asTyped)));
    return { segments: body.segments.length, speakers: body.speakers.length, duration: plan.source.duration };
  },

  async enrich({ transcript: path, source, out, options }, task) {
    const transcript = await enrichTranscript(
      parseTranscript(await readFile(path, 'utf8'), 'the transcript'),
      source,
      options,
      {
        ...(task.signal ? { signal: task.signal } : {}),
        ...(task.onNotice ? { onNotice: task.onNotice } : {}),
        ...(task.asTyped ? { asTyped: task.asTyped } : {}),
      },
    );
    await writeFile(out, JSON.stringify(transcript));
    const { segments, speakers, source: heard } = transcript;
    return { segments: segments.length, speakers: speakers.length, duration: heard.duration };
  },
};

/** A stage is the checkpoint here. */
const NO_CHECKPOINTS = { load: () => Promise.resolve(null), save: () => Promise.resolve() };
