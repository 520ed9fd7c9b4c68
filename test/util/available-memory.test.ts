import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { availableMemory } from '../../src/util/available-memory.ts';
import { run } from '../../src/util/process.ts';

const LIMIT = 800e6;
const FILE = 300e6;

test('there is some memory left, and no more than the machine has', () => {
  assert.ok(availableMemory() > 0 && availableMemory() <= totalmem());
});

const group = limitedGroup();
test(
  'with a limit, files that are only kept at hand do not count as taken',
  { skip: group === null ? 'control groups cannot be made here' : false },
  async (t) => {
    assert.ok(group !== null);
    t.after(() => rmdirSync(group.folder));
    const folder = await mkdtemp(join(tmpdir(), 'earshot-memory-'));
    t.after(() => rm(folder, { recursive: true }));
    const program = `
      const { closeSync, openSync, readSync, writeFileSync, writeSync } = await import('node:fs');
      writeFileSync(${JSON.stringify(join(group.folder, group.members))}, String(process.pid));
      const { availableMemory } = await import(${JSON.stringify(new URL('../../src/util/available-memory.ts', import.meta.url).href)});
      const part = Buffer.alloc(1e6);
      const written = openSync(${JSON.stringify(join(folder, 'file'))}, 'w+');
      for (let i = 0; i < ${FILE / 1e6}; i++) writeSync(written, part);
      for (let i = 0; i < ${FILE / 1e6}; i++) readSync(written, part, 0, 1e6, i * 1e6);
      closeSync(written);
      const { rss } = process.memoryUsage();
      process.stdout.write(JSON.stringify({ node: process.availableMemory(), ours: availableMemory(), rss }));`;
    const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program]);
    assert.equal(code, 0, stderr);
    const { node, ours, rss } = JSON.parse(stdout) as { node: number; ours: number; rss: number };
    assert.ok(node < LIMIT - FILE, `it is there to be found: node says ${node}`);
    assert.ok(ours > LIMIT - 2 * rss && ours < LIMIT, `${ours} of ${LIMIT}, ${rss} taken`);
  },
);

/** A control group with a limit, of either version, and its file that takes members; null where none can be made. */
function limitedGroup(): { folder: string; members: string } | null {
  for (const [mount, limit, members] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes', 'tasks'],
    ['/sys/fs/cgroup', 'memory.max', 'cgroup.procs'],
  ] as const) {
    let folder: string | null = null;
    try {
      folder = mkdtempSync(join(mount, 'earshot-test-'));
      writeFileSync(join(folder, limit), String(LIMIT), { flag: 'r+' });
      return { folder, members };
    } catch {
      if (folder !== null) rmdirSync(folder);
    }
  }
  return null;
}
