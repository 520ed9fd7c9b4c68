import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KINDS } from '../../src/handlers/kinds.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { openPglite } from '../../src/jobs/pglite.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'earshot');
/** What the files of a new database depend on. */
const MADE_OF = [
  'package-lock.json',
  'src/jobs/migrations.ts',
  'src/jobs/pglite.ts',
  'src/jobs/pglite-files.ts',
  'src/jobs/tickets.ts',
];

/**
 * Puts an initialised, empty embedded database at `folder`, which must not exist. To initialise one takes seconds of
 * work, to copy one does not: it is made once for all test processes, and again when what it is made of has changed.
 */
export async function copyDatabase(folder: string): Promise<void> {
  const hash = createHash('sha256');
  for (const file of MADE_OF) hash.update(readFileSync(join(ROOT, file)));
  const template = join(CACHE, `database-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(template)) await make(template);
  await cp(template, folder, { recursive: true });
}

async function make(template: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const own = await mkdtemp(join(CACHE, 'making-'));
  const jobs = await Jobs.open(await openPglite(join(own, 'database')), KINDS, () => undefined);
  await jobs.close();
  try {
    await rename(join(own, 'database'), template);
  } catch (error) {
    if (!existsSync(template)) throw error; // another process was faster
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
