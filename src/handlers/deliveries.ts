import { toEarshotError, type EarshotError } from '../errors.ts';
import {
  fetchDeliveries,
  handBackDelivery,
  settleDelivery,
  type Delivery,
  type DeliveryOutcome,
} from '../jobs/deliveries.ts';
import { WEBHOOK_QUEUE } from '../jobs/ending.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { deliverWebhook, type WebhookOutcome } from './webhook.ts';
import { nextDelay } from './webhook-delay.ts';

export interface DeliveryOptions {
  readonly jobs: Jobs;
  /** `whsec_…`: signs webhooks of jobs that brought no secret of their own. */
  readonly secret: string;
  readonly allowPrivate: boolean;
  readonly onError: (error: EarshotError) => void;
  /** Milliseconds to the next try, as nextDelay has it; null: there is none. */
  readonly delayAfter?: (tries: number, retryAfterSeconds: number | null) => number | null;
  readonly clock?: Clock;
}

/** Webhooks at once. A slow receiver holds up a few others at most. */
const AT_ONCE = 8;
/** The queue is asked this often when no delivery's time comes sooner: for those of other processes. */
const POLL_MS = 5_000;
const HEARTBEAT_MS = 5_000;

/** Sends webhooks until `signal` aborts; resolves when those under way have ended or been cut off. */
export async function sendWebhooks(options: DeliveryOptions, signal: AbortSignal): Promise<void> {
  const { jobs, onError, clock = systemClock } = options;
  const inHand = new Set<Promise<void>>();
  let wake = Promise.withResolvers<void>();
  const off = jobs.onQueue(WEBHOOK_QUEUE, () => wake.resolve());
  while (!signal.aborted) {
    wake = Promise.withResolvers<void>();
    const found = await fetchDeliveries(jobs, AT_ONCE - inHand.size).catch((error: unknown) => {
      onError(toEarshotError(error));
      return [];
    });
    for (const delivery of found) {
      const sending = send(delivery, options, signal).catch((error: unknown) =>
        onError(toEarshotError(error)),
      );
      inHand.add(sending);
      void sending.finally(() => {
        inHand.delete(sending);
        wake.resolve(); // it may have a time now at which it is tried again
      });
    }
    if (inHand.size >= AT_ONCE) await Promise.race(inHand);
    else if (found.length === 0) {
      const ms = jobs.tickets.untilNext(WEBHOOK_QUEUE, POLL_MS);
      await Promise.race([wake.promise, clock.sleep(ms, signal).catch(() => undefined)]);
    }
  }
  off();
  await Promise.all(inHand);
}

async function send(delivery: Delivery, options: DeliveryOptions, signal: AbortSignal): Promise<void> {
  const { jobs, secret, allowPrivate, delayAfter = nextDelay } = options;
  const beat = setInterval(
    () => void jobs.tickets.heartbeat([delivery.lease]).catch(() => undefined),
    HEARTBEAT_MS,
  );
  try {
    const { url, message, body } = delivery;
    const sent = await deliverWebhook({
      url,
      id: message,
      body,
      secret: delivery.secret ?? secret,
      allowPrivate,
      signal,
    });
    await settleDelivery(
      jobs,
      delivery,
      outcomeOf(sent, delayAfter(delivery.tries + 1, sent.retryAfterSeconds)),
    );
  } catch (error) {
    if (toEarshotError(error).code === 'usage')
      return await settleDelivery(jobs, delivery, unsendable(toEarshotError(error)));
    if (!signal.aborted) throw error; // not written down: the lease runs out, and it is sent again
    await handBackDelivery(jobs, delivery);
  } finally {
    clearInterval(beat);
  }
}

function outcomeOf(sent: WebhookOutcome, delayMs: number | null): DeliveryOutcome {
  const { outcome, status, reason } = sent;
  if (outcome === 'retry' && delayMs !== null)
    return { state: 'again', delay: delayMs / 1000, status, reason };
  return { state: outcome === 'delivered' ? 'delivered' : 'gave_up', delay: 0, status, reason };
}

/** Such as a secret that is none: no try can mend it. */
const unsendable = ({ message }: EarshotError): DeliveryOutcome => ({
  ...{ state: 'gave_up', delay: 0, status: null },
  reason: message,
});
