import type { Progress as StageProgress, StageName } from '../pipeline/options.ts';
import type { Progress } from './progress.ts';

/** The share of each stage in the whole time of a usual run on a CPU. */
const SHARES: Readonly<Record<StageName, number>> = {
  prepare: 0.05,
  recognize: 0.75,
  diarize: 0.1,
  finish: 0.1,
};

const DOING: Readonly<Record<StageName, string>> = {
  prepare: 'preparing',
  recognize: 'recognising',
  diarize: 'telling speakers apart',
  finish: 'finishing',
};

/** Turns the progress of stages, some of which run side by side, into one bar. */
export function overallProgress(shown: Progress): (progress: StageProgress) => void {
  const fractions: Record<StageName, number> = { prepare: 0, recognize: 0, diarize: 0, finish: 0 };
  return ({ stage, done, total }) => {
    fractions[stage] = total === 0 ? 1 : done / total;
    let overall = 0;
    for (const name of Object.keys(SHARES) as StageName[]) overall += SHARES[name] * fractions[name];
    const counted = stage === 'recognize' && total > 1 ? ` ${done}/${total}` : '';
    shown.update(Math.min(1, overall), `${DOING[stage]}${counted}`);
  };
}
