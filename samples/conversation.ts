import { whiteNoise } from './noise.ts';
import { RATE } from './pcm.ts';
import { synthesise, type Utterance, type Voice } from './synthesis.ts';
import { turnsOf, type Truth, type TrueWord } from './truth.ts';

/** One line of a conversation. */
export interface Line {
  readonly voice: Voice;
  readonly text: string;
  /**
   * Seconds from the end of the line before (or from the start of the recording) to this line's first sound; negative:
   * this line begins while the one before is still being spoken.
   */
  readonly pause: number;
}

export interface Room {
  /** How loud each voice arrives: factor on flite's own level. */
  readonly gain: Readonly<Record<Voice, number>>;
  /** The channel of each voice, from 0. */
  readonly channel: Readonly<Record<Voice, number>>;
  readonly channels: 1 | 2;
  /** Root mean square of the white noise under everything; 1 is full scale, 0 is none. */
  readonly noise: number;
  /** Seconds after the last sound. */
  readonly tail: number;
}

/** A room with one microphone and voices of about one level. */
export const ONE_MICROPHONE: Room = {
  gain: { slt: 0.45, awb: 0.9, rms: 0.8 },
  channel: { slt: 0, awb: 0, rms: 0 },
  channels: 1,
  noise: 0.0005,
  tail: 0.6,
};

/** Speaks the lines one after another into `room`: the channels' samples at 16 kHz and the truth about them. */
export async function converse(
  lines: readonly Line[],
  room: Room = ONE_MICROPHONE,
): Promise<{ readonly channels: readonly Float32Array[]; readonly truth: Truth }> {
  const placed = place(await Promise.all(lines.map((line) => synthesise(line.voice, line.text))), lines);
  const end = Math.max(
    ...placed.flatMap(({ utterance, at }) => utterance.words.map((word) => at + word.end)),
  );
  const length = Math.ceil((end + room.tail) * RATE);
  const channels = Array.from({ length: room.channels }, (_, index) =>
    whiteNoise(length, room.noise, index + 1),
  );
  for (const { utterance, at } of placed) {
    const channel = channels[room.channel[utterance.voice]];
    if (!channel) throw new Error(`the room has no channel for ${utterance.voice}`);
    mix(channel, utterance.samples, Math.round(at * RATE), room.gain[utterance.voice]);
  }
  const words = placed
    .flatMap(({ utterance, at }) => wordsAt(utterance, at, room))
    .sort((one, other) => one.start - other.start);
  return { channels, truth: { words, turns: turnsOf(words), duration: length / RATE } };
}

interface Placed {
  readonly utterance: Utterance;
  /** Seconds of the recording at which the utterance's samples begin: a whole number of milliseconds. */
  readonly at: number;
}

/** Where each utterance begins. The silence that flite puts before and after the phones is not counted. */
function place(utterances: readonly Utterance[], lines: readonly Line[]): Placed[] {
  let soundEnd = 0;
  return utterances.map((utterance, index) => {
    const firstSound = utterance.words[0]?.start ?? 0;
    const at = millisecond(Math.max(0, soundEnd + (lines[index]?.pause ?? 0) - firstSound));
    soundEnd = at + (utterance.words.at(-1)?.end ?? 0);
    return { utterance, at };
  });
}

function mix(into: Float32Array, samples: Float32Array, at: number, gain: number): void {
  const fitting = samples.subarray(0, into.length - at);
  fitting.forEach((sample, index) => (into[at + index] = (into[at + index] ?? 0) + sample * gain));
}

function wordsAt(utterance: Utterance, at: number, room: Room): TrueWord[] {
  return utterance.words.map(({ text, start, end }) => ({
    text,
    start: millisecond(at + start),
    end: millisecond(at + end),
    speaker: utterance.voice,
    channel: room.channel[utterance.voice],
  }));
}

function millisecond(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
