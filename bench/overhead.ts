import { runOne } from './child.ts';
import { repeatedMeeting } from './recordings.ts';
import type { Row } from './row.ts';

/** Everything but recognition, on one core: decode, VAD, classic diarization, prosody, writers. */
export async function overhead(folder: string): Promise<Row[]> {
  const run = await runOne(repeatedMeeting(folder, 1200), folder, 'null', 0);
  return [
    {
      what: 'speed of everything but recognition on one core, times real time',
      measured: (run.audioSeconds / run.seconds).toFixed(0),
      wanted: '>= 100',
      seen: `${run.seconds.toFixed(2)} s for ${run.audioSeconds.toFixed(0)} s, from start to written files`,
    },
  ];
}
