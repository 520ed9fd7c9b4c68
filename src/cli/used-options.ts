import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobSettings } from '../client/jobs.ts';
import { atomicWrite } from '../util/atomic-write.ts';
import { canonicalJson, sha256 } from '../util/hash.ts';

/**
 * Which options, as the receipts of transcripts name them, servers have used for what a job asked of them: the rest comes
 * from settings that are theirs. So a transcript that is there already tells whether it is what is asked for now.
 */
export interface UsedOptions {
  has(optionsHash: string): boolean;
  add(optionsHash: string): Promise<void>;
}

/** Those for what is asked, kept in a file of `folder`. */
export async function usedOptions(folder: string, asked: JobSettings): Promise<UsedOptions> {
  const path = join(folder, sha256(canonicalJson(asked)));
  const read = async (): Promise<string[]> =>
    (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  const known = new Set(await read());
  return {
    has: (hash) => known.has(hash),
    add: async (hash) => {
      if (known.has(hash)) return;
      known.add(hash);
      await atomicWrite(path, `${[...new Set([...(await read()), hash])].join('\n')}\n`);
    },
  };
}
