import { join, parse, resolve } from 'node:path';
import { sha256 } from '../util/hash.ts';
import type { Input } from './inputs.ts';

/** File systems allow 255 bytes a name; this leaves room for the longest extension and a number. */
const MAX_STEM_BYTES = 220;

/**
 * The path without extension that each input's results get: `<stem>` in --out or beside the input. When several inputs
 * of a run would share one, the first has it and the others keep their extension in it ("talk.mp3"), then get a number.
 * No result gets the name of an input.
 */
export function nameOutputs(
  inputs: readonly Input[],
  out: string | null,
  extensions: readonly string[],
): string[] {
  const files = new Set(inputs.filter(({ kind }) => kind === 'file').map(({ source }) => folded(source)));
  const bases = new Set<string>();
  return inputs.map((input) => {
    for (const stem of candidateStems(input.name)) {
      const base = join(out ?? input.folder, stem);
      if (bases.has(folded(base))) continue;
      if (extensions.some((extension) => files.has(folded(`${base}${extension}`)))) continue;
      bases.add(folded(base));
      return base;
    }
    throw new Error('unreachable: candidate stems never end');
  });
}

/** "talk", "talk.mp3", "talk.mp3-2", "talk.mp3-3", … for "talk.mp3", each short enough for a file name. */
export function* candidateStems(name: string): Generator<string> {
  yield shortened(parse(name).name);
  yield shortened(name);
  for (let number = 2; ; number++) yield `${shortened(name)}-${number}`;
}

/** A long name is cut at a whole character, and told apart from others by a digest of all of it. */
function shortened(stem: string): string {
  if (Buffer.byteLength(stem) <= MAX_STEM_BYTES) return stem;
  let kept = '';
  for (const character of stem) {
    if (Buffer.byteLength(kept + character) > MAX_STEM_BYTES - 9) break;
    kept += character;
  }
  return `${kept}-${sha256(stem).slice(0, 8)}`;
}

/** Names that some file system takes for the same one. */
function folded(path: string): string {
  return resolve(path).normalize('NFC').toLowerCase();
}
