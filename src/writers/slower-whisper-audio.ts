import type { Emotion, Prosody, ProsodyLevel, Segment } from '../transcript/schema.ts';

const ENERGY = scale('very_quiet', 'quiet', 'normal', 'loud', 'very_loud');
const PITCH = scale('very_low', 'low', 'neutral', 'high', 'very_high');
const RATE = scale('very_slow', 'slow', 'normal', 'fast', 'very_fast');

/** How a segment was said, in slower-whisper's words; null when nothing is known. Our pause density is pauses a second. */
export function audioState({ prosody, emotion, rendering }: Segment) {
  if (prosody === null && emotion === null && rendering === null) return null;
  return {
    prosody: prosody && prosodyOf(prosody),
    emotion: emotion && categorical(emotion),
    ...(rendering === null ? {} : { rendering }),
    extraction_status: {
      prosody: prosody ? 'success' : 'skipped',
      emotion_dimensional: 'skipped',
      emotion_categorical: emotion ? 'success' : 'skipped',
      errors: [],
    },
  };
}

function prosodyOf({ pitch, energy, rate, pauses }: Prosody) {
  return {
    pitch: {
      level: PITCH[pitch?.level ?? 'unknown'],
      mean_hz: pitch?.mean_hz ?? null,
      std_hz: pitch?.std_hz ?? null,
      contour: pitch?.contour ?? 'unknown',
    },
    energy: { level: ENERGY[energy.level], db_rms: energy.db_rms },
    rate: {
      level: RATE[rate.level],
      syllables_per_sec: rate.syllables_per_sec,
      words_per_sec: rate.words_per_sec,
    },
    pauses: { count: pauses.count, longest_ms: pauses.longest_ms, density_per_sec: pauses.density },
  };
}

function categorical({ label, confidence }: Emotion) {
  return { categorical: { primary: label, confidence } };
}

function scale(veryLow: string, low: string, normal: string, high: string, veryHigh: string) {
  const words: Record<ProsodyLevel, string> = {
    very_low: veryLow,
    low,
    normal,
    high,
    very_high: veryHigh,
    unknown: 'unknown',
  };
  return words;
}
