import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/util/process.ts';
import { resultOf, serving, submitted, until, pause } from './serving.ts';

/** Fills a file system to its last block; frees it by removing the file. */
async function fill(folder: string): Promise<string> {
  const path = join(folder, 'ballast');
  for (let block = 1 << 20; block >= 512; block /= 2)
    for (;;) {
      const { size } = await stat(path).catch(() => ({ size: 0 }));
      await writeFile(path, Buffer.alloc(block), { flag: 'a' }).catch(() => undefined);
      if ((await stat(path)).size < size + block) break;
    }
  return path;
}

test(
  'a full disk while it serves: what was accepted survives and ends, the rest is told why',
  { timeout: 150_000 },
  async (t) => {
    const cwd = await mkdtemp(join(tmpdir(), 'earshot-serve-full-'));
    const data = join(cwd, 'data');
    await mkdir(data);
    const mount = ['-t', 'tmpfs', '-o', 'size=400m', 'earshot-test', data];
    const mounted = await run('mount', mount).catch(() => null);
    try {
      if (mounted?.code !== 0) return t.skip('only root may mount a small file system');
      const { url, stop } = await serving(cwd, [
        '--min-free-mb',
        '0',
        '--dedupe-minutes',
        '0',
        '--jobs',
        '1',
      ]);
      const first = await submitted(url, 'clip.flac');
      const second = await submitted(url, 'clip.flac');
      await until(url, first.job_id, ({ status }) => status === 'processing');
      const ballast = await fill(data);
      const form = new FormData();
      form.set('file', new Blob([Buffer.alloc(1 << 20)]), 'a.wav');
      const refused = await fetch(`${url}/jobs`, { method: 'POST', body: form });
      const { error } = (await refused.json()) as { error: { code: string } };
      t.diagnostic(`refused with ${refused.status} ${error.code}`);
      assert.ok(refused.status === 507 || refused.status === 503, JSON.stringify(error));
      assert.equal((await fetch(`${url}/health`)).status, 200);
      await pause(2_000); // stages fail for want of room meanwhile
      assert.equal((await fetch(`${url}/health`)).status, 200);
      await rm(ballast);
      for (const { job_id: id } of [first, second]) {
        await until(url, id, undefined, 100_000); // leases that nobody could write down run out first
        assert.ok((await resultOf(url, id)).segments.length > 0);
      }
      const third = await submitted(url, 'silence.flac');
      await until(url, third.job_id);
      assert.equal((await stop()).code, 0);
    } finally {
      if (mounted?.code === 0) await run('umount', ['-l', data]);
      await rm(cwd, { recursive: true, force: true });
    }
  },
);
