import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Transcript } from '../../src/transcript/schema.ts';
import { serveS3 } from '../storage/s3-server.ts';
import { SAMPLES } from './run-cli.ts';
import { byCommandLine, resultOf, serving, submitted, until, withoutTimings } from './serving.ts';

let cwd: string;
const wanted = new Map<string, Transcript>();
const NAMES = ['meeting.flac', 'call.flac'];

before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'earshot-served-'));
  for (const name of NAMES) wanted.set(name, await byCommandLine(cwd, join(SAMPLES, name)));
});
after(() => rm(cwd, { recursive: true }));

test('the server makes the transcript that the command line makes', async () => {
  const { url, stop } = await serving(cwd, ['--jobs', '3']);
  const jobs = await Promise.all(NAMES.map((name) => submitted(url, name)));
  for (const [i, { job_id: id }] of jobs.entries()) {
    const done = await until(url, id);
    assert.equal(done.progress?.percent, 100);
    const made = await resultOf(url, id);
    const expected = wanted.get(NAMES[i] as string) as Transcript;
    assert.deepEqual(withoutTimings(made), withoutTimings(expected));
    assert.doesNotMatch(JSON.stringify(made.warnings), /\bearshot models/, 'which nobody has in a checkout');
    assert.ok(made.receipt.wall_seconds > 0 && (made.stages['recognize']?.seconds ?? 0) > 0);
    assert.equal((await fetch(`${url}/jobs/${id}`, { method: 'DELETE' })).status, 204);
  }
  const { code, stderr } = await stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /internal|failed/);
});

test('with a bucket as storage it is the same, and nothing is left there', async () => {
  const bucket = await serveS3(100);
  try {
    const { url, stop } = await serving(cwd, ['--storage', 's3://bucket/earshot', '--jobs', '2'], {
      AWS_ENDPOINT_URL_S3: bucket.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    const { job_id: id } = await submitted(url, 'call.flac');
    await until(url, id);
    assert.deepEqual(
      withoutTimings(await resultOf(url, id)),
      withoutTimings(wanted.get('call.flac') as Transcript),
    );
    assert.equal((await fetch(`${url}/jobs/${id}`, { method: 'DELETE' })).status, 204);
    assert.equal((await stop()).code, 0);
    const puts = bucket.log.filter((line) => line.startsWith('PUT '));
    assert.ok(
      puts.some((line) => line.includes('/source')) && puts.some((line) => line.includes('/transcript-')),
    );
    const listing = await fetch(`${bucket.url}/bucket?list-type=2`, {
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/' },
    });
    assert.doesNotMatch(await listing.text(), /<Key>/);
  } finally {
    await bucket.close();
  }
});
