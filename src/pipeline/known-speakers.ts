import { join } from 'node:path';
import { z } from 'zod';
import { decode } from '../audio/decode.ts';
import { openRecording } from '../audio/recording.ts';
import { EarshotError, toEarshotError } from '../errors.ts';
import { findKnownSpeakers, type KnownSpeaker } from '../speech/diarization/known-speakers.ts';
import { stageSchema } from '../transcript/schema.ts';
import type { Diarization } from './diarize.ts';
import type { TranscriptBody } from './finish.ts';
import type { PipelineTask } from './options.ts';
import type { Plan } from './plan.ts';

/** The name of somebody, and a file in which nobody else speaks. */
export interface Reference {
  readonly name: string;
  readonly path: string;
}

/** Shortest and longest reference that OpenAI takes, in seconds; a frame of an encoder more or less is let pass. */
const SHORTEST = 2;
const LONGEST = 10;
const TOLERANCE = 0.1;

/** Which diarized speakers are known ones, and how that was found out. */
export const namedSpeakersSchema = z.strictObject({
  matches: z.array(z.strictObject({ speaker: z.string(), name: z.string() })),
  stage: stageSchema,
});
export type NamedSpeakers = z.infer<typeof namedSpeakersSchema>;

/** Decodes references into `folder`. Rejects with `reference_invalid` when one is no audio, or too short or too long. */
export async function prepareReferences(
  references: readonly Reference[],
  folder: string,
  { signal }: Pick<PipelineTask, 'signal'>,
): Promise<KnownSpeaker[]> {
  const known: KnownSpeaker[] = [];
  for (const [i, { name, path }] of references.entries()) {
    const recording = await openRecording(path, `the reference of "${name}"`, signal).catch(refused);
    checkSeconds(name, recording.statedDuration);
    const to = join(folder, `speaker-${i}.wav`);
    const pick = { stream: 0, channel: null };
    const { waveforms } = await decode(recording, [pick], [to], signal).catch(refused);
    const waveform = waveforms[0] as KnownSpeaker['waveform'];
    checkSeconds(name, waveform.duration);
    known.push({ name, waveform });
  }
  return known;
}

function checkSeconds(name: string, seconds: number | null): void {
  if (seconds === null || (seconds >= SHORTEST - TOLERANCE && seconds <= LONGEST + TOLERANCE)) return;
  throw new EarshotError(
    'reference_invalid',
    `the reference of "${name}" has ${seconds.toFixed(1)} s: expected ${SHORTEST} to ${LONGEST} s`,
  );
}

/** What is wrong with a recording is wrong with the request here; what is wrong with this machine stays as it is. */
function refused(error: unknown): never {
  const { message, kind } = toEarshotError(error);
  if (kind.httpStatus !== 422) throw error;
  throw new EarshotError('reference_invalid', message, { cause: error });
}

/** Gives known names to diarized speakers. An engine that fails costs the names only. Rejects only when cancelled. */
export async function nameSpeakers(
  plan: Plan,
  { turns }: Diarization,
  known: readonly KnownSpeaker[],
  options: { readonly modelsDir: string },
  task: PipelineTask,
): Promise<NamedSpeakers | null> {
  if (known.length === 0) return null;
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  try {
    const signal = task.signal ? { signal: task.signal } : {};
    const { matches, engine, model } = await findKnownSpeakers(plan.tracks, turns, known, options, signal);
    const stage = { status: 'done' as const, engine, model, device: 'cpu', seconds: seconds() };
    return { matches: matches.map((match) => ({ ...match })), stage };
  } catch (thrown) {
    task.signal?.throwIfAborted();
    const reason = toEarshotError(thrown).message;
    const stage = {
      status: 'failed' as const,
      engine: null,
      model: null,
      device: null,
      seconds: null,
      reason,
    };
    return { matches: [], stage };
  }
}

/** The transcript with the names as labels of its speakers; segments and turns keep the ids. */
export function withNames(body: TranscriptBody, named: NamedSpeakers | null): TranscriptBody {
  if (named === null) return body;
  const names = new Map(named.matches.map(({ speaker, name }) => [speaker, name]));
  return {
    ...body,
    speakers: body.speakers.map((speaker) => ({ ...speaker, label: names.get(speaker.id) ?? speaker.label })),
    stages: { ...body.stages, known_speakers: named.stage },
  };
}
