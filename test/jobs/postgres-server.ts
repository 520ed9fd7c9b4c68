import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const FOLDER = '/usr/lib/postgresql';

/** Where Debian keeps the programs of the newest PostgreSQL; null where there is none. */
function programs(): string | null {
  if (!existsSync(FOLDER)) return null;
  const versions = readdirSync(FOLDER)
    .filter((name) => existsSync(join(FOLDER, name, 'bin', 'initdb')))
    .sort((a, b) => Number(b) - Number(a));
  return versions[0] === undefined ? null : join(FOLDER, versions[0], 'bin');
}

export const isPostgresInstalled = (): boolean => programs() !== null && existsSync('/usr/bin/setpriv');

/** A server of a test's own on a loopback port: its files in a temporary folder, it ends when this process does. */
export class PostgresServer {
  readonly #folder: string;
  readonly #port: number;
  readonly #settings: readonly string[];
  #process: ChildProcess | null = null;
  #databases = 0;

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.#folder = folder;
    this.#port = port;
    this.#settings = settings;
  }

  /** `settings` are given to the server as `-c name=value`. */
  static async start(settings: readonly string[] = [], parent = tmpdir()): Promise<PostgresServer> {
    const folder = await mkdtemp(join(parent, 'earshot-postgres-'));
    const { uid, gid } = unprivileged();
    if (process.getuid?.() === 0) await chown(folder, uid, gid);
    const data = join(folder, 'data');
    const args = ['-D', data, '-U', 'earshot', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    const made = spawnSync(...asOther(join(programs() as string, 'initdb'), args), { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const server = new PostgresServer(folder, await freePort(), settings);
    await server.up();
    return server;
  }

  /** Starts it, again after `kill`; resolves when it answers. */
  async up(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const log = await this.#try();
      if (log === null) return;
      // After a kill the processes of the server before need a moment to see that they are orphans.
      if (tries > 50) throw new Error(`postgres does not start: ${log}`);
      await delay(100);
    }
  }

  /** null: it runs; otherwise what it said before it ended. */
  async #try(): Promise<string | null> {
    const settings = ['fsync=off', 'max_connections=100', 'deadlock_timeout=200ms', ...this.#settings];
    const args = ['-D', join(this.#folder, 'data'), '-h', '127.0.0.1', '-p', String(this.#port), '-k', ''];
    const options = settings.flatMap((setting) => ['-c', setting]);
    const child = spawn(...asOther(join(programs() as string, 'postgres'), [...args, ...options]), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let log = '';
    child.stderr?.on('data', (data: Buffer) => (log = (log + data.toString()).slice(-20_000)));
    while (child.exitCode === null && child.signalCode === null) {
      if (await this.#answers()) return null;
      await delay(50);
    }
    return log;
  }

  /** Kills it as the kernel does when memory runs out: nothing is shut down, no checkpoint is written. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** URL of a new, empty database. */
  async database(): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.#query(`CREATE DATABASE ${name}`);
    return this.#url(name);
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #url(database: string): string {
    return `postgres://earshot@127.0.0.1:${this.#port}/${database}`;
  }
  async #query(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url('postgres') });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }
  async #answers(): Promise<boolean> {
    return this.#query('SELECT 1').then(
      () => true,
      () => false,
    );
  }
}

/** The program under a user that is not root, which PostgreSQL refuses; killed when this process dies. */
function asOther(program: string, args: readonly string[]): [string, string[]] {
  const { uid, gid } = unprivileged();
  const user = process.getuid?.() === 0 ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
  return ['/usr/bin/setpriv', [...user, '--pdeathsig', 'QUIT', program, ...args]];
}

function unprivileged(): { uid: number; gid: number } {
  const idOf = (flag: string): number | null => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : null;
  };
  const nobody = 65_534;
  return { uid: idOf('-u') ?? nobody, gid: idOf('-g') ?? nobody };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
