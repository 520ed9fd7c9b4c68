/**
 * What a disk does without a server: `node bench/bare-writes.ts <folder>` writes recordings of 10 KB as fast as they are
 * done, 50 at a time, each in a folder of its own, so that a power cut leaves them there: the bytes are synced, the file
 * is renamed, the folder and the one above are synced. Syncs of the one above that are asked for while one runs share the
 * next. Prints the milliseconds that each took, as JSON.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

const AT_ONCE = 50;
const BYTES = Buffer.alloc(10_000, 1);
const WARM = 1_000;
const COUNT = 5_000;

process.env['UV_THREADPOOL_SIZE'] = '32'; // as the server has it
const [root] = process.argv.slice(2) as [string];
await mkdir(root, { recursive: true });
const taken: number[] = [];
let started = 0;
let running: Promise<void> | null = null;
let next: Promise<void> | null = null;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (started < WARM + COUNT) {
      const index = started++;
      const began = performance.now();
      await write(index);
      if (index >= WARM) taken.push(performance.now() - began);
    }
  }),
);
process.stdout.write(JSON.stringify(taken));

async function write(index: number): Promise<void> {
  const temporary = join(root, `new-${index}`);
  const file = await open(temporary, 'wx');
  await file.writeFile(BYTES);
  await file.datasync();
  await file.close();
  const folder = join(root, `of-${index}`);
  await mkdir(folder);
  await rename(temporary, join(folder, 'recording'));
  await Promise.all([sync(folder), syncRoot()]);
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
}

function syncRoot(): Promise<void> {
  if (running === null) return (running = sync(root).finally(() => (running = null)));
  return (next ??= running.then(() => {
    next = null;
    return syncRoot();
  }));
}
