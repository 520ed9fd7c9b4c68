import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KINDS } from '../../src/handlers/kinds.ts';
import type { Stage } from '../../src/jobs/job.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { openPglite } from '../../src/jobs/pglite.ts';
import { SAMPLES } from './run-cli.ts';
import {
  byCommandLine,
  descendants,
  isRunning,
  pause,
  resultOf,
  serving,
  submitted,
  until,
  withoutTimings,
} from './serving.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-killed-'))));
after(() => rm(cwd, { recursive: true }));

/** The stages of all jobs, read from the database that a server has left. */
async function stagesOf(ids: readonly string[]): Promise<Stage[]> {
  const db = await openPglite(join(cwd, 'data/server/database'));
  const jobs = await Jobs.open(db, KINDS, () => undefined);
  try {
    return (await Promise.all(ids.map((id) => jobs.stages(id)))).flat();
  } finally {
    await jobs.close();
  }
}

test('kill -9 at any moment loses no job and repeats no chunk that was done', async (t) => {
  const wanted = withoutTimings(await byCommandLine(cwd, join(SAMPLES, 'call.flac')));
  const accepted: string[] = [];
  let done = new Map<string, Stage>();
  let kills = 0;
  for (let seed = Math.floor(Math.random() * 1e6); kills < 3; kills++) {
    const { url, child, ended } = await serving(cwd, ['--dedupe-minutes', '0', '--jobs', '2']);
    const submissions = Array.from({ length: 2 - kills }, () =>
      submitted(url, 'call.flac').then(({ job_id: id }) => accepted.push(id)),
    );
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const ms = 50 + (seed % 4_000);
    t.diagnostic(`killed after ${ms} ms`);
    await pause(ms);
    const below = descendants(child.pid as number);
    child.kill('SIGKILL');
    await ended;
    await Promise.allSettled(submissions);
    for (const end = Date.now() + 3_000; below.some(isRunning); await pause(50))
      assert.ok(Date.now() < end, 'what ran for a killed server goes on running');
    const before = done;
    done = new Map(
      (await stagesOf(accepted)).filter(({ state }) => state === 'done').map((stage) => [stage.id, stage]),
    );
    for (const [id, stage] of before)
      assert.deepEqual(done.get(id), stage, 'a stage that was done is as it was');
  }
  assert.ok(accepted.length >= 2, 'the first two at least were accepted');

  const { url, stop } = await serving(cwd, ['--jobs', '2']);
  for (const id of accepted) {
    await until(url, id);
    assert.deepEqual(withoutTimings(await resultOf(url, id)), wanted);
  }
  const { code, stderr } = await stop();
  assert.equal(code, 0, stderr);
  const stages = await stagesOf(accepted);
  assert.equal(stages.length, accepted.length * 5, 'prepare, a chunk a track, diarize, finish');
  for (const stage of stages) {
    assert.deepEqual([stage.state, stage.tries], ['done', 1], stage.name);
    assert.ok(stage.lost <= kills, `${stage.name} was lost ${stage.lost} times`);
    const earlier = done.get(stage.id);
    if (earlier) assert.deepEqual(stage, earlier, 'done before the last kill, and not again');
  }
  t.diagnostic(`${accepted.length} jobs, ${stages.filter(({ lost }) => lost > 0).length} stages begun again`);
});
