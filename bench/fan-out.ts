import { runOne } from './child.ts';
import { repeatedMeeting } from './recordings.ts';
import type { Row } from './row.ts';
import { throttledWorker } from './workers.ts';

/** Times real time that one throttled worker recognises. */
const SPEED = 40;

/** Four workers against one, each of the same limited speed. */
export async function fanOut(folder: string): Promise<Row[]> {
  const recording = repeatedMeeting(folder, 3600);
  const workers = await Promise.all(Array.from({ length: 4 }, () => throttledWorker(SPEED)));
  try {
    const urls = workers.map((worker) => worker.url);
    const one = await runOne(recording, folder, `remote=${urls[0]}`);
    const four = await runOne(recording, folder, `remote=${urls.join(',')}`);
    return [
      {
        what: 'wall time with one worker / with four',
        measured: (one.seconds / four.seconds).toFixed(2),
        wanted: '>= 3.6',
        seen: `${one.seconds.toFixed(1)} s / ${four.seconds.toFixed(1)} s for ${one.audioSeconds.toFixed(0)} s, workers at ${SPEED} times real time`,
      },
    ];
  } finally {
    for (const worker of workers) worker.close();
  }
}
