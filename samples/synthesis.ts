import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../src/util/process.ts';
import { readWav } from './pcm.ts';

/** The voices of Debian's flite that speak at 16 kHz and that pocketsphinx understands (nearly) word for word. */
export type Voice = 'slt' | 'awb' | 'rms';

/** A word as it was spoken: lower case, without punctuation; seconds from the start of the utterance's samples. */
export interface SpokenWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One synthesised utterance: 16 kHz mono samples in [-1, 1) and the exact time of each word in them. */
export interface Utterance {
  readonly voice: Voice;
  readonly samples: Float32Array;
  readonly words: readonly SpokenWord[];
}

/**
 * Speaks `text` with flite and reads the words' times from the synthesiser's own phone durations, so they are the
 * times that made the sound and not an estimate from it. The voices are built of 5 ms frames and flite rounds the
 * whole to frames: times are exact to 5 ms. The same text always gives the same samples.
 *
 * Which phones belong to which word is found by saying every word alone: a word has as many phones in the sentence as
 * alone (only its vowels may be reduced). Rejects when that does not hold for a word, when flite would speak other
 * words than are written (digits, abbreviations), and when flite is not installed (ENOENT).
 */
export async function synthesise(voice: Voice, text: string): Promise<Utterance> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-voice-'));
  try {
    const wav = join(folder, 'utterance.wav');
    const written = wordsOf(text);
    const [timed, spoken, alone] = await Promise.all([
      flite(voice, text, '-psdur', wav),
      flite(QUICK_VOICE, text, '-pw', 'none'),
      flite(QUICK_VOICE, `${written.join(', ')},`, '-ps', 'none'),
    ]);
    if (spoken.join(' ') !== written.join(' '))
      throw new Error(`flite says "${spoken.join(' ')}" for "${text}": write the words as they are spoken`);
    return { voice, samples: await readWav(wav), words: timeWords(written, splitAtPauses(alone), timed) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has the words and the pronunciations of the others, and sounds them many times faster (and worse). */
const QUICK_VOICE = 'kal';
const PAUSE = 'pau';
const VOWEL = /^(aa|ae|ah|ao|aw|ax|ay|eh|er|ey|ih|iy|ow|oy|uh|uw)$/;

async function flite(
  voice: Voice | typeof QUICK_VOICE,
  text: string,
  print: string,
  wav: string,
): Promise<string[]> {
  const { stdout } = await run('flite', ['-voice', voice, print, '-t', text, '-o', wav]);
  return stdout.trim().split(/\s+/);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z']+/g) ?? [];
}

/** Phones of each word said alone: the words were separated by commas, and flite pauses at each. */
function splitAtPauses(phones: readonly string[]): string[][] {
  const words: string[][] = [];
  let word: string[] = [];
  for (const phone of phones) {
    if (phone !== PAUSE) word.push(phone);
    else if (word.length > 0) {
      words.push(word);
      word = [];
    }
  }
  return words;
}

function timeWords(
  written: readonly string[],
  alone: readonly (readonly string[])[],
  timed: readonly string[],
): SpokenWord[] {
  const phones = timed.map((field, index) => {
    const end = (at: number): number => Number(timed[at]?.split(':')[1] ?? 0);
    return { name: field.split(':')[0] ?? '', start: end(index - 1), end: end(index) };
  });
  const voiced = phones.filter((phone) => phone.name !== PAUSE);
  let next = 0;
  const words = written.map((text, index) => {
    const expected = alone[index] ?? [];
    const own = voiced.slice(next, (next += expected.length));
    const first = own[0];
    const last = own.at(-1);
    const same = own.every((phone, at) => isSamePhone(phone.name, expected[at] ?? ''));
    if (!first || !last || !same)
      throw new Error(`"${text}" has other phones in the sentence than alone: choose another word`);
    return { text, start: first.start, end: last.end };
  });
  if (next !== voiced.length) throw new Error('the sentence has more phones than its words have alone');
  return words;
}

function isSamePhone(one: string, other: string): boolean {
  return one === other || (VOWEL.test(one) && VOWEL.test(other));
}
