import { abortable } from '../../util/abortable.ts';
import { availableMemory } from '../../util/available-memory.ts';
import { Slots } from '../../util/slots.ts';
import type { Availability, RecognitionEngine, RecognitionOptions, Recognizer } from './recognition.ts';

/** The same engines, whose recognisers stay loaded from one recording to the next until `close`. */
export interface KeptEngines {
  readonly engines: readonly RecognitionEngine[];
  close(): Promise<void>;
}

/** A recogniser that is loaded, is being loaded, or was. */
interface Kept {
  readonly load: () => Promise<Recognizer>;
  /** null: not loaded now. */
  loaded: Promise<Recognizer> | null;
  /** Memory that it takes, as far as that is known. */
  readonly bytes: number;
  /** It is not in memory yet, and will be. */
  isLoading: boolean;
  /** Chunks that use it or are about to. */
  users: number;
  slots: Slots | null;
}

/** How many recognisers may be loaded at a time. */
export interface Room {
  readonly most: number;
  /** Bytes of memory that are left. */
  readonly available: () => number;
}

/** A model may fill half of a GPU's memory. */
const ROOM: Room = { most: 2, available: availableMemory };
/** Memory of a loaded model for each byte of its files: the weights, and half as much for what a chunk makes of them. */
const MEMORY_A_BYTE = 1.5;

/**
 * As many recognisers are loaded at a time as there is room for, one at least: for another one, those that were used
 * longest ago are closed once nothing uses them. Each gets no more chunks at once than its `concurrency`. `scratchDir`
 * takes the place of each run's own folder, because a recogniser outlives the run that opened it.
 */
export function keepOpen(
  engines: readonly RecognitionEngine[],
  scratchDir: string,
  room: Partial<Room> = {},
): KeptEngines {
  const { most, available } = { ...ROOM, ...room };
  const known = new Map<string, Kept>();
  /** Loaded ones, that which was used longest ago first. */
  const places = new Set<Kept>();
  /** One at a time looks for a place, in order of arrival: nobody waits for ever while others are served. */
  const turn = new Slots(1);
  let freed = Promise.withResolvers<void>();

  async function placeFor(
    kept: Kept,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly loading: Promise<Recognizer> }> {
    while (kept.loaded === null && !hasRoom(kept)) {
      const idle = [...places].find(({ users }) => users === 0);
      if (idle !== undefined) await unload(idle);
      else await abortable(freed.promise, signal);
    }
    places.delete(kept);
    places.add(kept);
    kept.users++;
    if (kept.loaded !== null) return { loading: kept.loaded };
    const loading = kept.load();
    kept.loaded = loading;
    kept.isLoading = true;
    void loading
      .catch(() => kept.loaded === loading && forget(kept)) // the next request tries again
      .finally(() => (kept.isLoading = false));
    return { loading };
  }

  function hasRoom({ bytes }: Kept): boolean {
    const coming = [...places].reduce((sum, each) => sum + (each.isLoading ? each.bytes : 0), 0);
    return places.size === 0 || (places.size < most && bytes + coming <= available());
  }

  /** Calls `work` with the recogniser loaded; it stays loaded meanwhile. */
  async function using<T>(
    kept: Kept,
    signal: AbortSignal | undefined,
    work: (recognizer: Recognizer) => Promise<T>,
  ): Promise<T> {
    const { loading } = await turn.run(signal, () => placeFor(kept, signal));
    try {
      return await work(await abortable(loading, signal));
    } finally {
      kept.users--;
      freed.resolve();
      freed = Promise.withResolvers();
    }
  }

  function forget(kept: Kept): void {
    kept.loaded = null;
    places.delete(kept);
  }

  async function unload(kept: Kept): Promise<void> {
    const { loaded } = kept;
    forget(kept);
    await loaded?.then((recognizer) => recognizer.close()).catch(() => undefined);
  }

  async function open(engine: RecognitionEngine, options: RecognitionOptions): Promise<Recognizer> {
    const { signal, onNotice: _notice, scratchDir: _scratch, ...same } = options;
    const found = await engine.check(options);
    const key = keyOf(engine, options, found);
    const load = (): Promise<Recognizer> => engine.open({ ...same, scratchDir });
    const bytes = found.ok ? (found.bytes ?? 0) * MEMORY_A_BYTE : 0;
    const kept = known.get(key) ?? { load, loaded: null, bytes, isLoading: false, users: 0, slots: null };
    known.set(key, kept);
    return using(kept, signal, async ({ engine: name, model, device, concurrency }) => {
      const slots = (kept.slots ??= new Slots(concurrency));
      return {
        ...{ engine: name, model, device, concurrency },
        recognize: (audio, request) =>
          using(kept, request.signal, (recognizer) =>
            slots.run(request.signal, () => recognizer.recognize(audio, request)),
          ),
        close: () => Promise.resolve(),
      };
    });
  }

  return {
    engines: engines.map((engine) => ({ ...engine, open: (options) => open(engine, options) })),
    close: async () => {
      for (const kept of [...places]) await unload(kept);
    },
  };
}

/** Equal for options that ask for one and the same recogniser. */
function keyOf(engine: RecognitionEngine, options: RecognitionOptions, found: Availability): string {
  const { signal: _signal, onNotice: _notice, scratchDir: _scratch, ...same } = options;
  if (engine.languagePerChunk !== true) return JSON.stringify([engine.name, same]);
  const model = found.ok ? found.model : null;
  return JSON.stringify([
    engine.name,
    { ...same, ...(model === null ? {} : { model, language: '', task: '' }) },
  ]);
}
