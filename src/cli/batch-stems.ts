import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readTranscript } from '../transcript/read.ts';
import type { Transcript } from '../transcript/schema.ts';
import { sha256File } from '../util/hash.ts';
import { candidateStems } from './output-names.ts';

/** A recording of a batch and the stem of its results. */
export interface BatchItem {
  readonly path: string;
  readonly stem: string;
  /** Its transcript of an earlier run, null when there is none yet. */
  readonly done: Transcript | null;
}

/**
 * Gives every recording a stem of its own, and the same one in every run: a recording keeps the stem under which its
 * transcript lies; a new one takes the first of its candidates that no other recording has or had.
 */
export async function assignStems(paths: readonly string[], jsonFolder: string): Promise<BatchItem[]> {
  const items = new Map<string, BatchItem>();
  const taken = new Set<string>();
  for (const path of paths) {
    const unique = paths.filter((other) => basename(other) === basename(path)).length === 1;
    for (const stem of candidateStems(basename(path))) {
      const json = join(jsonFolder, `${stem}.json`);
      if ((await stat(json).catch(() => null)) === null) break;
      const done = taken.has(folded(stem)) ? null : await transcriptOf(path, json, unique);
      if (done === null) continue;
      items.set(path, { path, stem, done });
      taken.add(folded(stem));
      break;
    }
  }
  for (const path of paths) {
    if (items.has(path)) continue;
    for (const stem of candidateStems(basename(path))) {
      if (
        taken.has(folded(stem)) ||
        (await stat(join(jsonFolder, `${stem}.json`)).catch(() => null)) !== null
      )
        continue;
      items.set(path, { path, stem, done: null });
      taken.add(folded(stem));
      break;
    }
  }
  return paths.map((path) => items.get(path) as BatchItem);
}

/**
 * The transcript in `json` if it is this recording's. Hashing is spared where the file has not been touched since, which
 * its change time tells (the modification time survives copying), and no other recording of the run has its name.
 */
async function transcriptOf(path: string, json: string, unique: boolean): Promise<Transcript | null> {
  const transcript = await readTranscript(json).catch(() => null);
  if (transcript === null || transcript.source.name !== basename(path)) return null;
  const [recording, written] = await Promise.all([stat(path), stat(json)]);
  if (recording.size !== transcript.source.bytes) return null;
  const unchanged =
    (unique && recording.ctimeMs < written.mtimeMs) || (await sha256File(path)) === transcript.source.sha256;
  return unchanged ? transcript : null;
}

const folded = (stem: string): string => stem.normalize('NFC').toLowerCase();
