import { basename } from 'node:path';
import type { EarshotError } from '../errors.ts';
import type { Context } from './command.ts';
import { errorAsJson, errorAsText } from './report-error.ts';
import { summaryLine, summaryOf } from './summary.ts';
import type { Outcome } from './transcribe-input.ts';

/** One input that is done: a JSON line on stdout with --json, a few lines on stderr otherwise. */
export async function reportOutcome(
  given: string,
  outcome: Outcome,
  { settings, terminal }: Context,
): Promise<void> {
  const { status, transcript, outputs } = outcome;
  if (settings.json)
    await terminal.result(
      `${JSON.stringify({ path: given, ok: true, status, outputs, transcript: summaryOf(transcript) })}\n`,
    );
  if (status === 'already_done') return terminal.note(`${given}: already done`);
  for (const { message } of transcript.warnings) terminal.warn(`${given}: warning: ${message}`);
  terminal.note(`${given}: ${summaryLine(transcript)}`);
  for (const path of outputs) terminal.note(`  ${path}`);
}

/** One input that failed, while others go on. */
export async function reportFailure(
  given: string,
  error: EarshotError,
  { settings, terminal }: Context,
): Promise<void> {
  if (settings.json)
    await terminal.result(
      `${JSON.stringify({ path: given, ok: false, outputs: [], error: errorAsJson(error) })}\n`,
    );
  const lines = errorAsText(error, false).trimEnd();
  // Messages of the pipeline begin with the recording's bare name; the name is said once, as it was given.
  const own = `earshot: ${basename(given)}`;
  if (error.message.includes(given)) terminal.warn(lines);
  else if (lines.startsWith(`${own} `) || lines.startsWith(`${own}:`))
    terminal.warn(`earshot: ${given}${lines.slice(own.length)}`);
  else terminal.warn(`earshot: ${given}: ${lines.slice('earshot: '.length)}`);
}
