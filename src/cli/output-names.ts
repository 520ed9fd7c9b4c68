import { readFile } from 'node:fs/promises';
import { basename, join, parse, resolve } from 'node:path';
import { z } from 'zod';
import { sha256, sha256File } from '../util/hash.ts';
import type { Input } from './inputs.ts';

/** File systems allow 255 bytes a name; this leaves room for the longest extension and a number. */
const MAX_STEM_BYTES = 220;

/**
 * The path without extension that each input's results get: `<stem>` in --out or beside the input. Where several would
 * share one, the first in order of path has it, the others keep their extension in it ("talk.mp3"), then get a number:
 * the order of the arguments does not count. An input whose transcript lies under one of its names keeps that one, and no
 * other input takes it. No result gets the name of an input. Who names the results of a run one after the other gives the
 * same `heardAt` each time.
 */
export async function nameOutputs(
  inputs: readonly Input[],
  out: string | null,
  extensions: readonly string[],
  heardAt: HeardAt = reader(),
): Promise<string[]> {
  const files = new Set(inputs.filter(({ kind }) => kind === 'file').map(({ source }) => folded(source)));
  const ordered = [...inputs].sort((a, b) => (a.source < b.source ? -1 : 1));
  const names = new Map<Input, string>();
  const basesOf = function* ({ name, folder }: Input): Generator<string> {
    for (const stem of candidateStems(name)) {
      const base = join(out ?? folder, stem);
      if (!extensions.some((extension) => files.has(folded(`${base}${extension}`)))) yield base;
    }
  };
  const kept = new Set<string>();
  for (const input of ordered) {
    const base = await earlierName(input, basesOf(input), inputs, kept, heardAt);
    if (base === null) continue;
    names.set(input, base);
    kept.add(base);
  }
  const taken = new Set([...kept].map(folded));
  for (const input of ordered) {
    if (names.has(input)) continue;
    for (const base of basesOf(input)) {
      if (taken.has(folded(base)) || (await isOfAnother(input, base, heardAt))) continue;
      names.set(input, base);
      taken.add(folded(base));
      break;
    }
  }
  return inputs.map((input) => names.get(input) as string);
}

/** The name under which an input's transcript lies. Files of one name are told apart by what they hold. */
async function earlierName(
  { kind, name, source }: Input,
  bases: Iterable<string>,
  inputs: readonly Input[],
  kept: ReadonlySet<string>,
  heardAt: HeardAt,
): Promise<string | null> {
  let missing = 0;
  for (const base of bases) {
    const heard = await heardAt(base);
    if (heard === null && ++missing > 1) return null; // numbers without a gap follow the first two
    if (heard?.name !== name || kept.has(base)) continue;
    if (inputs.filter((other) => other.name === name).length === 1) return base;
    if (kind === 'file' && heard.sha256 === (await sha256File(source).catch(() => null))) return base;
  }
  return null;
}

/** Whether the transcript of a recording with another name lies there, under a name that it got from us. */
async function isOfAnother({ name }: Input, base: string, heardAt: HeardAt): Promise<boolean> {
  const heard = await heardAt(base);
  if (heard === null || heard.name === name) return false;
  const [stem, whole] = candidateStems(heard.name).take(2);
  return [stem, whole].includes(basename(base)) || basename(base).startsWith(`${whole}-`);
}

/** What a transcript was made of: as little of it as tells, because there may be thousands. */
const headSchema = z.object({
  schema: z.literal('earshot.transcript/1'),
  source: z.object({ name: z.string(), sha256: z.string() }),
});
type Heard = z.infer<typeof headSchema>['source'];

/** What the transcript at a path without extension was made of; null where there is none. */
export type HeardAt = (base: string) => Promise<Heard | null>;

/** Reads each transcript once. */
export function reader(): HeardAt {
  const known = new Map<string, Promise<Heard | null>>();
  return (base) => {
    const heard = known.get(base) ?? readHead(base);
    known.set(base, heard);
    return heard;
  };
}

async function readHead(base: string): Promise<Heard | null> {
  try {
    return headSchema.parse(JSON.parse(await readFile(`${base}.json`, 'utf8'))).source;
  } catch {
    return null; // none, or no transcript: whoever is to write there says what is in the way
  }
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
