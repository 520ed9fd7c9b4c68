import type { RecognitionEngine, RecognitionOptions, Recognizer } from './recognition.ts';

/** The same engines, whose recognisers stay loaded from one recording to the next until `close`. */
export interface KeptEngines {
  readonly engines: readonly RecognitionEngine[];
  close(): Promise<void>;
}

/** `scratchDir` takes the place of each run's own folder, because a recogniser outlives the run that opened it. */
export function keepOpen(engines: readonly RecognitionEngine[], scratchDir: string): KeptEngines {
  const loaded = new Map<string, Promise<Recognizer>>();
  const open = async (engine: RecognitionEngine, options: RecognitionOptions): Promise<Recognizer> => {
    const { signal: _, onNotice: _notice, scratchDir: _scratch, ...same } = options;
    const key = JSON.stringify([engine.name, same]);
    const opening = loaded.get(key) ?? engine.open({ ...same, scratchDir });
    loaded.set(key, opening);
    opening.catch(() => loaded.delete(key)); // the next request tries again
    return { ...bound(await opening), close: () => Promise.resolve() };
  };
  return {
    engines: engines.map((engine) => ({
      ...engine,
      open: (options) => open(engine, options),
    })),
    close: async () => {
      for (const opening of loaded.values())
        await opening.then((recognizer) => recognizer.close()).catch(() => undefined);
      loaded.clear();
    },
  };
}

function bound(recognizer: Recognizer): Recognizer {
  const { engine, model, device, concurrency } = recognizer;
  return {
    ...{ engine, model, device, concurrency },
    recognize: (audio, request) => recognizer.recognize(audio, request),
    close: () => recognizer.close(),
  };
}
