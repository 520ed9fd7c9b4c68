import { basename } from 'node:path';
import type { EarshotError } from '../errors.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Context } from './command.ts';
import { isWhole } from './outputs.ts';
import { errorAsJson, errorAsText } from './report-error.ts';
import { summaryLine, summaryOf } from './summary.ts';
import type { Terminal } from './terminal.ts';
import type { Outcome } from './transcribe-input.ts';

/** Warnings about this machine rather than about a recording: true of every input. */
const OF_THE_MACHINE = new Set(['engine_fallback', 'diarization_fallback']);

/** Warnings that say what was lost: errors, for which the exit code is 1. */
const OF_A_LOSS = new Set(['chunk_failed', 'diarization_failed']);

/**
 * One input that is done: a JSON line on stdout with --json, a few lines on stderr otherwise. "incomplete" is one that
 * lost a part. `more` goes into the JSON.
 */
export async function reportOutcome(
  given: string,
  outcome: Outcome,
  { settings, terminal }: Context,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { transcript, outputs } = outcome;
  const status = isWhole(transcript) ? outcome.status : 'incomplete';
  if (settings.json)
    await terminal.result(
      `${JSON.stringify({ path: given, ok: true, status, ...more, outputs, transcript: summaryOf(transcript) })}\n`,
    );
  if (status === 'already_done') return terminal.note(`${given}: already done`);
  reportWarnings(given, transcript, terminal);
  terminal.note(`${given}: ${summaryLine(transcript)}`);
  for (const path of outputs) terminal.note(`  ${path}`);
}

/** The warnings of a transcript, and the stages that were asked for and gave nothing where there was something. */
export function reportWarnings(
  given: string,
  { warnings, stages, segments }: Pick<Transcript, 'warnings' | 'stages' | 'segments'>,
  terminal: Terminal,
): void {
  for (const { code, message } of warnings)
    if (OF_THE_MACHINE.has(code)) terminal.warn(`warning: ${message}`);
    else if (OF_A_LOSS.has(code)) terminal.error(`${given}: ${message}`);
    else terminal.warn(`${given}: warning: ${message}`);
  for (const [name, { status, reason = status }] of Object.entries(stages))
    if (status === 'unavailable' && segments.length > 0)
      terminal.warn(`warning: ${name} is unavailable: ${reason}`);
    else if (status === 'failed' && warnings.every(({ message }) => message !== reason))
      terminal.error(`${given}: ${name} failed: ${reason}`);
}

/** One input that failed, while others go on. */
export async function reportFailure(
  given: string,
  error: EarshotError,
  { settings, terminal, invocation }: Context,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (settings.json)
    await terminal.result(
      `${JSON.stringify({ path: given, ok: false, ...more, outputs: [], error: errorAsJson(error, invocation) })}\n`,
    );
  const lines = errorAsText(error, false).trimEnd();
  // Messages of the pipeline begin with the recording's bare name; the name is said once, as it was given.
  const own = `earshot: ${basename(given)}`;
  if (error.message.includes(given)) terminal.error(lines);
  else if (lines.startsWith(`${own} `) || lines.startsWith(`${own}:`))
    terminal.error(`earshot: ${given}${lines.slice(own.length)}`);
  else terminal.error(`earshot: ${given}: ${lines.slice('earshot: '.length)}`);
}
