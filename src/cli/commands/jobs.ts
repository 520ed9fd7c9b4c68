import { join, resolve } from 'node:path';
import type { JobLog } from '../../api/job-log.ts';
import type { Job } from '../../client/jobs.ts';
import { EarshotError, toEarshotError } from '../../errors.ts';
import { actionOf, type Actions } from '../action.ts';
import type { Context, Run } from '../command.ts';
import { giveTranscript } from '../give-transcript.ts';
import { nameOutputs, reader } from '../output-names.ts';
import { reportFailure } from '../report-outcome.ts';
import { isAboutAll, serverOf } from '../server-client.ts';
import { table } from '../table.ts';

type LoggedStage = JobLog['stages'][number];

/** jobs list | show ID… | result ID… | cancel ID… | retry ID… | logs ID… */
export const jobsCommand: Run = (context) => {
  const [action, ids] = actionOf('jobs', ACTIONS, context.args);
  if (ids.length === 0 && action !== list)
    throw new EarshotError('usage', 'expected ids of jobs', { hint: 'earshot jobs list shows them' });
  if (ids.some((id) => id.trim() === ''))
    throw new EarshotError('usage', 'an argument is empty: expected the id of a job', {
      hint: 'in a script, the variable may not be set',
    });
  return action(ids, context);
};

const list: Actions[string] = async (ids, context) => {
  const { settings, terminal, signal } = context;
  if (ids.length > 0)
    throw new EarshotError('usage', `jobs list takes no "${ids[0]}"`, { hint: 'earshot jobs show ID' });
  const status = settings.status as Job['status'] | 'any';
  const rows: string[][] = [];
  const asked = { limit: settings.limit, signal, ...(status === 'any' ? {} : { status }) };
  for await (const job of (await serverOf(context)).jobs.list(asked))
    if (settings.json) await terminal.result(`${JSON.stringify(job)}\n`);
    else rows.push(cellsOf(job));
  if (settings.json) return 0;
  if (rows.length === 0) terminal.note(status === 'any' ? 'there are no jobs' : `no job is ${status}`);
  else await terminal.result(table(['id', 'status', 'done', 'created', 'name'], rows));
  return 0;
};

const show: Actions[string] = (ids, context) =>
  each(ids, context, async (id) => {
    const job = await (await serverOf(context)).jobs.get(id, context);
    await tell(
      job,
      Object.entries(job).map(([name, value]) => [name, textOf(value)]),
      context,
    );
  });

/** One format to stdout, several or any with --out to files named as the recordings were. */
const result: Actions[string] = async (ids, context) => {
  const { settings, cwd } = context;
  const client = await serverOf(context);
  const folder = resolve(cwd, settings.out ?? '.');
  const taken: { id: string; name: string }[] = [];
  const heardAt = reader();
  return each(ids, context, async (id) => {
    const transcript = await client.jobs.result(id, 'json', context);
    const base = async (): Promise<string> => {
      const { name } = await client.jobs.get(id, context);
      taken.push({ id, name: name.replaceAll(/[/\\\p{Cc}]/gu, '_') });
      const inputs = taken.map((one, i) => {
        const source = String(i).padStart(9, '0'); // names that are given already stay
        return { kind: 'url' as const, given: one.id, source, name: one.name, folder };
      });
      return (await nameOutputs(inputs, folder, [], heardAt)).at(-1) ?? join(folder, id);
    };
    await giveTranscript(transcript, base, { job_id: id }, context);
  });
};

const cancel: Actions[string] = (ids, context) =>
  each(ids, context, async (id) => {
    const job = await (await serverOf(context)).jobs.cancel(id, context);
    await tell(job, [[id, job.status]], context);
  });

const retry: Actions[string] = (ids, context) =>
  each(ids, context, async (id) => {
    const job = await (await serverOf(context)).jobs.retry(id, context);
    await tell(job, [[id, job.status]], context);
  });

const logs: Actions[string] = (ids, context) =>
  each(ids, context, async (id) => {
    const { settings, terminal } = context;
    const log = await (await serverOf(context)).jobs.log(id, context);
    if (settings.json) return terminal.result(`${JSON.stringify(log)}\n`);
    if (ids.length > 1) await terminal.result(`${id === ids[0] ? '' : '\n'}${id}\n`);
    const stages = log.stages.map((stage) => [
      ...[stage.started_at?.slice(0, 19).replace('T', ' ') ?? '-', stageName(stage, log), stage.state],
      ...[String(begunTries(stage)), stage.seconds?.toFixed(1) ?? '-', stage.error?.message ?? ''],
    ]);
    await terminal.result(table(['began', 'stage', 'state', 'tries', 'seconds', 'error'], stages));
    const webhooks = log.webhook_deliveries.map((delivery) => [
      ...[delivery.created_at.slice(0, 19).replace('T', ' '), delivery.state, String(delivery.tries)],
      ...[delivery.status === null ? '-' : String(delivery.status), delivery.reason ?? ''],
    ]);
    if (webhooks.length > 0)
      await terminal.result(`\n${table(['webhook of', 'state', 'tries', 'answer', 'reason'], webhooks)}`);
  });

/** Chunks are counted from 1, as in the messages; a stage that there is one of has no number. */
const stageName = ({ name, index }: LoggedStage, { stages }: JobLog): string =>
  stages.filter((other) => other.name === name).length > 1 ? `${name} ${index + 1}` : name;

/** With the one that runs, and those whose worker was lost. */
const begunTries = ({ tries, lost, state }: LoggedStage): number =>
  tries + lost + (state === 'running' ? 1 : 0);

const ACTIONS: Actions = { list, show, result, cancel, retry, logs };

/** One job that cannot be had is reported and the others are done; what is about the server or the key ends the run. */
async function each(
  ids: readonly string[],
  context: Context,
  work: (id: string) => Promise<void>,
): Promise<0 | 1> {
  let failed = false;
  for (const id of ids) {
    try {
      await work(id);
    } catch (caught) {
      const error = toEarshotError(caught);
      if (context.signal.aborted || isAboutAll(error)) throw error;
      await reportFailure(id, error, context, { job_id: id });
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

async function tell(job: Job, cells: string[][], { settings, terminal }: Context): Promise<void> {
  if (settings.json) return terminal.result(`${JSON.stringify(job)}\n`);
  const width = Math.max(...cells.map(([name = '']) => name.length));
  await terminal.result(cells.map(([name = '', value]) => `${name.padEnd(width)}  ${value}\n`).join(''));
}

const cellsOf = (job: Job): string[] => [
  job.job_id,
  job.status,
  job.progress ? `${Math.floor(job.progress.percent)} %` : placeOf(job),
  job.created_at.slice(0, 19).replace('T', ' '),
  job.name,
];

const placeOf = ({ position }: Job): string => (typeof position === 'number' ? `place ${position + 1}` : '');

const textOf = (value: unknown): string =>
  value === null ? '-' : typeof value === 'object' ? JSON.stringify(value) : String(value);
