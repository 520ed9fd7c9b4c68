import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { EarshotClient } from '../../src/client/index.ts';
import { createWebhookSecret } from '../../src/util/webhook-signature.ts';
import { SAMPLES } from '../cli/run-cli.ts';
import { serving } from '../cli/serving.ts';
import { scratchFolder } from '../support/scratch.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
/** Words for the example that prints them; for the others a recording that is done at once. */
const [SPEECH, SILENCE] = ['clip.flac', 'silence.flac'];

test('every example runs against a server as it is served', async (t) => {
  const cwd = scratchFolder();
  const recording = join(cwd, SILENCE);
  await copyFile(join(SAMPLES, SILENCE), recording);
  const secret = createWebhookSecret();
  const server = await serving(cwd, ['--allow-private', '--dedupe-minutes', '0'], {
    EARSHOT_WEBHOOK_SECRET: secret,
  });
  t.after(() => server.stop());
  const start = (name: string, args: string[], env: Record<string, string> = {}): ChildProcess => {
    // As published the import finds dist/; the condition makes it find the sources.
    const child = spawn(process.execPath, ['--conditions=earshot-source', join(EXAMPLES, name), ...args], {
      env: { PATH: process.env['PATH'], EARSHOT_SERVER: server.url, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill());
    return child;
  };
  const ran = new Set<string>();
  const run = (name: string, ...args: string[]): Promise<string> => {
    ran.add(name);
    return text(start(name, args).stdout as NodeJS.ReadableStream & AsyncIterable<Buffer>);
  };

  await t.test('submit-and-wait.ts', async () => {
    assert.match(
      await run('submit-and-wait.ts', join(SAMPLES, SPEECH)),
      /^S1: \S.*\n[^]*\n1\n00:00:\d\d,\d{3} --> /,
    );
  });

  await t.test('events.ts', async () => {
    const lines = (await run('events.ts', recording)).trimEnd().split('\n');
    assert.ok(
      lines.some((line) => /^\w+: \d+ of \d+, \d+ %$/.test(line)),
      lines.join('\n'),
    );
    assert.equal(lines.at(-1), 'it is completed');
  });

  await t.test('resumable-upload.ts, from the beginning and from half way', async () => {
    assert.match(
      await run('resumable-upload.ts', recording),
      /^0 of (\d+) bytes\n\1 of \1 bytes\njob .* is completed\n$/,
    );
    const client = new EarshotClient({ url: server.url });
    let pieces = 0;
    const stop = new AbortController();
    const begun = client.uploads.create(recording, {
      signal: stop.signal,
      chunkBytes: 500,
      onBegin: (url) => writeFile(`${recording}.upload`, url),
      onProgress: () => void (++pieces === 3 && stop.abort()),
    });
    await assert.rejects(begun);
    assert.match(
      await run('resumable-upload.ts', recording),
      /^1000 of (\d+) bytes\n\1 of \1 bytes\njob .* is completed\n$/,
    );
  });

  await t.test('webhook-receiver.ts takes what the server signed and nothing else', async () => {
    ran.add('webhook-receiver.ts');
    const child = start('webhook-receiver.ts', [], { PORT: '0', EARSHOT_WEBHOOK_SECRET: secret });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    const port = /listening on port (\d+)/.exec(String((await lines.next()).value))?.[1];
    const url = `http://127.0.0.1:${port}/`;
    assert.equal((await fetch(url, { method: 'POST', body: '{"type":"job.completed"}' })).status, 401);
    const client = new EarshotClient({ url: server.url });
    const { job_id: id } = await client.jobs.create(recording, { webhook_url: url });
    const told = String((await lines.next()).value);
    assert.match(told, new RegExp(`"job_id":"${id}"`));
    assert.match(told, /completed/);
  });

  assert.deepEqual([...ran].sort(), (await readdir(EXAMPLES)).filter((name) => name.endsWith('.ts')).sort());
});
