/** Tells of things in their order, whatever the order in which they end: of each as soon as all before it are told. */
export class InOrder {
  readonly #waiting = new Map<number, () => Promise<void>>();
  #next = 0;
  #telling = Promise.resolve();

  /** Has `tell` called when it is the turn of thing `index`. Resolves when everything whose turn has come is told. */
  ended(index: number, tell: () => Promise<void>): Promise<void> {
    this.#waiting.set(index, tell);
    for (let next; (next = this.#waiting.get(this.#next)) !== undefined; this.#next++) {
      this.#waiting.delete(this.#next);
      this.#telling = this.#telling.then(next);
    }
    return this.#telling;
  }

  /** Tells what still waits for things that will not end any more. */
  async rest(): Promise<void> {
    const indexes = [...this.#waiting.keys()].sort((a, b) => a - b);
    await this.#telling;
    for (const index of indexes) await this.#waiting.get(index)?.();
    this.#waiting.clear();
  }
}
