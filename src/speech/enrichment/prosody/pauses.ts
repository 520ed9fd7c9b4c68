import type { Prosody, Segment } from '../../../transcript/schema.ts';
import { toDb } from './energy.ts';
import { HOP, HOP_SECONDS } from './frames.ts';

/** Shorter gaps are closures of plosives and the joints of words, not pauses. */
const MIN_PAUSE = 0.2;
/** Hops this far below the segment's loud ones are silent. */
const DEPTH_DB = 25;
/** Below this is silence in any recording. */
const SILENT_DB = -65;

interface Gap {
  readonly start: number;
  readonly end: number;
}

/**
 * Pauses inside a segment, each 200 ms or longer: gaps between its words, joined with stretches between its first and
 * last word that are 25 dB softer than its loud parts (engines often let words touch). `density` is pauses a second of
 * the segment. `energies` are sums of squares of every 10 ms from the segment's start.
 */
export function pausesOf(segment: Segment, energies: Float64Array): Prosody['pauses'] {
  const pauses = join([...wordGaps(segment), ...silences(segment, energies)]);
  const duration = segment.end - segment.start;
  const longest = pauses.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  return {
    count: pauses.length,
    longest_ms: Math.round(longest * 1000),
    density: duration > 0 ? pauses.length / duration : 0,
  };
}

function wordGaps({ words }: Segment): Gap[] {
  const gaps: Gap[] = [];
  let end = words[0]?.end ?? 0;
  for (const word of words) {
    if (word.start - end >= MIN_PAUSE) gaps.push({ start: end, end: word.start });
    end = Math.max(end, word.end);
  }
  return gaps;
}

function silences(segment: Segment, energies: Float64Array): Gap[] {
  const levels = energies.map((energy) => toDb(energy / HOP));
  const loud = levels.slice().sort()[Math.floor(levels.length * 0.95)] ?? SILENT_DB;
  const threshold = Math.max(SILENT_DB, loud - DEPTH_DB);
  const spoken = levels.map((level) => (level > threshold ? 1 : 0));
  const { words } = segment;
  const from = Math.max(0, spoken.indexOf(1), toHop(words[0]?.start ?? segment.start, segment));
  const to = Math.min(spoken.lastIndexOf(1), toHop(words.at(-1)?.end ?? segment.end, segment));
  const gaps: Gap[] = [];
  let start = -1;
  for (let hop = from; hop <= to; hop++) {
    if (spoken[hop] === 0 && start < 0) start = hop;
    if (start >= 0 && (spoken[hop] === 1 || hop === to)) {
      const gap = { start: segment.start + start * HOP_SECONDS, end: segment.start + hop * HOP_SECONDS };
      if (hop - start >= MIN_PAUSE / HOP_SECONDS) gaps.push(gap);
      start = -1;
    }
  }
  return gaps;
}

function toHop(time: number, segment: Segment): number {
  return Math.round((time - segment.start) / HOP_SECONDS);
}

/** Gaps that touch or overlap become one. */
function join(gaps: readonly Gap[]): Gap[] {
  const joined: Gap[] = [];
  for (const gap of [...gaps].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last && gap.start <= last.end)
      joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, gap.end) };
    else joined.push(gap);
  }
  return joined;
}
