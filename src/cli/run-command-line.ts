import { foldersOf } from '../config/folders.ts';
import { resolveSettings } from '../config/resolve.ts';
import { unknownVariables } from '../config/unknown-variables.ts';
import { toEarshotError } from '../errors.ts';
import { VERSION } from '../util/version.ts';
import { COMMAND_TABLE } from './commands.ts';
import { asTyped, type Invocation } from './invocation.ts';
import { parseCommandLine } from './program.ts';
import { errorAsJson, errorAsText } from './report-error.ts';
import { createTerminal } from './terminal.ts';

/** What a command line runs in. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly invocation: Invocation;
  /** Aborts with a `cancelled` as reason. */
  readonly signal: AbortSignal;
}

/** Arguments to settings to command to exit code; errors become a message and a hint, or JSON. Never rejects. */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdin, stdout, stderr, env, invocation, signal } = surroundings;
  const { cwd } = invocation;
  let json = argv.includes('--json');
  try {
    const parsed = parseCommandLine(argv, COMMAND_TABLE, VERSION);
    if ('text' in parsed) {
      stdout.write(asTyped(parsed.text, invocation));
      return 0;
    }
    const { command, args, flags } = parsed;
    const settings = await resolveSettings({ command, flags, env, cwd });
    json = settings.json;
    const terminal = createTerminal(stdout, stderr, settings.quiet, invocation);
    for (const line of unknownVariables(env, settings.workers)) terminal.warn(`warning: ${line}`);
    const run = await COMMAND_TABLE[command].load();
    const folders = foldersOf(settings, cwd);
    return await run({ args, settings, folders, cwd, invocation, stdin, terminal, signal });
  } catch (caught) {
    // Whatever broke because of the cancellation, such as a child that got the same Ctrl-C, is the cancellation.
    const error = toEarshotError(signal.aborted ? signal.reason : caught);
    if (json) stdout.write(`${JSON.stringify({ ok: false, error: errorAsJson(error, invocation) })}\n`);
    stderr.write(asTyped(errorAsText(error, env['EARSHOT_DEBUG'] === '1'), invocation));
    return error.kind.exitCode;
  }
}
