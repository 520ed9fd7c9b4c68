import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { EarshotError } from '../errors.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { checkLiteralAddress, pinnedLookup } from '../util/pinned-lookup.ts';
import { retryAfter } from '../util/retry-after.ts';
import { signWebhook, type WebhookHeaders } from '../util/webhook-signature.ts';
import { webhookUrl } from '../util/webhook-url.ts';

export interface WebhookDelivery {
  readonly url: string;
  /** `whsec_…`, or several while one is replaced. */
  readonly secret: string | readonly string[];
  /** The same for every try and redelivery, so that the receiver can tell repetitions. */
  readonly id: string;
  /** JSON text. */
  readonly body: string;
  /** Whether private networks and this machine may be reached. */
  readonly allowPrivate: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Milliseconds for one try as a whole, names and answer included (default 15 s). */
  readonly timeoutMs?: number;
}

/** How one try went. */
export interface WebhookOutcome {
  /** `retry`: another try may do better; `gave_up`: it would end the same. */
  readonly outcome: 'delivered' | 'retry' | 'gave_up';
  /** Of the answer, null without one. */
  readonly status: number | null;
  /** What the receiver asked for, null where it did not. */
  readonly retryAfterSeconds: number | null;
  /** In words for the job's log; holds nothing of the URL's path, of the secret or of the answer. */
  readonly reason: string;
}

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Sends a webhook once, signed for this moment. The answer counts by its status alone: 2xx is delivered; 408, 429, 5xx
 * and a failing network may be tried again; anything else, redirects among them, is for good. The address is checked on
 * the very connection that is used. Rejects only with the reason of `signal` when it aborts, and with `usage` for a
 * secret or id that is none.
 */
export async function deliverWebhook(delivery: WebhookDelivery): Promise<WebhookOutcome> {
  const { clock = systemClock, timeoutMs = TIMEOUT_MS } = delivery;
  delivery.signal?.throwIfAborted();
  const timestampSeconds = Math.floor(clock.now() / 1000);
  const headers = signWebhook({ ...delivery, timestampSeconds });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const signal = delivery.signal ? AbortSignal.any([delivery.signal, late.signal]) : late.signal;
  try {
    const response = await post(delivery, headers, signal);
    await drop(response);
    return outcomeOf(response, clock.now());
  } catch (error) {
    if (late.signal.aborted) return failed(`no answer within ${timeoutMs / 1000} s`);
    delivery.signal?.throwIfAborted();
    if (error instanceof EarshotError) return { ...failed(error.message), outcome: 'gave_up' };
    return failed((error as NodeJS.ErrnoException).code ?? 'the connection failed');
  } finally {
    clearTimeout(timer);
  }
}

function post(
  { url: address, body, allowPrivate }: WebhookDelivery,
  headers: WebhookHeaders,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const url = webhookUrl(address);
    checkLiteralAddress(url, allowPrivate);
    const sent = (url.protocol === 'https:' ? https : http).request(url, {
      method: 'POST',
      agent: false,
      lookup: pinnedLookup(url, allowPrivate),
      signal,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'earshot',
      },
    });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.once('close', () => reject(new Error('closed without an answer'))); // such as after 101 Switching Protocols
    sent.end(body);
  });
}

/** Lets the receiver finish its answer, within reason, and forgets it. How that goes changes nothing about the status. */
async function drop(response: IncomingMessage): Promise<void> {
  let bytes = 0;
  try {
    for await (const part of response) {
      bytes += (part as Buffer).length;
      if (bytes > MAX_ANSWER_BYTES) break;
    }
  } catch {
    // cut off, or too slow
  } finally {
    response.destroy();
  }
}

function outcomeOf({ statusCode: status = 0, headers }: IncomingMessage, now: number): WebhookOutcome {
  const pause = retryAfter(headers['retry-after'] ?? null, now);
  const answered = {
    status,
    retryAfterSeconds: pause === null ? null : Math.ceil(pause / 1000),
    reason: `the receiver answered ${status}`,
  };
  if (status >= 200 && status < 300) return { ...answered, outcome: 'delivered' };
  if (status >= 300 && status < 400)
    return { ...answered, outcome: 'gave_up', reason: `${answered.reason}; redirects are not followed` };
  const mayPass = status === 408 || status === 429 || (status >= 500 && status < 600);
  return { ...answered, outcome: mayPass ? 'retry' : 'gave_up' };
}

const failed = (reason: string): WebhookOutcome => ({
  outcome: 'retry',
  status: null,
  retryAfterSeconds: null,
  reason,
});
