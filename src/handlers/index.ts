import { join } from 'node:path';
import type { EarshotError } from '../errors.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { Worker } from '../jobs/worker.ts';
import type { TranscribeOptions } from '../pipeline/options.ts';
import type { Storage } from '../storage/storage.ts';
import { sendWebhooks } from './deliveries.ts';
import { enrichmentRunners } from './enrichment.ts';
import { StageHost } from './host/client.ts';
import { keepHouse } from './housekeeping.ts';
import { LocalCopies } from './local-copies.ts';
import { transcriptionRunners } from './transcription.ts';

export interface HandlersOptions {
  readonly jobs: Jobs;
  readonly storage: Storage;
  readonly defaults: TranscribeOptions;
  /** A folder of this process. */
  readonly workDir: string;
  /** How a stage host is started. */
  readonly host: { readonly module: string; readonly args: readonly string[] };
  /** Chunks at once; 0: this process only keeps house and sends webhooks. */
  readonly slots: number;
  readonly fetching: { readonly maxBytes: number; readonly allowPrivate: boolean };
  readonly webhookSecret: string;
  /** Called by housekeeping, for what others have lying about. */
  readonly alsoSweep?: () => Promise<unknown>;
  readonly onNotice: (line: string) => void;
  readonly onError: (error: EarshotError) => void;
}

/** What a process does for jobs beside answering requests. */
export interface Handlers {
  /** Stages that run here now. */
  readonly busy: number;
  /** Takes no new work, gives what runs `graceMs` to end, hands the rest back. */
  drain(graceMs: number): Promise<void>;
}

/** Begins to run stages, send webhooks and keep house. */
export function startHandlers(options: HandlersOptions): Handlers {
  const { jobs, storage, workDir, slots, onError } = options;
  const stopping = new AbortController();
  const host = new StageHost({ ...options.host, onNotice: options.onNotice });
  const copies = new LocalCopies(storage, join(workDir, 'copies'));
  const context = {
    jobs,
    storage,
    host,
    copies,
    defaults: options.defaults,
    workDir,
    slots,
    fetching: options.fetching,
  };
  const runners = slots === 0 ? {} : { ...transcriptionRunners(context), ...enrichmentRunners(context) };
  const worker = new Worker({ jobs, runners, onError });
  const webhooks = sendWebhooks(
    { jobs, secret: options.webhookSecret, allowPrivate: options.fetching.allowPrivate, onError },
    stopping.signal,
  );
  const { alsoSweep } = options;
  const house = keepHouse(
    { jobs, storage, copies, onError, ...(alsoSweep ? { alsoSweep } : {}) },
    stopping.signal,
  );
  return {
    get busy() {
      return worker.busy;
    },
    async drain(graceMs) {
      const worked = worker.drain(graceMs);
      stopping.abort();
      await Promise.all([worked, webhooks, house]);
      await host.close();
    },
  };
}
