import type { Terminal } from './terminal.ts';

/** One bar for several things that are done at the same time. */
export interface SharedProgress {
  /** How far thing `index` is, 0 to 1, and what is being done with it. */
  update(index: number, fraction: number, doing: string): void;
  end(): void;
}

/** `labels` are the names of the things; with one alone its own steps are shown. */
export function sharedProgress(terminal: Terminal, labels: readonly string[]): SharedProgress {
  const shown = terminal.progress(
    labels.length === 1 ? (labels[0] as string) : `${labels.length} recordings`,
  );
  const fractions = labels.map(() => 0);
  return {
    update(index, fraction, doing) {
      fractions[index] = Math.max(fractions[index] ?? 0, fraction);
      const done = fractions.filter((each) => each >= 1).length;
      const mean = fractions.reduce((sum, each) => sum + each, 0) / fractions.length;
      shown.update(mean, labels.length === 1 ? doing : `${done} of ${labels.length} done`);
    },
    end: () => shown.end(),
  };
}
