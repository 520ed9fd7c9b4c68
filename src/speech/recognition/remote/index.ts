import { systemClock, type Clock } from '../../../util/clock.ts';
import type { RecognitionEngine, RecognitionOptions, Recognizer } from '../recognition.ts';
import { authoriser } from './auth.ts';
import { BREAKER_SETTINGS } from './breaker.ts';
import { createPool, type PoolSettings } from './pool.ts';
import { parseWorkers, type Environment } from './spec.ts';
import { WAKE_SETTINGS, wake, type WakeSettings } from './wake.ts';
import { httpWorker } from './worker.ts';

/** What the engine needs from outside; `env` holds EARSHOT_WORKER_* and the variables that addresses name. */
export interface RemoteDependencies {
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pool: PoolSettings;
  readonly wake: WakeSettings;
}

const DEFAULTS: RemoteDependencies = {
  env: process.env,
  clock: systemClock,
  random: Math.random,
  pool: {
    breaker: BREAKER_SETTINGS,
    hedgeFactor: 3,
    hedgeMinMs: 10_000,
    firstAnswerMs: 60_000,
    callMs: 280_000,
    patienceMs: 180_000,
  },
  wake: WAKE_SETTINGS,
};

/** The name that OpenAI's server and all that speak its language know. */
const ANY_MODEL = 'whisper-1';

/**
 * Other machines as recogniser: each address of `workers` is an Earshot or any OpenAI-compatible server (spec.ts says
 * how addresses and secrets are written). Pings begin at `open` and run beside the decoding. Words without times (servers
 * that know segments only) get their share of the segment.
 */
export function remoteEngine(changes: Partial<RemoteDependencies> = {}): RecognitionEngine {
  const dependencies = { ...DEFAULTS, ...changes };
  return {
    name: 'remote',
    // A minute travels fast and is lost cheaply; the maximum ends before fetch's five minutes even at 0.5x real time.
    chunking: { target: 60, max: 120 },
    languagePerChunk: true,
    applies: (options) => options.workers.length > 0,
    // Malformed addresses are left to `open`, which rejects: falling back to this machine would hide the mistake.
    check: async (options) =>
      options.workers.length > 0
        ? { ok: true, model: options.model, device: 'remote' }
        : { ok: false, reason: 'no workers are given', fix: '--workers http://host:8001' },
    open: async (options) => open(options, dependencies),
  };
}

export const remote: RecognitionEngine = remoteEngine();

function open(
  options: RecognitionOptions,
  { env, clock, random, ...settings }: RemoteDependencies,
): Recognizer {
  const metadata = `http://${env['GCE_METADATA_HOST'] ?? 'metadata.google.internal'}`;
  const members = parseWorkers(options.workers, env).map((spec) => {
    const auth = authoriser(spec, { clock, metadata });
    return { spec, auth, worker: httpWorker(spec, spec.model ?? options.model ?? ANY_MODEL, auth, clock) };
  });
  const pool = createPool(
    members.map(({ worker }) => worker),
    { settings: settings.pool, clock, random, onNotice: (line) => options.onNotice?.(line) },
  );
  const closing = new AbortController();
  const pings = members.map(async ({ spec, auth, worker }) => {
    if (await wake({ spec, auth, clock, random, settings: settings.wake, signal: closing.signal }))
      pool.awake(worker);
  });
  return {
    engine: 'remote',
    model: options.model,
    device: 'remote',
    concurrency: options.jobs ?? members.reduce((sum, { worker }) => sum + worker.slots, 0),
    recognize: ({ samples, start }, { language, task, signal }) =>
      pool.recognize({ audio: { samples, start }, request: { language, task } }, signal),
    async close() {
      closing.abort(); // ends only the pings; the pool has its own end
      pool.close();
      await Promise.all(pings);
    },
  };
}
