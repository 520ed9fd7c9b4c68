/**
 * A map of at most `most` entries that forgets the one unused for longest: what strangers put into it cannot grow
 * without end.
 */
export class BoundedMap<Value> {
  readonly #most: number;
  /** In order of use: a Map keeps the order of insertion, and `get` inserts anew. */
  readonly #entries = new Map<string, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, which counts as used now; undefined when it is not there (any more). */
  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
