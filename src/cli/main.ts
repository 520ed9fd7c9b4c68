#!/usr/bin/env node
import process from 'node:process';
import { foldersOf } from '../config/folders.ts';
import { resolveSettings } from '../config/resolve.ts';
import { EarshotError, toEarshotError } from '../errors.ts';
import { COMMAND_TABLE } from './commands.ts';
import { parseCommandLine } from './program.ts';
import { VERSION } from '../util/version.ts';
import { errorAsJson, errorAsText } from './report-error.ts';
import { createTerminal } from './terminal.ts';

/** The one place that touches the process: arguments, signals, streams, exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { stdout, stderr, stdin, env } = process;
  for (const stream of [stdout, stderr]) stream.on('error', ignoreClosedPipe);
  const signal = abortOnSignals();
  const cwd = process.cwd();
  let json = argv.includes('--json');
  try {
    const parsed = parseCommandLine(argv, COMMAND_TABLE, VERSION);
    if ('text' in parsed) {
      stdout.write(parsed.text);
      return 0;
    }
    const settings = await resolveSettings({ command: parsed.command, flags: parsed.flags, env, cwd });
    json = settings.json;
    const terminal = createTerminal(stdout, stderr, settings.quiet);
    const run = await COMMAND_TABLE[parsed.command].load();
    return await run({
      args: parsed.args,
      settings,
      folders: foldersOf(settings, cwd),
      cwd,
      stdin,
      terminal,
      signal,
    });
  } catch (caught) {
    // Whatever broke because of the cancellation, such as a child that got the same Ctrl-C, is the cancellation.
    const error = toEarshotError(signal.aborted ? signal.reason : caught);
    if (json) stdout.write(`${JSON.stringify({ ok: false, error: errorAsJson(error) })}\n`);
    stderr.write(errorAsText(error, env['EARSHOT_DEBUG'] === '1'));
    return error.kind.exitCode;
  }
}

/** First signal: wind down, checkpoints are kept. Second: end at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      const hint = 'run the same command again to go on from here';
      controller.abort(new EarshotError('cancelled', `cancelled by ${name}`, { hint }));
    });
  return controller.signal;
}

/** A reader that has seen enough (`earshot … | head`) is no error. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}

const code = await main(process.argv.slice(2));
// Results may still be in the pipe to a slow reader: an empty write ends after them.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
);
process.exit(code);
