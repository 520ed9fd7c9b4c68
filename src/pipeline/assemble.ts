import { randomUUID } from 'node:crypto';
import type { Recognizer } from '../speech/recognition/recognition.ts';
import type { Stage, Transcript, Warning } from '../transcript/schema.ts';
import { VERSION } from '../util/version.ts';
import type { TranscriptBody } from './finish.ts';
import type { Plan } from './plan.ts';

/** How a run went: all that a transcript says beside what was heard. */
export interface RunFacts {
  readonly key: string;
  readonly optionsHash: string;
  readonly recognizer: Pick<Recognizer, 'engine' | 'model' | 'device'>;
  /** Chunks without a result. */
  readonly lost: number;
  /** What better engines lacked, and null or a reason for the diarization. */
  readonly passedOver: readonly string[];
  readonly diarizationFallback: string | null;
  /** Seconds. */
  readonly prepareSeconds: number;
  readonly recognizeSeconds: number;
  readonly wallSeconds: number;
}

/** The canonical transcript of a run. */
export function assemble(plan: Plan, body: TranscriptBody, run: RunFacts): Transcript {
  return {
    schema: 'earshot.transcript/1',
    id: `tr_${run.key.slice(0, 24)}`,
    ...body,
    stages: {
      prepare: { status: 'done', engine: 'ffmpeg', model: null, device: 'cpu', seconds: run.prepareSeconds },
      vad: { status: 'done', ...plan.vad, device: 'cpu', seconds: null },
      recognize: recognizeStage(plan, run),
      ...body.stages,
    },
    warnings: [...(plan.chunks.length > 0 ? fallbackWarnings(run) : []), ...body.warnings],
    receipt: {
      earshot: VERSION,
      run_id: randomUUID(),
      created_at: new Date().toISOString(),
      options_hash: run.optionsHash,
      audio_seconds: plan.source.duration,
      wall_seconds: run.wallSeconds,
      cost: null,
    },
  };
}

function recognizeStage(plan: Plan, run: RunFacts): Stage {
  const { engine, model, device } = run.recognizer;
  const stage = { engine, model, device, seconds: run.recognizeSeconds };
  if (plan.chunks.length === 0) return { status: 'skipped', ...stage, reason: 'no speech was found' };
  if (run.lost === 0) return { status: 'done', ...stage };
  return {
    status: 'failed',
    ...stage,
    reason: `${run.lost} of ${plan.chunks.length} chunks could not be recognised`,
  };
}

/** Said of what was heard: in a recording without speech nothing was recognised by a lesser engine. */
function fallbackWarnings(run: RunFacts): Warning[] {
  const warnings: Warning[] = [];
  if (run.passedOver.length > 0)
    warnings.push({
      code: 'engine_fallback',
      message: `recognised with ${run.recognizer.engine}, because ${run.passedOver.join('; ')}`,
    });
  if (run.diarizationFallback !== null)
    warnings.push({ code: 'diarization_fallback', message: run.diarizationFallback });
  return warnings;
}
