import { createProgress, type Progress } from './progress.ts';

/** Where a command speaks to: results to stdout, everything else to stderr. */
export interface Terminal {
  /** Text that the user asked for, as it is. */
  result(text: string): Promise<void>;
  /** A word about what is going on; nothing with --quiet. */
  note(line: string): void;
  /** Something that the user must know, --quiet or not. */
  warn(line: string): void;
  /** A progress display for one thing with a name; silent with --quiet. End it before the next one. */
  progress(label: string): Progress;
}

export function createTerminal(
  stdout: NodeJS.WritableStream,
  stderr: NodeJS.WritableStream & { isTTY?: boolean },
  quiet: boolean,
): Terminal {
  let current: Progress | null = null;
  const line = (text: string): void => {
    current?.pause();
    stderr.write(`${text}\n`);
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
    warn: line,
    progress: (label) => {
      current = createProgress(stderr, label, quiet);
      return current;
    },
  };
}
