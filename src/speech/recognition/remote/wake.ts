import type { Clock } from '../../../util/clock.ts';
import type { Authoriser } from './auth.ts';
import { bodyText } from './body.ts';
import type { WorkerSpec } from './spec.ts';

export interface WakeSettings {
  /** The pause after the first ping without an answer; it doubles up to `maxMs`. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** A platform that scales from zero holds a request while the worker starts; after this long we ask again. */
  readonly pingMs: number;
}

export const WAKE_SETTINGS: WakeSettings = { baseMs: 1000, maxMs: 15_000, pingMs: 90_000 };

/** What the ping of one worker needs. */
export interface WakeTask {
  readonly spec: WorkerSpec;
  readonly auth: Authoriser;
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: WakeSettings;
  readonly signal: AbortSignal;
}

/**
 * Pings a worker until it answers, so that a cold one starts while audio is still being decoded. Resolves true at the
 * first answer that comes from a running server, whatever it thinks of the path, false when `signal` aborts.
 */
export async function wake(task: WakeTask): Promise<boolean> {
  for (let pause = task.settings.baseMs; ; pause = Math.min(task.settings.maxMs, pause * 2)) {
    try {
      if (await answers(task)) return true;
      await task.clock.sleep(pause * (0.5 + task.random() / 2), task.signal);
    } catch {
      if (task.signal.aborted) return false;
    }
  }
}

async function answers(task: WakeTask): Promise<boolean> {
  const { base } = task.spec;
  const root = base.pathname.replace(/\/v1$/, '');
  for (const path of [`${root}/health`, `${base.pathname}/models`, `${root}/`]) {
    const status = await ping(new URL(path + base.search, base), task);
    if (status === null || status >= 500 || status === 429) return false;
    if (status !== 404 && status !== 405) return true;
  }
  return true; // a server without any of the three paths is a server all the same
}

/** The HTTP status, or null when there was no answer. */
async function ping(url: URL, { auth, clock, settings, signal }: WakeTask): Promise<number | null> {
  const patience = new AbortController();
  clock.sleep(settings.pingMs, AbortSignal.any([signal, patience.signal])).then(
    () => patience.abort(),
    () => undefined,
  );
  try {
    const either = AbortSignal.any([signal, patience.signal]);
    const response = await fetch(url, {
      headers: await auth.headers(either),
      redirect: 'manual',
      signal: either,
    });
    await bodyText(response);
    return response.status;
  } catch {
    return null; // refused, reset, timed out, no token yet: all mean "not awake"
  } finally {
    patience.abort();
  }
}
