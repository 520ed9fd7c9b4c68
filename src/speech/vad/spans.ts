import { SAMPLE_RATE, type WaveformReader } from '../../audio/waveform.ts';
import type { SpeechSpan } from './vad.ts';

/** Seconds. */
export interface SpanShape {
  /** Added on both sides, so that soft onsets and endings are kept. */
  readonly padding: number;
  /** Spans closer than this become one. */
  readonly mergeGap: number;
  /** Longer spans are cut at their quietest points. */
  readonly maxSpan: number;
}

export const DEFAULT_SPAN_SHAPE: SpanShape = { padding: 0.1, mergeGap: 0.3, maxSpan: 30 };

/** Pads and merges raw spans within [0, duration]. The result is sorted and free of overlap. */
export function shapeSpans(raw: readonly SpeechSpan[], duration: number, shape: SpanShape): SpeechSpan[] {
  const shaped: { start: number; end: number }[] = [];
  for (const span of [...raw].sort((a, b) => a.start - b.start)) {
    const start = Math.max(0, span.start - shape.padding);
    const end = Math.min(duration, span.end + shape.padding);
    const last = shaped.at(-1);
    if (last && start - last.end < shape.mergeGap) last.end = Math.max(last.end, end);
    else if (end > start) shaped.push({ start, end });
  }
  return shaped;
}

/** Cuts every span longer than `max` at its quietest points; the pieces touch and together are the span. */
export async function cutLongSpans(
  spans: readonly SpeechSpan[],
  reader: WaveformReader,
  max: number,
): Promise<SpeechSpan[]> {
  const pieces: SpeechSpan[] = [];
  for (const span of spans) {
    let start = span.start;
    while (span.end - start > max) {
      const cut = await quietestPoint(reader, start + max / 2, start + max);
      pieces.push({ start, end: cut });
      start = cut;
    }
    pieces.push({ start, end: span.end });
  }
  return pieces;
}

const WINDOW = 0.1;
const STEP = 0.02;

/** The middle of the 100 ms with the least energy within [from, to), in seconds; the earliest on a tie. */
async function quietestPoint(reader: WaveformReader, from: number, to: number): Promise<number> {
  const samples = await reader.slice(from, to);
  const window = WINDOW * SAMPLE_RATE;
  let best = { energy: Infinity, at: (to - from) / 2 };
  for (let first = 0; first + window <= samples.length; first += STEP * SAMPLE_RATE) {
    let energy = 0;
    for (let i = first; i < first + window; i++) energy += (samples[i] as number) ** 2;
    if (energy < best.energy) best = { energy, at: (first + window / 2) / SAMPLE_RATE };
  }
  return from + best.at;
}
