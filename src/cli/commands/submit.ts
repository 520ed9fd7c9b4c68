import { resolve } from 'node:path';
import type { Job } from '../../client/jobs.ts';
import { toEarshotError } from '../../errors.ts';
import { parallel } from '../../util/parallel.ts';
import { findWriter } from '../../writers/index.ts';
import type { Context, Run } from '../command.ts';
import { InOrder } from '../in-order.ts';
import { findInputs, type Input } from '../inputs.ts';
import { nameOutputs } from '../output-names.ts';
import { isWhole } from '../outputs.ts';
import { reportFailure, reportOutcome } from '../report-outcome.ts';
import { isAboutAll, serverOf } from '../server-client.ts';
import { sharedProgress } from '../shared-progress.ts';
import { handIn, submitInput } from '../submit-input.ts';

/**
 * Sends recordings to a server, waits and saves what `transcribe` would. They are reported in their order, those that
 * name nothing first. One that fails does not stop the rest; what is about the server or the key ends the run.
 */
export const submitCommand: Run = async (context) => {
  const { args, cwd, settings, terminal } = context;
  const { inputs, failures } = await findInputs(args, cwd);
  const out = settings.out === null ? null : resolve(cwd, settings.out);
  const bases = await nameOutputs(
    inputs,
    out,
    settings.formats.map((format) => findWriter(format).extension),
  );
  for (const { given, error } of failures) await reportFailure(given, error, context);
  if (inputs.length === 0) return 1;
  const client = await serverOf(context);
  let failed = failures.length;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const labels = inputs.map(({ given }) => given);
  const progress = sharedProgress(terminal, labels);
  const order = new InOrder();
  try {
    await parallel(inputs, settings.parallel, async (input, index) => {
      let jobId: string | null = null;
      const told = (): Record<string, unknown> => (jobId === null ? {} : { job_id: jobId });
      const onProgress = (fraction: number, doing: string): void => progress.update(index, fraction, doing);
      try {
        const submitting = { client, onProgress, signal };
        if (settings.detach) {
          const job = await handIn(input, submitting, context);
          progress.update(index, 1, 'sent');
          return await order.ended(index, () => tellJob(input, job, context));
        }
        const onJob = (id: string): void => void (jobId = id);
        const outcome = await submitInput(input, bases[index] as string, { ...submitting, onJob }, context);
        if (!isWhole(outcome.transcript)) failed += 1;
        await order.ended(index, () => reportOutcome(input.given, outcome, context, told()));
      } catch (caught) {
        const error = toEarshotError(caught);
        if (signal.aborted || (jobId === null && isAboutAll(error))) {
          stop.abort(error);
          throw error;
        }
        failed += 1;
        await order.ended(index, () => reportFailure(input.given, error, context, told()));
      }
      progress.update(index, 1, 'done');
    });
  } finally {
    await order.rest();
    progress.end();
  }
  return failed > 0 ? 1 : 0;
};

function tellJob(input: Input, { job_id: id, status }: Job, { settings, terminal }: Context): Promise<void> {
  const line = { path: input.given, ok: true, job_id: id, status };
  return terminal.result(settings.json ? `${JSON.stringify(line)}\n` : `${id}\n`);
}
