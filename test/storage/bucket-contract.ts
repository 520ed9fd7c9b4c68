import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EarshotError } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/index.ts';
import { scratchFolder } from '../support/scratch.ts';
import type { serve } from './bucket-server.ts';
import { chunks, keys, large, rejects, text } from './contract.ts';

type Server = Awaited<ReturnType<typeof serve>>;

/** What a storage in a bucket keeps beyond the contract of all: names, large uploads, and what happens when it fails. */
export function bucketContract(scheme: 'gs' | 's3', server: () => Server, address: () => string): void {
  const scratch = scratchFolder();

  test('prefixes keep storages of one bucket apart; a storage can be the whole bucket', async () => {
    const [one, other] = [address(), address()];
    const storage = await openStorage(`${one}/`);
    await storage.put('a', chunks('one'));
    const second = await openStorage(other);
    assert.deepEqual(await keys(second, ''), []);
    await second.put('a', chunks('other'));
    await storage.remove('a');
    assert.equal(await text(second.get('a')), 'other');
    assert.equal(second.url, `${other}/`);
    const whole = await openStorage(`${scheme}://bucket`);
    assert.equal(await text(whole.get(`${other.slice(`${scheme}://bucket/`.length)}/a`)), 'other');
  });

  test('a small object is one request, a large one none above 16 MiB', async () => {
    const storage = await openStorage(address());
    const { log } = server();
    const first = log.length;
    await storage.put('small', chunks('small'));
    assert.equal(log.length, first + 1, log.slice(first).join('\n'));
    await storage.put('large', large());
    const bodies = log.slice(first + 1).map((line) => Number(line.split(' ').at(-1)));
    assert.ok(Math.max(...bodies) <= 16 * 1024 * 1024, log.slice(first).join('\n'));
    assert.equal(
      bodies.reduce((sum, bytes) => sum + (bytes >= 65_536 ? bytes : 0), 0),
      40 * 1024 * 1024,
    );
  });

  test('removeAll takes more than a page', async () => {
    const storage = await openStorage(address());
    for (let i = 0; i < 25; i++) await storage.put(`jobs/${i}`, chunks('x'));
    await storage.removeAll('jobs/');
    assert.deepEqual(await keys(storage, ''), []);
  });

  test('a bucket that is not there is storage_unavailable at once, with a way out', async () => {
    await assert.rejects(openStorage(`${scheme}://elsewhere/x`), (error: EarshotError) => {
      assert.equal(error.code, 'storage_unavailable');
      assert.match(error.hint ?? '', /bucket's name.*credentials/);
      return true;
    });
  });

  test('a refusal is storage_unavailable, a full store disk_full; neither is tried again', async () => {
    const storage = await openStorage(address());
    const { trouble } = server();
    const asked = server().log.length;
    try {
      trouble.instead = () => ({ status: 403, body: 'no' });
      await rejects(storage.get('a'), 'storage_unavailable');
      await rejects(storage.stat('a'), 'storage_unavailable');
      await rejects(keys(storage, ''), 'storage_unavailable');
      await rejects(storage.remove('a'), 'storage_unavailable');
      await rejects(storage.put('a', chunks('x')), 'storage_unavailable');
      trouble.instead = () => ({ status: 507, body: 'no' });
      await rejects(storage.put('a', chunks('x')), 'disk_full');
    } finally {
      trouble.instead = null;
    }
    assert.equal(server().log.length, asked + 6);
  });

  test('an upload that hits one busy answer is sent again, small and large', async () => {
    const storage = await openStorage(address());
    const { trouble } = server();
    for (const [key, data] of [
      ['small', () => chunks('again')],
      ['large', large],
    ] as const) {
      let failures = 1;
      trouble.instead = ({ body }) =>
        body.length > 0 && failures-- > 0 ? { status: 503, body: 'busy' } : null;
      try {
        const { bytes } = await storage.put(key, data());
        assert.equal((await storage.stat(key))?.bytes, bytes);
      } finally {
        trouble.instead = null;
      }
      assert.ok(failures <= 0, 'the answer was given');
    }
  });

  test('a read that hits one busy answer is asked again', async () => {
    const storage = await openStorage(address());
    await storage.put('a', chunks('there'));
    const { trouble } = server();
    let failures = 1;
    trouble.instead = () => (failures-- > 0 ? { status: 503, body: 'busy' } : null);
    try {
      assert.equal(await text(storage.get('a')), 'there');
    } finally {
      trouble.instead = null;
    }
    assert.equal(failures, -1);
  });

  test('a connection that breaks while reading: the stream fails, and no part of a copy stays', async () => {
    const storage = await openStorage(address());
    await storage.put('large', large());
    const { trouble } = server();
    const folder = join(scratch, 'copies');
    trouble.cutAfter = 3_000_000;
    try {
      await rejects(text(storage.get('large')), 'storage_failed');
      await rejects(storage.toLocal('large', folder), 'storage_failed');
    } finally {
      trouble.cutAfter = null;
    }
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(storage.toLocal('large', folder, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    assert.deepEqual(await readdir(folder), []);
  });
}
