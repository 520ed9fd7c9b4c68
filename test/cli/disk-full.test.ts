import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/util/process.ts';
import { SAMPLES, earshot } from './run-cli.ts';

test('a full disk: a clear error, exit code 1, and nothing half-written', async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'earshot-full-'));
  const out = join(cwd, 'out');
  await mkdir(out);
  // Room for three small files, but not for the four that a transcript has.
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=12k', 'earshot-test', out]).catch(
    () => null,
  );
  try {
    if (mounted?.code !== 0) return t.skip('only root may mount a small file system');
    await copyFile(join(SAMPLES, 'silence.flac'), join(cwd, 'talk.flac'));
    const { code, stderr } = await earshot(
      ['transcribe', 'talk.flac', '--out', out, '--formats', 'json,srt,html,md'],
      { cwd },
    );
    assert.equal(code, 1, stderr);
    assert.match(stderr, /no space left on the device.*\n {2}hint: free some space/);
    assert.deepEqual(await readdir(out), []);
    assert.notDeepEqual(await readdir(join(cwd, 'data/work')), [], 'the work is kept for the next run');
  } finally {
    if (mounted?.code === 0) await run('umount', [out]);
    await rm(cwd, { recursive: true });
  }
});
