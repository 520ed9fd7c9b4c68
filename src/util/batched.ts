import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds that a first call waits for others at most, while each turn of the event loop brings some. */
const GATHER_MS = 5;

/**
 * Group commit: calls that come close together, or while `run` is busy, are handed to its next call together, at most
 * `most` at once. `run` answers in the order of its items; when it rejects for several items, each is tried alone, so
 * that a bad one fails by itself.
 */
export function batched<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  most: number,
): (item: Item) => Promise<Result> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let isRunning = false;

  async function settle(group: readonly Waiting[]): Promise<void> {
    try {
      const results = await run(group.map(({ item }) => item));
      for (const [i, { resolve }] of group.entries()) resolve(results[i] as Result);
    } catch (error) {
      if (group.length === 1) group[0]?.reject(error);
      else for (const one of group) await settle([one]);
    }
  }

  /** A call of `run` costs much more than a turn of the event loop, and hardly more for many items than for one. */
  async function gathered(): Promise<Waiting[]> {
    const began = performance.now();
    for (let before = 0; waiting.length > before && waiting.length < most;) {
      if (performance.now() - began > GATHER_MS) break;
      before = waiting.length;
      await nextTurn();
    }
    return waiting.splice(0, most);
  }

  async function drain(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) await settle(await gathered());
    isRunning = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isRunning) void drain();
    });
}
