import { resolve } from 'node:path';
import { writerOptions } from '../../config/pipeline.ts';
import { OPTIONS } from '../../config/options.ts';
import { EarshotError, toEarshotError } from '../../errors.ts';
import { findWriter } from '../../writers/index.ts';
import type { Transcript } from '../../transcript/schema.ts';
import type { Context, Run } from '../command.ts';
import { findInputs, type Input } from '../inputs.ts';
import { nameOutputs } from '../output-names.ts';
import { isWhole } from '../outputs.ts';
import { reportFailure, reportOutcome, reportWarnings } from '../report-outcome.ts';
import { summaryLine, summaryOf } from '../summary.ts';
import { transcribeInput, transcribeToMemory } from '../transcribe-input.ts';

/**
 * Every input is done; one that fails, or loses a part, is reported and the rest go on. What all of them lack ends the
 * run.
 */
export const transcribeCommand: Run = async (context) => {
  const { args, cwd, settings } = context;
  const { inputs, failures } = await findInputs(args, cwd);
  const out = settings.out === null ? null : resolve(cwd, settings.out);
  if (out === null && inputs.some(({ kind }) => kind === 'stdin')) assertOneFormat(settings.formats);
  const extensions = settings.formats.map((format) => findWriter(format).extension);
  const bases = await nameOutputs(inputs, out, extensions);
  for (const { given, error } of failures) await reportFailure(given, error, context);
  let failed = failures.length;
  for (const [index, input] of inputs.entries()) {
    try {
      const onStdout = input.kind === 'stdin' && out === null;
      const transcript = onStdout
        ? await toStdout(input, context)
        : await toFiles(input, bases[index] as string, context);
      if (!isWhole(transcript)) failed += 1;
    } catch (caught) {
      const error = toEarshotError(caught);
      if (context.signal.aborted || error.kind.exitCode !== 1) throw error;
      await reportFailure(input.given, error, context);
      failed += 1;
    }
  }
  return failed > 0 ? 1 : 0;
};

async function toFiles(input: Input, base: string, context: Context): Promise<Transcript> {
  const outcome = await transcribeInput(input, base, context.settings.formats, context);
  await reportOutcome(input.given, outcome, context);
  return outcome.transcript;
}

/** Formats that were asked for must be one for stdout; the usual ones were not asked for. Throws `usage`. */
function assertOneFormat(formats: readonly string[]): void {
  if (formats === OPTIONS.formats.default || new Set(formats).size === 1) return;
  throw new EarshotError('usage', `stdin goes to stdout in one format, not in ${formats.join(', ')}`, {
    hint: 'give one format on stdout, or --out DIR for files',
  });
}

/**
 * stdin without --out: one format, txt unless told otherwise, goes to stdout. With --json it is the `output` of the
 * line, which for the rest has the keys that it has for files.
 */
async function toStdout(input: Input, context: Context): Promise<Transcript> {
  const { settings, terminal } = context;
  const transcript = await transcribeToMemory(input, context);
  const output = findWriter(settings.formats[0] ?? 'txt').render(transcript, writerOptions(settings));
  const line = {
    path: input.given,
    ok: true,
    status: isWhole(transcript) ? 'done' : 'incomplete',
    outputs: [],
    transcript: summaryOf(transcript),
  };
  await terminal.result(settings.json ? `${JSON.stringify({ ...line, output })}\n` : output);
  reportWarnings('stdin', transcript, terminal);
  terminal.note(`stdin: ${summaryLine(transcript)}`);
  return transcript;
}
