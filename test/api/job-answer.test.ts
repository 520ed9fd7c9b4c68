import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressAnswer } from '../../src/api/job-answer.ts';
import type { Job } from '../../src/jobs/job.ts';

test('how long a job still takes is told from its first chunk on, and not while nothing of it is heard', () => {
  const startedAt = new Date('2026-01-01T00:00:00Z');
  const job = { status: 'processing' } as Job;
  let pace = { at: startedAt, percent: 0 };
  const etaAt = (done: number, percent: number): number | null => {
    const progress = { stage: 'recognize', done, total: 4, percent };
    return progressAnswer(job, progress, pace, new Date(startedAt.getTime() + 30_000)).eta_seconds;
  };
  assert.equal(etaAt(0, 8), null);
  assert.equal(etaAt(1, 30), 70);
  assert.equal(etaAt(0, 90), 3);
  pace = { at: new Date(startedAt.getTime() + 20_000), percent: 50 };
  assert.equal(etaAt(2, 60), 40, 'by what was done since');
  assert.equal(etaAt(2, 52), null);
  assert.equal(etaAt(1, 30), null, 'before it');
});
