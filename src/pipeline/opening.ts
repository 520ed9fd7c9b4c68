import { EarshotError } from '../errors.ts';
import type { EngineChoice } from '../speech/recognition/index.ts';
import type { Recognizer } from '../speech/recognition/recognition.ts';

/** A recogniser that is being opened while other work goes on, and is let go of whatever becomes of that work. */
export class Opening {
  readonly #stop = new AbortController();
  #recognizer: Promise<Recognizer> | null = null;
  /** Aborts with the run's own signal, or when the opening is released half way. */
  readonly signal: AbortSignal;

  constructor(outer: AbortSignal | undefined) {
    this.signal = outer ? AbortSignal.any([outer, this.#stop.signal]) : this.#stop.signal;
  }

  begin(choice: EngineChoice): void {
    this.#recognizer = choice.open();
    this.#recognizer.catch(() => undefined); // told by recognizer(), unless something else fails first
  }

  /** The opened recogniser; rejects with why it could not be opened. */
  recognizer(): Promise<Recognizer> {
    if (this.#recognizer === null)
      throw new EarshotError('internal', 'the recogniser was asked for before it was begun');
    return this.#recognizer;
  }

  /** Stops an opening that is under way and closes what was opened. */
  async release(): Promise<void> {
    this.#stop.abort();
    await this.#recognizer?.then(
      (recognizer) => recognizer.close(),
      () => undefined,
    );
  }
}
