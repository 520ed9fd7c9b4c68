import type { ProsodyBaseline, Segment, Speaker, Turn } from '../../transcript/schema.ts';
import { countInterruptions } from './interruptions.ts';
import { isQuestion } from './question.ts';

/** Seconds of talk without which a rate means nothing. */
const MIN_TALK = 3;

/**
 * One row for every speaker of the turns or segments, by first appearance. Talk time is the union of a speaker's turns.
 * Words and questions are those of the speaker's segments; a question is told by its mark (see `isQuestion`). Words a
 * minute are of the talk time, null when that is under 3 s. Sentiment is the mean over segments weighted by their words,
 * null without any.
 */
export function speakerStatistics(
  segments: readonly Segment[],
  turns: readonly Turn[],
  baselines: ReadonlyMap<string, ProsodyBaseline>,
): Speaker[] {
  const interruptions = countInterruptions(turns);
  return bySpeaker(segments, turns).map(([id, own]) => {
    const talkTime = unionSeconds(own.turns);
    const words = own.segments.reduce((sum, segment) => sum + segment.words.length, 0);
    return {
      id,
      label: null,
      talk_time: rounded(talkTime, 3),
      turns: own.turns.length,
      words,
      interruptions: interruptions.get(id) ?? 0,
      questions: own.segments.filter(({ text }) => isQuestion(text)).length,
      words_per_minute: talkTime < MIN_TALK ? null : rounded((words * 60) / talkTime, 1),
      prosody_baseline: knownBaseline(baselines.get(id)),
      sentiment: meanSentiment(own.segments),
    };
  });
}

interface Own {
  readonly segments: readonly Segment[];
  readonly turns: readonly Turn[];
}

function bySpeaker(segments: readonly Segment[], turns: readonly Turn[]): [string, Own][] {
  const appearances = [
    ...turns,
    ...segments.flatMap(({ speaker, start }) => (speaker === null ? [] : [{ speaker, start }])),
  ].sort((a, b) => a.start - b.start || a.speaker.localeCompare(b.speaker, 'en', { numeric: true }));
  const ownTurns = Map.groupBy(turns, ({ speaker }) => speaker);
  const ownSegments = Map.groupBy(segments, ({ speaker }) => speaker);
  return [...new Set(appearances.map(({ speaker }) => speaker))].map((speaker) => [
    speaker,
    { segments: ownSegments.get(speaker) ?? [], turns: ownTurns.get(speaker) ?? [] },
  ]);
}

function unionSeconds(turns: readonly Turn[]): number {
  let [seconds, reached] = [0, 0];
  for (const { start, end } of [...turns].sort((a, b) => a.start - b.start)) {
    seconds += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return seconds;
}

function knownBaseline(baseline: ProsodyBaseline | undefined): ProsodyBaseline | null {
  if (baseline === undefined || Object.values(baseline).every((value) => value === null)) return null;
  return baseline;
}

function meanSentiment(segments: readonly Segment[]): number | null {
  let [sum, weight] = [0, 0];
  for (const { sentiment, words } of segments) {
    if (sentiment === null) continue;
    sum += sentiment.score * words.length;
    weight += words.length;
  }
  return weight === 0 ? null : rounded(sum / weight, 3);
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
