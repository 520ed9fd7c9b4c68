import { openWaveform, type Waveform } from '../../audio/waveform.ts';
import type { Task } from '../../util/task.ts';
import type { DiarizationTrack, DiarizedTurn } from './diarization.ts';
import { classicLikeness } from './known-speakers-classic.ts';
import { printLikeness } from './known-speakers-prints.ts';
import { clearSpeech } from './pyannote/protocol.ts';

/** Somebody whose voice is known from a few seconds of speech. */
export interface KnownSpeaker {
  readonly name: string;
  readonly waveform: Waveform;
}

/** A diarized speaker whose voice is that of a known one. */
export interface SpeakerMatch {
  readonly speaker: string;
  readonly name: string;
}

export interface KnownSpeakers {
  /** At most one for each speaker and for each name; strangers have none. */
  readonly matches: readonly SpeakerMatch[];
  readonly engine: 'prints' | 'classic';
  readonly model: string | null;
}

/** How alike voices are, by one engine's measure. */
export interface Likeness {
  readonly engine: KnownSpeakers['engine'];
  readonly model: string | null;
  /** From here on two voices are one; what is below is a stranger's. */
  readonly threshold: number;
  /** How alike each voice (row) is to each reference (column); NaN where there is too little speech to tell. */
  compare(
    voices: readonly Float32Array[],
    references: readonly Float32Array[],
    task: Task,
  ): Promise<number[][]>;
}

/** More of a voice than this does not make the comparison better. Seconds. */
const VOICE_SECONDS = 40;

/**
 * Finds the known speakers among the diarized ones: by voice prints when a model for them is on this machine, by cepstral
 * statistics otherwise. A name is given only to a voice that is alike enough by an absolute measure, so that a recording
 * of strangers gets no names however well one of them compares to the others.
 */
export async function findKnownSpeakers(
  tracks: readonly DiarizationTrack[],
  turns: readonly DiarizedTurn[],
  known: readonly KnownSpeaker[],
  options: { readonly modelsDir: string },
  task: Task,
): Promise<KnownSpeakers> {
  const likeness = (await printLikeness(options.modelsDir)) ?? classicLikeness;
  const { engine, model, threshold } = likeness;
  const speakers = [...new Set(turns.map(({ speaker }) => speaker))];
  if (speakers.length === 0 || known.length === 0) return { matches: [], engine, model };
  const voices = await Promise.all(speakers.map((speaker) => speechOf(speaker, turns, tracks)));
  const references = await Promise.all(known.map(({ waveform }) => wholeOf(waveform)));
  const scores = await likeness.compare(voices, references, task);
  const matches = assign(scores, threshold).map(([voice, reference]) => ({
    speaker: speakers[voice] as string,
    name: (known[reference] as KnownSpeaker).name,
  }));
  return { matches, engine, model };
}

/** Pairs rows with columns one to one, the most alike first, as far as `threshold`. An earlier pair wins a tie. */
export function assign(scores: readonly (readonly number[])[], threshold: number): [number, number][] {
  const pairs = scores
    .flatMap((row, i) => row.map((score, j) => ({ i, j, score })))
    .filter(({ score }) => score >= threshold)
    .sort((a, b) => b.score - a.score || a.i - b.i || a.j - b.j);
  const taken = { rows: new Set<number>(), columns: new Set<number>() };
  const chosen: [number, number][] = [];
  for (const { i, j } of pairs) {
    if (taken.rows.has(i) || taken.columns.has(j)) continue;
    taken.rows.add(i);
    taken.columns.add(j);
    chosen.push([i, j]);
  }
  return chosen;
}

/** What a speaker says while nobody else does on the same track, longest parts first, up to VOICE_SECONDS. */
async function speechOf(
  speaker: string,
  turns: readonly DiarizedTurn[],
  tracks: readonly DiarizationTrack[],
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  let left = VOICE_SECONDS;
  for (const { channel, waveform } of tracks) {
    const here = turns.filter((turn) => turn.channel === channel || turn.channel === null);
    const clear = clearSpeech(
      here.map(({ start, end, speaker: who }) => ({ start, end, speaker: who === speaker ? 0 : 1 })),
      0,
    );
    if (clear.length === 0 || waveform.samples === 0) continue;
    const reader = await openWaveform(waveform);
    try {
      for (const { start, end } of clear) {
        if (left <= 0) break;
        parts.push(await reader.slice(start, Math.min(end, start + left)));
        left -= end - start;
      }
    } finally {
      await reader.close();
    }
  }
  return joined(parts);
}

async function wholeOf(waveform: Waveform): Promise<Float32Array> {
  const reader = await openWaveform(waveform);
  try {
    return await reader.slice(0, waveform.duration);
  } finally {
    await reader.close();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
