import { z } from 'zod';
import type { SpeakerCount } from '../diarization.ts';
import type { Print } from './link.ts';

/** Paths of the two model files. */
export interface Setup {
  readonly segmentation: string;
  readonly embedding: string;
}

export interface Question {
  readonly samples: Float32Array;
  readonly count: SpeakerCount | null;
}

/** What was found in one block: `speaker` is an index into `prints`. */
export interface Found {
  readonly segments: readonly Segment[];
  readonly prints: readonly Print[];
}

export type Answer = Found | { readonly error: string };

const segmentSchema = z.object({
  start: z.number().nonnegative(),
  end: z.number(),
  speaker: z.int().nonnegative(),
});
export type Segment = z.infer<typeof segmentSchema>;

/** sherpa-onnx's answer with its speakers numbered from 0 without gaps, by first segment; empty segments are dropped. Throws when it is no such answer. */
export function parseSegments(answer: unknown): Segment[] {
  const segments = z
    .array(segmentSchema)
    .parse(answer)
    .filter((segment) => segment.end > segment.start)
    .sort((a, b) => a.start - b.start || a.end - b.end || a.speaker - b.speaker);
  const speakers = [...new Set(segments.map((segment) => segment.speaker))];
  return segments.map((segment) => ({ ...segment, speaker: speakers.indexOf(segment.speaker) }));
}

/** How many speakers to ask for again when `found` is outside of what was asked for; null: the answer stands. */
export function wantedInstead(found: number, count: SpeakerCount | null): number | null {
  if (count === null) return null;
  const wanted = count.speakers ?? Math.min(Math.max(found, count.min ?? 1), count.max ?? Infinity);
  return wanted === found ? null : wanted;
}

/** The parts of a speaker's segments in which nobody else speaks, longest first; all of them when there is no such part. */
export function clearSpeech(segments: readonly Segment[], speaker: number): { start: number; end: number }[] {
  const own = segments
    .filter((segment) => segment.speaker === speaker)
    .map(({ start, end }) => ({ start, end }));
  const others = segments.filter((segment) => segment.speaker !== speaker);
  let parts = own;
  for (const other of others)
    parts = parts.flatMap((part) =>
      other.end <= part.start || other.start >= part.end
        ? [part]
        : [
            { start: part.start, end: other.start },
            { start: other.end, end: part.end },
          ].filter(({ start, end }) => end - start > 0.1),
    );
  return (parts.length > 0 ? parts : own).sort(
    (a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
}
