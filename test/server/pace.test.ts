import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobAnswer } from '../../src/api/job-answer.ts';
import { systemClock } from '../../src/util/clock.ts';
import { newJob } from '../jobs/fixture.ts';
import { running } from './fixture.ts';

const progress = (percent: number): object => ({ stage: 'recognize', done: percent, total: 100, percent });

test('how long a job still takes is guessed from what was done since this server began, not while none was there', async (t) => {
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const { url, jobs } = await running(t, { worker: false, clock });
  const { job } = await jobs.submit(newJob({ kind: 'transcribe', first: 'prepare', owner: 'local' }));
  const write = (percent: number): Promise<unknown> =>
    jobs.db.query(
      `UPDATE earshot.job SET status = 'processing', started_at = now() - interval '1 day', progress = $2
       WHERE id = $1`,
      [job.id, JSON.stringify(progress(percent))],
    );
  const happened = (percent: number, at: string): Promise<unknown> =>
    jobs.db.query(`INSERT INTO earshot.event (job_id, type, data, at) VALUES ($1, 'progress', $2, ${at})`, [
      job.id,
      JSON.stringify(progress(percent)),
    ]);
  const etas = async (): Promise<(number | null | undefined)[]> => {
    const one = (await (await fetch(`${url}/jobs/${job.id}`)).json()) as JobAnswer;
    const { jobs: all } = (await (await fetch(`${url}/jobs`)).json()) as { jobs: JobAnswer[] };
    return [one, ...all].map((each) => each.progress?.eta_seconds);
  };

  await happened(50, `now() - interval '23 hours'`);
  await write(50);
  assert.deepEqual(await etas(), [null, null], 'nothing has been heard of it here');
  await happened(52, 'clock_timestamp()');
  ahead = 100_000;
  await write(62);
  const told = await etas();
  assert.equal(told.length, 2);
  for (const seconds of told)
    assert.ok(typeof seconds === 'number' && seconds >= 375 && seconds <= 420, `${seconds} s`);
});
