import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import type { Database } from '../../src/jobs/database.ts';
import { openPglite } from '../../src/jobs/pglite.ts';
import { openPostgres } from '../../src/jobs/postgres.ts';
import { copyDatabase } from '../support/database-template.ts';
import { isPostgresInstalled, PostgresServer } from './postgres-server.ts';

/** A database of a test's own; `open` may be called again after a close, `where` says where it is to another process. */
export interface Place {
  /** Folder of an embedded database, URL of one on a server. */
  readonly where: string;
  open(): Promise<Database>;
}

/** A database that the jobs room runs on. */
export interface Backend {
  readonly name: 'pglite' | 'postgresql';
  place(): Promise<Place>;
}

/** Opens what a Place's `where` speaks of. */
export const openAt = (where: string): Promise<Database> =>
  where.startsWith('postgres') ? openPostgres(where) : openPglite(where);

const placeAt = (where: string): Place => ({ where, open: () => openAt(where) });

export const PGLITE: Backend = {
  name: 'pglite',
  async place() {
    const folder = await mkdtemp(join(tmpdir(), 'earshot-jobs-'));
    folders.push(folder);
    await copyDatabase(join(folder, 'db'));
    return placeAt(join(folder, 'db'));
  },
};

export const POSTGRES: Backend = {
  name: 'postgresql',
  place: async () => placeAt(await (await server()).database()),
};

/** Registers a test once for each database; the one on a server is skipped, visibly, where none is installed. */
export function testOnEach(name: string, work: (t: TestContext, on: Backend) => Promise<void>): void {
  test(`${name} (pglite)`, (t) => work(t, PGLITE));
  testOnServer(name, work);
}

/** The same for what only a server can do. */
export function testOnServer(name: string, work: (t: TestContext, on: Backend) => Promise<void>): void {
  const skip = isPostgresInstalled() ? false : 'PostgreSQL is not installed (npm run setup -- --tests)';
  test(`${name} (postgresql)`, { skip }, (t) => work(t, POSTGRES));
}

/** Removed when all tests have ended, and closed what they had open. */
const folders: string[] = [];

/** One server a process. */
let started: Promise<PostgresServer> | null = null;
const server = (): Promise<PostgresServer> => (started ??= PostgresServer.start());

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  await (await started)?.remove();
});
