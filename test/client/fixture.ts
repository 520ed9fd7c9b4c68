import type { Clock } from '../../src/util/clock.ts';

/** A clock whose pauses take no time and are noted; those of a minute and more, which guard a connection, never end. */
export function quickClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      if (ms < 60_000) {
        slept.push(ms);
        return new Promise((resolve) => setImmediate(resolve));
      }
      await new Promise<void>((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    },
  };
}

/** A request as fetch was asked for it. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/** The platform's fetch, with every request noted, and `instead` asked first: a Response or an error takes its place. */
export function watchedFetch(instead: (sent: Sent, index: number) => Response | Error | null = () => null): {
  readonly fetch: typeof fetch;
  readonly sent: Sent[];
} {
  const sent: Sent[] = [];
  return {
    sent,
    fetch: async (input, init) => {
      const one = {
        method: init?.method ?? 'GET',
        url: input instanceof Request ? input.url : String(input),
        headers: new Headers(init?.headers),
      };
      sent.push(one);
      const answer = instead(one, sent.length - 1);
      if (answer instanceof Error) throw answer;
      return answer ?? fetch(input, init);
    },
  };
}

/** A failure as Node's fetch tells it. */
export const broken = (code: string): TypeError =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

/** The same answer, whose body breaks off after the first `bytes` bytes. */
export function cutAfter(response: Response, bytes: number): Response {
  let left = bytes;
  const body = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) controller.error(broken('ECONNRESET'));
      },
    }),
  );
  return new Response(body ?? null, response);
}
