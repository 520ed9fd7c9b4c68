import { posix } from 'node:path';
import { candidateStems } from '../output-names.ts';
import type { Entry } from './state.ts';

/** Gives each recording of a place a name for its results that no other has, and keeps the names given earlier. */
export class ResultNames {
  readonly #owners = new Map<string, string>();

  constructor(entries: Iterable<Entry>) {
    for (const { base, name } of entries) this.#owners.set(folded(base), name);
  }

  /** "calls/talk" for "calls/talk.mp3"; "calls/talk.mp3" where the first is taken by "calls/talk.wav". */
  take(name: string): string {
    for (const stem of candidateStems(posix.basename(name))) {
      const base = posix.join(posix.dirname(name), stem);
      const owner = this.#owners.get(folded(base));
      if (owner !== undefined && owner !== name) continue;
      this.#owners.set(folded(base), name);
      return base;
    }
    throw new Error('unreachable: candidate stems never end');
  }
}

/** Names that some file system takes for the same one. */
const folded = (base: string): string => base.normalize('NFC').toLowerCase();
