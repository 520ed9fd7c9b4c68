import type { JobKind, StageCount } from '../jobs/kinds.ts';

/** Share of the whole at which each stage of a transcription begins and ends, in percent. */
const SHARES = { prepare: [0, 8], recognize: [8, 90], finish: [90, 99] } as const;

/** prepare -> recognize every chunk, and diarize beside it -> finish. */
export const TRANSCRIBE: JobKind = {
  name: 'transcribe',
  first: 'prepare',
  stages: ['prepare', 'recognize', 'diarize', 'finish'],
  progress(counts, within) {
    const of = (name: string): StageCount =>
      counts.find((each) => each.name === name) ?? { name, done: 0, total: 0 };
    const chunks = of('recognize');
    if (of('prepare').done === 0) return at('prepare', 0, 1, fractionOf('prepare', within));
    if (chunks.done < chunks.total)
      return at('recognize', chunks.done, chunks.total, chunks.done / chunks.total);
    if (of('diarize').done === 0) return at('diarize', 0, 1, 1);
    return at('finish', 0, 1, fractionOf('finish', within));
  },
};

/** One stage: a transcript enriched from its recording. */
export const ENRICH: JobKind = {
  name: 'enrich',
  first: 'enrich',
  stages: ['enrich'],
  progress: (_counts, within) => {
    const fraction = fractionOf('enrich', within);
    return { stage: 'enrich', done: 0, total: 1, percent: Math.round(99 * fraction) };
  },
};

export const KINDS: readonly JobKind[] = [TRANSCRIBE, ENRICH];

function fractionOf(
  name: string,
  within: { readonly name: string; readonly fraction: number } | null,
): number {
  return within?.name === name ? Math.max(0, Math.min(1, within.fraction)) : 0;
}

function at(stage: string, done: number, total: number, fraction: number): ReturnType<JobKind['progress']> {
  const [from, to] = SHARES[stage === 'diarize' ? 'recognize' : (stage as keyof typeof SHARES)];
  return { stage, done, total, percent: Math.round(from + (to - from) * fraction) };
}
