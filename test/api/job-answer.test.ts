import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressAnswer } from '../../src/api/job-answer.ts';
import type { Job } from '../../src/jobs/job.ts';

test('how long a job still takes is told from its first chunk on, and not while nothing of it is heard', () => {
  const startedAt = new Date('2026-01-01T00:00:00Z');
  const job = { status: 'processing', startedAt } as Job;
  const etaAt = (done: number, percent: number): number | null => {
    const progress = { stage: 'recognize', done, total: 4, percent };
    return progressAnswer(job, progress, new Date(startedAt.getTime() + 30_000)).eta_seconds;
  };
  assert.equal(etaAt(0, 8), null);
  assert.equal(etaAt(1, 30), 70);
  assert.equal(etaAt(0, 90), 3);
});
