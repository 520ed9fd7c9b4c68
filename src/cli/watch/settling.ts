import type { Clock } from '../../util/clock.ts';
import type { Seen } from './place.ts';

/** Tells files that are written no more from those that still grow: their generation has stayed the same for a while. */
export class Settling {
  readonly #ms: number;
  readonly #clock: Clock;
  #since = new Map<string, { readonly generation: string; readonly at: number }>();

  constructor(ms: number, clock: Clock) {
    this.#ms = ms;
    this.#clock = clock;
  }

  /** Those of a look that have settled. */
  settled(seen: readonly Seen[]): Seen[] {
    const now = this.#clock.now();
    const before = this.#since;
    this.#since = new Map(
      seen.map(({ name, generation }) => {
        const known = before.get(name);
        return [name, known?.generation === generation ? known : { generation, at: now }];
      }),
    );
    return seen.filter(({ name }) => now - (this.#since.get(name)?.at ?? now) >= this.#ms);
  }
}
