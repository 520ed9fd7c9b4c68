import type { WorkerFault } from './fault.ts';
import type { Lane } from './rules.ts';

/** What the pool holds for and against its workers, one by one and as a whole. */
export interface Standing {
  /** The worker gave a useful answer. */
  answered(lane: Lane): void;
  /** The worker failed a call that took `spentMs`. */
  failed(lane: Lane, fault: WorkerFault, spentMs: number): void;
  /** There is work again after a time without any. */
  begin(): void;
  /** Whether no worker has been of use for so long that waiting makes no sense. */
  isHopeless(): boolean;
  /** The moment from which `isHopeless` may be true. */
  hopelessAt(): number;
}

/** `patienceMs`: how long the pool as a whole may be of no use; time in which a worker was at work on a chunk
 * and failed does not count. */
export function standing(
  lanes: readonly Lane[],
  now: () => number,
  patienceMs: number,
  onNotice: (line: string) => void,
): Standing {
  let silentSince = now();
  let givenUp = false;
  const hopelessAt = (): number => absentFrom(lanes) ?? silentSince + patienceMs;
  return {
    answered({ breaker, presence, worker }) {
      presence.seen();
      if (breaker.state(now()) === 'half_open') onNotice(`${worker.name} is back`);
      breaker.answered();
      silentSince = now();
      givenUp = false;
    },
    failed({ breaker, presence }, fault, spentMs) {
      if (fault.kind === 'absent') presence.missed(now(), fault.message);
      else presence.seen();
      // A chunk gets few such calls, so this cannot go on for ever; others, slow connects say, may.
      if (fault.kind === 'broken') {
        silentSince = Math.min(now(), silentSince + spentMs);
        givenUp = false;
      }
      if (fault.kind === 'busy') breaker.rest(now(), fault.retryAfterMs);
      else if (fault.kind !== 'refused') {
        if (breaker.failed(now(), fault.retryAfterMs))
          onNotice(`${fault.message}: its chunks go elsewhere until it answers again`);
      } else if (breaker.state(now()) !== 'dead') {
        breaker.kill();
        onNotice(`${fault.message}: it is not used any more, its token or key is missing or wrong`);
      }
    },
    begin() {
      if (!givenUp) silentSince = now();
    },
    isHopeless() {
      givenUp ||= now() >= hopelessAt();
      return givenUp;
    },
    hopelessAt: () => (givenUp ? Infinity : hopelessAt()),
  };
}

/** The moment from which every worker that could be used counts as absent; null while one may be there. */
function absentFrom(lanes: readonly Lane[]): number | null {
  const moments = lanes
    .filter(({ breaker }) => breaker.availableAt() !== Infinity)
    .map(({ presence }) => presence.absentFrom());
  return moments.length === 0 || moments.includes(null) ? null : Math.max(...(moments as number[]));
}
