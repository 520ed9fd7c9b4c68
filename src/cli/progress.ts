import { SingleBar } from 'cli-progress';

/** How far one thing is. */
export interface Progress {
  /** `fraction` of the whole, 0 to 1, and what is being done right now. */
  update(fraction: number, doing: string): void;
  /** Makes room for a line, and comes back after it. */
  pause(): void;
  goOn(): void;
  end(): void;
}

const LINE_EVERY_MS = 5_000;

/** A bar on a terminal, a line every few seconds elsewhere, nothing when quiet. */
export function createProgress(
  stream: NodeJS.WritableStream & { isTTY?: boolean },
  label: string,
  quiet: boolean,
): Progress {
  if (quiet) return { update: nothing, pause: nothing, goOn: nothing, end: nothing };
  return stream.isTTY === true ? bar(stream, label) : lines(stream, label);
}

function bar(stream: NodeJS.WritableStream, label: string): Progress {
  let state: { bar: SingleBar; fraction: number; doing: string } | null = null;
  const show = (fraction: number, doing: string): void => {
    const shown = new SingleBar({
      stream,
      format: '{bar} {percentage}%  {duration_formatted}  {doing}  {label}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 28,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false, // signals are for main.ts
    });
    shown.start(100, Math.floor(fraction * 100), { label, doing });
    state = { bar: shown, fraction, doing };
  };
  const hide = (): void => state?.bar.stop();
  return {
    update: (fraction, doing) => {
      if (state === null) return show(fraction, doing);
      state.fraction = Math.max(state.fraction, fraction);
      state.doing = doing;
      state.bar.update(Math.floor(state.fraction * 100), { label, doing });
    },
    pause: hide,
    goOn: () => {
      if (state !== null) show(state.fraction, state.doing);
    },
    end: () => {
      hide();
      state = null;
    },
  };
}

function lines(stream: NodeJS.WritableStream, label: string): Progress {
  let next = Date.now() + LINE_EVERY_MS;
  return {
    update: (fraction, doing) => {
      if (Date.now() < next) return;
      next = Date.now() + LINE_EVERY_MS;
      stream.write(`${label}: ${Math.floor(fraction * 100)} %, ${doing}\n`);
    },
    pause: nothing,
    goOn: nothing,
    end: nothing,
  };
}

const nothing = (): void => undefined;
