/** Runs works as they come, at most `limit` at once, in order of arrival, one of a name at a time. */
export class Lanes {
  readonly #limit: number;
  readonly #names = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  readonly #all = new Set<Promise<void>>();
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether work of that name waits or runs. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** `work` must not reject. */
  add(name: string, work: () => Promise<void>): void {
    this.#names.add(name);
    const all = this.#run(work).finally(() => {
      this.#names.delete(name);
      this.#all.delete(all);
    });
    this.#all.add(all);
  }

  /** Resolves once everything that was added has ended. */
  async idle(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(this.#all);
  }

  async #run(work: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      await work();
    } finally {
      const next = this.#waiting.shift(); // it takes over this place
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
