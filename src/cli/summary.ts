import type { Transcript } from '../transcript/schema.ts';

/** What --json says of a transcript beside its files. */
export interface TranscriptSummary {
  readonly id: string;
  readonly duration: number;
  readonly language: string | null;
  readonly speakers: number;
  readonly segments: number;
  readonly words: number;
  readonly stages: Transcript['stages'];
  readonly warnings: Transcript['warnings'];
  readonly wall_seconds: number;
}

export function summaryOf(transcript: Transcript): TranscriptSummary {
  return {
    id: transcript.id,
    duration: transcript.source.duration,
    language: transcript.language.code,
    speakers: transcript.speakers.length,
    segments: transcript.segments.length,
    words: transcript.segments.reduce((sum, segment) => sum + segment.words.length, 0),
    stages: transcript.stages,
    warnings: transcript.warnings,
    wall_seconds: transcript.receipt.wall_seconds,
  };
}

/** The same in a line for people, such as "1:02 min, 3 speakers, 182 words, in 9.3 s (6.7x real time)". */
export function summaryLine(transcript: Transcript): string {
  const { duration, speakers, words, wall_seconds: wall } = summaryOf(transcript);
  const speed = wall > 0 ? ` (${(duration / wall).toFixed(1)}x real time)` : '';
  const parts = [clock(duration), counted(speakers, 'speaker'), counted(words, 'word')];
  return `${parts.join(', ')}, in ${wall.toFixed(1)} s${speed}`;
}

/** Seconds as m:ss or h:mm:ss. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
