import { z } from 'zod';
import { toEarshotError } from '../errors.ts';
import type { DiarizationChoice } from '../speech/diarization/index.ts';
import type { DiarizationOptions } from '../speech/diarization/diarization.ts';
import { numberSpeakers } from '../speech/attribution/number-speakers.ts';
import { stageSchema, turnSchema, type Stage } from '../transcript/schema.ts';
import type { PipelineTask } from './options.ts';
import type { Plan } from './plan.ts';
import type { Work } from './work.ts';

/** Who spoke when, and how the stage went. `turns` are numbered, in order of start, and may overlap. */
export const diarizationSchema = z.strictObject({
  turns: z.array(turnSchema.extend({ channel: z.int().nullable() })),
  stage: stageSchema,
});

export type Diarization = z.infer<typeof diarizationSchema>;

/**
 * Runs the chosen engine, once: a finished diarization is checkpointed in `work`. An engine that fails costs the
 * speakers, never the transcript: turns are then empty and the stage is `failed` with the reason. Rejects only when
 * cancelled.
 */
export async function diarize(
  plan: Plan,
  choice: DiarizationChoice | null,
  options: DiarizationOptions,
  work: Pick<Work, 'load' | 'save'>,
  task: PipelineTask,
): Promise<Diarization> {
  if (choice === null) return { turns: [], stage: stage('skipped', null, null, 'diarization is off') };
  const name = `turns-${choice.engine.name}`;
  const saved = await work.load(name, (json) => diarizationSchema.parse(json));
  if (saved) return saved;
  const began = performance.now();
  try {
    const turns = await choice.engine.diarize(plan.tracks, options, {
      ...(task.signal ? { signal: task.signal } : {}),
      onProgress: (fraction) => task.onProgress?.({ stage: 'diarize', done: fraction, total: 1 }),
    });
    const result: Diarization = {
      turns: numberSpeakers(turns).map((turn) => ({ ...turn })),
      stage: {
        ...stage('done', choice.engine.name, choice.model),
        seconds: Math.round(performance.now() - began) / 1000,
      },
    };
    await work.save(name, result);
    return result;
  } catch (thrown) {
    task.signal?.throwIfAborted();
    const error = toEarshotError(thrown);
    if (error.code === 'disk_full') throw error;
    task.onNotice?.(`diarization failed, the words are kept without speakers: ${error.message}`);
    return { turns: [], stage: stage('failed', choice.engine.name, choice.model, error.message) };
  }
}

function stage(status: Stage['status'], engine: string | null, model: string | null, reason?: string): Stage {
  const device = engine === null ? null : 'cpu';
  return { status, engine, model, device, seconds: null, ...(reason === undefined ? {} : { reason }) };
}
