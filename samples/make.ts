/**
 * Makes the recordings of this folder and the truth about them, the same bytes each time:
 * `node samples/make.ts [folder]`. Needs flite and ffmpeg.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../src/util/process.ts';
import { converse, ONE_MICROPHONE, type Room } from './conversation.ts';
import { pinkNoise } from './noise.ts';
import { RATE, writeWav } from './pcm.ts';
import { CALL, CLIP, MEETING } from './scripts.ts';
import { toCtm, toRttm, toStm, type Truth } from './truth.ts';

/** Two telephones, one a channel. */
const TELEPHONES: Room = { ...ONE_MICROPHONE, channels: 2, channel: { slt: 0, awb: 0, rms: 1 } };

if (import.meta.main) await makeSamples(process.argv[2] ?? import.meta.dirname);

/** Writes the samples (those of `names`, or all) and their truth into `folder`. */
export async function makeSamples(folder: string, names?: readonly string[]): Promise<void> {
  const wanted = (name: string): boolean => names?.includes(name) ?? true;
  for (const [name, lines, room] of [
    ['meeting', MEETING, ONE_MICROPHONE],
    ['call', CALL, TELEPHONES],
    ['clip', CLIP, ONE_MICROPHONE],
  ] as const) {
    if (!wanted(name)) continue;
    const { channels, truth } = await converse(lines, room);
    await writeSample(folder, name, channels, truth);
    await writeFile(join(folder, `${name}.rttm`), toRttm(name, truth));
    await writeFile(join(folder, `${name}.stm`), toStm(name, truth));
    await writeFile(join(folder, `${name}.ctm`), toCtm(name, truth));
  }
  const tone = Float32Array.from(
    { length: 3 * RATE },
    (_, n) => 0.25 * Math.sin((2 * Math.PI * 440 * n) / RATE),
  );
  for (const [name, samples] of [
    ['silence', new Float32Array(RATE)],
    ['noise', pinkNoise(3 * RATE, 0.005, 1)],
    ['tone', tone],
  ] as const)
    if (wanted(name))
      await writeSample(folder, name, [samples], { words: [], turns: [], duration: samples.length / RATE });
}

async function writeSample(
  folder: string,
  name: string,
  channels: readonly Float32Array[],
  truth: Truth,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'earshot-sample-'));
  try {
    const wav = join(scratch, `${name}.wav`);
    await writeWav(wav, channels);
    await encodeFlac(wav, join(folder, `${name}.flac`));
    await writeFile(join(folder, `${name}.json`), toJson(truth));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `bitexact` keeps the encoder's version out of the file. */
async function encodeFlac(wav: string, flac: string): Promise<void> {
  const args = ['-v', 'error', '-y', '-i', wav, '-c:a', 'flac', '-compression_level', '12'];
  const exit = await run('ffmpeg', [...args, '-fflags', '+bitexact', '-flags:a', '+bitexact', flac]);
  if (exit.code !== 0) throw new Error(`ffmpeg could not write ${flac}: ${exit.stderr}`);
}

/** One word or turn a line, so that a change reads well in a diff. */
function toJson(truth: Truth): string {
  const list = (rows: readonly object[]): string =>
    rows.length === 0 ? '[]' : `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`;
  return `{\n  "duration": ${truth.duration},\n  "turns": ${list(truth.turns)},\n  "words": ${list(truth.words)}\n}\n`;
}
