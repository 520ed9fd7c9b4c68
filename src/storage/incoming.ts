import { createHash } from 'node:crypto';
import { EarshotError } from '../errors.ts';
import { abortable } from '../util/abortable.ts';
import type { PutOptions, Written } from './storage.ts';

/**
 * The bytes of one put on their way in: counted, hashed, limited, given up at once when the signal aborts (even while the
 * source is silent). What goes wrong on the source's side is kept in `failure`, to be told apart from what goes wrong in
 * the storage.
 */
export class Incoming implements AsyncIterable<Uint8Array> {
  readonly #data: AsyncIterable<Uint8Array>;
  readonly #options: PutOptions;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  failure: { readonly error: unknown } | null = null;

  constructor(data: AsyncIterable<Uint8Array>, options: PutOptions) {
    this.#data = data;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const iterator = this.#data[Symbol.asyncIterator]();
    let ended = false;
    try {
      for (;;) {
        const next = await abortable(iterator.next(), this.#options.signal);
        if (next.done === true) {
          ended = true;
          return;
        }
        this.#count(next.value);
        yield next.value;
      }
    } catch (error) {
      this.failure = { error };
      throw error;
    } finally {
      // Not awaited: a source that is stuck in `next` ends only when its own input does.
      if (!ended) Promise.resolve(iterator.return?.()).catch(() => undefined);
    }
  }

  /** Once all has been read. */
  written(): Written {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  #count(chunk: Uint8Array): void {
    const { maxBytes = Infinity } = this.#options;
    this.#bytes += chunk.length;
    if (this.#bytes > maxBytes)
      throw new EarshotError('too_large', `more than the ${maxBytes} bytes that are allowed`);
    this.#hash.update(chunk);
  }
}

/**
 * Cuts bytes into parts of `size`; the last one, which may be shorter or empty, says that it is. At least one comes.
 * Holds two parts' bytes at most.
 */
export async function* parts(
  data: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly last: boolean }, void> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of data) {
    let rest = chunk;
    while (rest.length > 0) {
      if (length === size) {
        yield { bytes: Buffer.concat(held), last: false };
        held = [];
        length = 0;
      }
      const taken = rest.subarray(0, size - length);
      held.push(taken);
      length += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  yield { bytes: Buffer.concat(held), last: true };
}
