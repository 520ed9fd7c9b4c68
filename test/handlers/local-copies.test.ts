import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { LocalCopies } from '../../src/handlers/local-copies.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();

/** As much of a bucket as copies need: every download waits until it is let go. */
function bucket() {
  const downloads: { key: string; end: () => void; fail: (error: Error) => void }[] = [];
  const toLocal: Storage['toLocal'] = async (key, into, { signal } = {}) => {
    const gate = Promise.withResolvers<void>();
    signal?.addEventListener('abort', () => gate.reject(signal.reason as Error));
    downloads.push({ key, end: gate.resolve, fail: gate.reject });
    await gate.promise;
    await mkdir(into, { recursive: true });
    await writeFile(join(into, key), 'bytes');
    return join(into, key);
  };
  return { storage: { toLocal } as unknown as Storage, downloads };
}

const patient = new AbortController().signal;

test('a copy is fetched once for all who want it; who gives up does not take it from the others', async () => {
  const { storage, downloads } = bucket();
  const copies = new LocalCopies(storage, join(folder, 'one'));
  const reason = new Error('its lease was lost');
  const stop = new AbortController();
  const first = copies.get('job', 'track', stop.signal);
  const second = copies.get('job', 'track', patient);
  stop.abort(reason);
  await assert.rejects(first, reason);
  downloads[0]?.end();
  assert.equal(await readFile(await second, 'utf8'), 'bytes');
  assert.equal(await copies.get('job', 'track', patient), await second);
  assert.equal(downloads.length, 1);

  await copies.forget('job');
  assert.equal(existsSync(await second), false);
  assert.deepEqual(copies.jobs, []);
});

test('a download that failed is tried again; one that is under way when the job ends is stopped', async () => {
  const { storage, downloads } = bucket();
  const copies = new LocalCopies(storage, join(folder, 'two'));
  const failing = copies.get('job', 'track', patient);
  downloads[0]?.fail(new Error('the bucket is away'));
  await assert.rejects(failing, /away/);
  const again = copies.get('job', 'track', patient);
  downloads[1]?.end();
  await again;

  const late = copies.get('job', 'other', patient);
  const refused = assert.rejects(late, { name: 'AbortError' });
  await copies.forget('job');
  await refused;
  assert.equal(existsSync(join(folder, 'two', 'copies-job')), false);
});
