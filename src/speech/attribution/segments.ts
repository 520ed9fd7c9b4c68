import type { Segment } from '../../transcript/schema.ts';
import type { HeardTurn, HeardWord } from './attribution.ts';

/** A silence of this many seconds ends a segment even without punctuation. */
const PAUSE = 0.6;
/** A segment is one subtitle or sentence; longer ones are cut at their longest pause. */
const MAX_SECONDS = 15;
/** Under this many seconds another voice is a click, not overlap. */
const MIN_OVERLAP = 0.1;
/** Sentence ends of Latin, CJK, Arabic and Indic scripts, with closing quotes or brackets behind them. */
const SENTENCE_END = /[.?!…。？！؟।]["'»”’)\]]?$/u;
/** Scripts written without spaces between words. */
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/**
 * Words with speakers -> segments: cut at every change of speaker or channel, at sentence ends and at pauses. Ordered by
 * start, then channel; ids count from 0. `turns` (possibly overlapping) give `overlap` and `speaker_confidence`: the
 * share of all turn time under the segment's words that belongs to its speaker; null without turns there. Enrichment is
 * left null. `words` are in order on each channel, and read once: of a long recording they need not be in memory together.
 */
export function buildSegments(words: Iterable<HeardWord>, turns: readonly HeardTurn[]): Segment[] {
  const segments: Segment[] = [];
  for (const run of runsOf(words))
    for (const part of shortEnough(run)) segments.push(segmentOf(part, segments.length, turns));
  segments.sort((a, b) => a.start - b.start || (a.channel ?? 0) - (b.channel ?? 0));
  for (const [id, segment] of segments.entries()) segment.id = id;
  return segments;
}

/** What one speaker says on one channel until a sentence ends, or a pause: each run once it is complete. */
function* runsOf(words: Iterable<HeardWord>): Generator<HeardWord[]> {
  const open = new Map<number | null, HeardWord[]>();
  for (const word of words) {
    const run = open.get(word.channel);
    if (run && goesOn(last(run), word)) run.push(word);
    else {
      if (run) yield run;
      open.set(word.channel, [word]);
    }
  }
  yield* open.values();
}

function goesOn(before: HeardWord, word: HeardWord): boolean {
  return (
    before.speaker === word.speaker && word.start - before.end < PAUSE && !SENTENCE_END.test(before.text)
  );
}

function shortEnough(run: readonly HeardWord[]): HeardWord[][] {
  if (last(run).end - first(run).start <= MAX_SECONDS || run.length < 2) return [[...run]];
  let cut = 1;
  let longest = -Infinity;
  for (let i = 1; i < run.length; i++) {
    const pause = (run[i] as HeardWord).start - (run[i - 1] as HeardWord).end;
    // Among equal pauses the one nearest to the middle.
    const score = Math.round(pause * 100) - Math.abs(i - run.length / 2) / run.length;
    if (score > longest) [longest, cut] = [score, i];
  }
  return [...shortEnough(run.slice(0, cut)), ...shortEnough(run.slice(cut))];
}

function segmentOf(run: readonly HeardWord[], id: number, turns: readonly HeardTurn[]): Segment {
  const { channel, speaker } = first(run);
  const start = first(run).start;
  const end = Math.max(...run.map((word) => word.end));
  const near = turns.filter((turn) => turn.start < end && turn.end > start);
  const others = near.filter((turn) => turn.speaker !== speaker);
  return {
    id,
    start,
    end,
    text: joinWords(run.map((word) => word.text)),
    speaker,
    speaker_confidence: speaker === null ? null : shareOf(speaker, run, near),
    channel,
    overlap: speaker !== null && others.some((turn) => shared(turn, { start, end }) >= MIN_OVERLAP),
    words: run.map((word) => ({
      text: word.text,
      start: word.start,
      end: word.end,
      confidence: word.confidence,
      speaker: word.speaker,
    })),
    prosody: null,
    emotion: null,
    sentiment: null,
    rendering: null,
  };
}

/** Words joined with spaces, but not between characters of scripts that are written without. */
export function joinWords(texts: readonly string[]): string {
  let text = '';
  for (const word of texts)
    text += text === '' || (UNSPACED.test(word) && UNSPACED.test(text.at(-1) ?? '')) ? word : ` ${word}`;
  return text;
}

function shareOf(speaker: string, run: readonly HeardWord[], turns: readonly HeardTurn[]): number | null {
  let [own, all] = [0, 0];
  for (const word of run)
    for (const turn of turns) {
      if (turn.channel !== word.channel) continue;
      const seconds = Math.max(0, shared(turn, word));
      all += seconds;
      if (turn.speaker === speaker) own += seconds;
    }
  return all === 0 ? null : Math.round((own / all) * 1000) / 1000;
}

function shared(a: { start: number; end: number }, b: { start: number; end: number }): number {
  return Math.min(a.end, b.end) - Math.max(a.start, b.start);
}

function first(run: readonly HeardWord[]): HeardWord {
  return run[0] as HeardWord;
}

function last(run: readonly HeardWord[]): HeardWord {
  return run[run.length - 1] as HeardWord;
}
