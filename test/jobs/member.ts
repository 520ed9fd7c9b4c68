/**
 * A process of a test: opens Jobs where argv says, works on them, and writes every run of a stage and every outcome that
 * was kept into a log file. Ends with its parent.
 *   node member.ts WHERE LOG
 * It prints `ready`, takes ids of jobs to submit, a line each, and answers each with the id once it was accepted.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Jobs } from '../../src/jobs/jobs.ts';
import type { Run } from '../../src/jobs/begin.ts';
import type { Settlement } from '../../src/jobs/settle.ts';
import { Worker, type RunStage } from '../../src/jobs/worker.ts';
import { openAt } from './backends.ts';
import { CUT, FAN, joinOf, newJob, PART } from './fixture.ts';

const [where = '', log = ''] = process.argv.slice(2);
const complain = (error: Error): void => void process.stderr.write(`${error.stack}\n`);
const note = (word: string, { job, stage }: Run): void =>
  appendFileSync(log, `${word} ${job.id} ${job.runs} ${stage.name} ${stage.index}\n`);

const jobs = await Jobs.open(await openAt(where), [FAN], complain);
const settle = jobs.settle.bind(jobs);
Object.assign(jobs, {
  settle: async (item: Settlement) => {
    const settled = await settle(item);
    if (settled.isKept && item.outcome.as === 'done') note('done', item.run);
    return settled;
  },
});
const logged =
  (run: RunStage): RunStage =>
  async (held, task) => {
    note('run', held);
    const ms = Number(held.job.options['ms'] ?? 0);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    return run(held, task);
  };
const runners = {
  cut: { slots: 2, run: logged(CUT) },
  part: { slots: 4, run: logged(PART) },
  join: { slots: 2, run: logged(joinOf(jobs)) },
};
new Worker({ jobs, runners, onError: complain });
process.stdout.write('ready\n');
for await (const id of createInterface(process.stdin))
  void jobs
    .submit(newJob({ id, options: { parts: 3, ms: 20 } }))
    .then(() => process.stdout.write(`${id}\n`), complain);
process.exit(0);
