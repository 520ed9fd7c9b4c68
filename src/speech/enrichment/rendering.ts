import type { ProsodyLevel, Segment } from '../../transcript/schema.ts';

/** Silence before a segment, in seconds, that a listener notices. */
const LONG_PAUSE = 2;
/** Pauses a second of a segment that make it halting; fluent speech has about one in two to three seconds. */
const MANY_PAUSES = 0.8;

/**
 * How each segment was said, in brackets, for language models to read beside its text, such as "[S2, fast, high pitch,
 * rising, loud, after a long pause]". Only what is known and out of the ordinary is said; where that is nothing, null.
 * Sentiment is left out: it is of the words, which the reader has.
 * Segments are in order of start.
 */
export function renderingsOf(segments: readonly Segment[]): (string | null)[] {
  let heardUntil: number | null = null;
  return segments.map((segment) => {
    const silence = heardUntil === null ? 0 : segment.start - heardUntil;
    heardUntil = Math.max(heardUntil ?? 0, segment.end);
    const said = [
      ...prosodyWords(segment),
      ...emotionWords(segment),
      ...(segment.overlap ? ['while others speak'] : []),
      ...(silence >= LONG_PAUSE ? ['after a long pause'] : []),
    ];
    if (said.length === 0) return null;
    return `[${[...(segment.speaker === null ? [] : [segment.speaker]), ...said].join(', ')}]`;
  });
}

function prosodyWords({ prosody, overlap, channel }: Segment): string[] {
  if (prosody === null) return [];
  const { rate, pitch, energy, pauses } = prosody;
  const contour = overlap && channel === null ? 'flat' : (pitch?.contour ?? 'flat'); // in the mix it may be another's
  return [
    ...levelWords(rate.level, { low: 'slow', high: 'fast' }),
    ...levelWords(pitch?.level ?? 'unknown', { low: 'low pitch', high: 'high pitch' }),
    ...(contour === 'flat' ? [] : [contour]),
    ...levelWords(energy.level, { low: 'soft', high: 'loud' }),
    ...(pauses.count >= 2 && pauses.density >= MANY_PAUSES ? ['halting'] : []),
  ];
}

function levelWords(level: ProsodyLevel, words: { readonly low: string; readonly high: string }): string[] {
  switch (level) {
    case 'very_low':
      return [`very ${words.low}`];
    case 'low':
      return [words.low];
    case 'high':
      return [words.high];
    case 'very_high':
      return [`very ${words.high}`];
    case 'normal':
    case 'unknown':
      return [];
  }
}

function emotionWords({ emotion }: Segment): string[] {
  return emotion === null || emotion.label === 'neutral' ? [] : [`sounds ${emotion.label}`];
}
