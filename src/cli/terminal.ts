import { asTyped, type Invocation } from './invocation.ts';
import { createProgress, type Progress } from './progress.ts';

/**
 * Where a command speaks to: results to stdout, everything else to stderr, where command lines are written as they can be
 * typed.
 */
export interface Terminal {
  /** Text that the user asked for, as it is. */
  result(text: string): Promise<void>;
  /** A word about what is going on; nothing with --quiet. */
  note(line: string): void;
  /** What is not as it could be, once a run however often it comes up; nothing with --quiet. */
  warn(line: string): void;
  /** What failed, --quiet or not. */
  error(line: string): void;
  /** Text for stderr as it is, --quiet or not: lines of a log. */
  raw(text: string): void;
  /** Whether a person reads stderr. */
  readonly isInteractive: boolean;
  /** A progress display for one thing with a name; silent with --quiet. End it before the next one. */
  progress(label: string): Progress;
}

export function createTerminal(
  stdout: NodeJS.WritableStream,
  stderr: NodeJS.WritableStream & { isTTY?: boolean },
  quiet: boolean,
  invocation: Invocation,
): Terminal {
  let current: Progress | null = null;
  const warned = new Set<string>();
  const line = (text: string): void => {
    current?.pause();
    stderr.write(`${asTyped(text, invocation)}\n`);
    current?.goOn();
  };
  return {
    result: (text) =>
      new Promise((resolve) => {
        current?.pause();
        stdout.write(text, () => resolve()); // an error too: a reader that left, as in `| head`, is no failure
        current?.goOn();
      }),
    note: (text) => {
      if (!quiet) line(text);
    },
    warn: (text) => {
      if (!quiet && !warned.has(text)) line(text);
      warned.add(text);
    },
    error: line,
    raw: (text) => void stderr.write(text),
    isInteractive: stderr.isTTY === true,
    progress: (label) => {
      current = createProgress(stderr, label, quiet);
      return current;
    },
  };
}
