import type { Folders } from '../config/folders.ts';
import type { Settings } from '../config/options.ts';
import type { Invocation } from './invocation.ts';
import type { Terminal } from './terminal.ts';

/** What a command is given; it takes nothing from the process itself. */
export interface Context {
  /** Arguments that are no flags. */
  readonly args: readonly string[];
  readonly settings: Settings;
  readonly folders: Folders;
  readonly cwd: string;
  readonly invocation: Invocation;
  readonly stdin: NodeJS.ReadableStream;
  readonly terminal: Terminal;
  /** Aborts when the user wants it to end; the reason is a `cancelled`. */
  readonly signal: AbortSignal;
}

/** 0: all done. 1: some input failed or lost a part, reported already. 3: something that is needed is missing. Throws EarshotError. */
export type Run = (context: Context) => Promise<0 | 1 | 3>;

/** One command as the help shows it; the code behind it is loaded when it is called. */
export interface Command {
  readonly summary: string;
  /** As in "<input...>"; null when it takes none. */
  readonly argument: { readonly form: string; readonly description: string } | null;
  /** Complete command lines without "earshot", each with what it does. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  load(): Promise<Run>;
}
