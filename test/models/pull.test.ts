import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { EarshotError } from '../../src/errors.ts';
import { installedManifest } from '../../src/models/installed.ts';
import type { Model } from '../../src/models/model.ts';
import { pullFiles, type PullOptions } from '../../src/models/pull.ts';
import { verifyFiles } from '../../src/models/verify.ts';
import { scratchFolder } from '../support/scratch.ts';
import { closedPort, holdAfter, madeUp, quickClock, serveFiles, status, truncated } from './file-server.ts';

const PULL = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'models', 'pull.ts')).href;
const scratch = scratchFolder();
const BODY = randomBytes(300_000);
const TOKENS = Buffer.from('a 0\nb 1\n');
const FILES = { 'model.onnx': BODY, 'tokens.txt': TOKENS };
const at = (name: string): Record<string, Buffer> => ({
  [`/${name}/model.onnx`]: BODY,
  [`/${name}/tokens.txt`]: TOKENS,
});

let made = 0;
async function setUp({ ranges = true, unpinned = false } = {}) {
  const name = `made-up-${made++}`;
  const server = await serveFiles(at(name), { ranges });
  const pinned = madeUp(name, FILES);
  const files = pinned.files.map((file) => ({ ...file, sha256: null, bytes: null }));
  const model: Model = unpinned ? { ...pinned, files } : pinned;
  const clock = quickClock();
  const modelsDir = join(scratch, name);
  const options: PullOptions = { modelsDir, baseUrl: server.url, clock };
  return { model, server, clock, modelsDir, options, folder: join(modelsDir, name) };
}

const failsWith =
  (code: string, message = /./) =>
  (error: unknown): boolean =>
    error instanceof EarshotError && error.code === code && message.test(`${error.message} | ${error.hint}`);

test('a model appears with all of its files and a manifest, and nothing is left beside it', async () => {
  const { model, options, modelsDir, folder, server } = await setUp();
  const progress: [number, number | null][] = [];
  await pullFiles(model, { ...options, onProgress: (done, total) => progress.push([done, total]) });
  assert.deepEqual(readdirSync(modelsDir), [model.name]);
  assert.deepEqual(readdirSync(folder).sort(), ['manifest.json', 'model.onnx', 'tokens.txt']);
  assert.deepEqual(readFileSync(join(folder, 'model.onnx')), BODY);
  const all = BODY.length + TOKENS.length;
  assert.deepEqual(progress.at(-1), [all, all]);
  assert.ok(progress.every(([done], i) => i === 0 || done >= (progress[i - 1] as [number, null])[0]));
  const asked = server.seen.length;
  await pullFiles(model, options);
  assert.equal(server.seen.length, asked, 'an installed model is not fetched again');
});

test('a cut connection is resumed with a range, by the same run', async () => {
  const { model, options, server, clock } = await setUp();
  const held = holdAfter(BODY, 100_000);
  server.script.push(held.answer);
  await pullFiles(model, { ...options, onProgress: (bytes) => bytes === 100_000 && held.cut() });
  assert.match(server.seen[1] ?? '', /model\.onnx bytes=100000-$/);
  assert.deepEqual(clock.slept, [1000]);
});

test('another run resumes what an earlier one left', async () => {
  const { model, options, server, folder } = await setUp();
  const aborted = new AbortController();
  server.script.push(holdAfter(BODY, 150_000).answer);
  await assert.rejects(
    pullFiles(model, {
      ...options,
      signal: aborted.signal,
      onProgress: (bytes) => bytes === 150_000 && aborted.abort(),
    }),
    failsWith('cancelled'),
  );
  await pullFiles(model, options);
  assert.match(server.seen[1] ?? '', /model\.onnx bytes=150000-$/);
  assert.deepEqual(readFileSync(join(folder, 'model.onnx')), BODY);
});

test('a finished file of an unfinished model is not fetched twice', async () => {
  const { model, options, server } = await setUp();
  server.script.push((_request, response) => {
    server.script.push(status(403));
    response.writeHead(200, { 'content-length': BODY.length }).end(BODY);
  });
  await assert.rejects(pullFiles(model, options), failsWith('download_failed', /403/));
  const before = server.seen.length;
  await pullFiles(model, options);
  assert.deepEqual(
    server.seen.slice(before).map((line) => line.split('/').at(-1)),
    ['tokens.txt'],
  );
});

test('a server without ranges is asked from the start again', async () => {
  const { model, options, server, folder } = await setUp({ ranges: false });
  const held = holdAfter(BODY, 100_000);
  server.script.push(held.answer);
  await pullFiles(model, { ...options, onProgress: (bytes) => bytes === 100_000 && held.cut() });
  assert.equal(server.seen.length, 3);
  assert.deepEqual(readFileSync(join(folder, 'model.onnx')), BODY);
});

test('a wrong sha256 is refused and nothing of it is kept', async () => {
  const { model, options, modelsDir } = await setUp();
  const files = model.files.map((file) => ({ ...file, sha256: 'ab'.repeat(32) }));
  await assert.rejects(
    pullFiles({ ...model, files }, options),
    failsWith('model_corrupt', /expected sha256 abab/),
  );
  assert.equal(await installedManifest(modelsDir, model), null);
  assert.deepEqual(readdirSync(join(modelsDir, `.pulling-${model.name}`, 'model')), []);
});

test('an old part of another version is thrown away and the file fetched anew', async () => {
  const { model, options, modelsDir, folder } = await setUp();
  const parts = join(modelsDir, `.pulling-${model.name}`, 'parts');
  mkdirSync(parts, { recursive: true });
  writeFileSync(join(parts, 'model.onnx.part'), randomBytes(1000));
  await pullFiles(model, options);
  assert.deepEqual(readFileSync(join(folder, 'model.onnx')), BODY);
});

test('a wrong size is refused before the body is read', async () => {
  const { model, options } = await setUp();
  const files = model.files.map((file) => ({ ...file, bytes: 299_999 }));
  await assert.rejects(
    pullFiles({ ...model, files }, options),
    failsWith('model_corrupt', /expected 299999 bytes/),
  );
});

test('404 fails at once and says how to place the files by hand', async () => {
  const { model, options, server, folder } = await setUp();
  server.script.push(status(404));
  await assert.rejects(pullFiles(model, options), (error: EarshotError) => {
    assert.equal(error.code, 'download_failed');
    for (const part of ['EARSHOT_MODEL_BASE_URL', folder, 'models list made-up', 'models verify'])
      assert.ok(error.hint?.includes(part), part);
    return true;
  });
  assert.equal(server.seen.length, 1);
});

test('503 and 429 are tried again, after what Retry-After says', async () => {
  const { model, options, server, clock } = await setUp();
  server.script.push(status(503), status(429, { 'retry-after': '7' }));
  await pullFiles(model, options);
  assert.deepEqual(clock.slept, [1000, 7000]);
});

test('a server that stays broken is given up, with waits that double', async () => {
  const { model, options, server, clock } = await setUp();
  server.script.push(...Array.from({ length: 9 }, () => status(500)));
  await assert.rejects(pullFiles(model, options), failsWith('download_failed', /answered 500/));
  assert.deepEqual(clock.slept, [1000, 2000, 4000, 8000]);
});

test('a body that always ends too early is given up', async () => {
  const { model, options, server } = await setUp({ ranges: false });
  server.script.push(...Array.from({ length: 9 }, () => truncated(BODY)));
  await assert.rejects(pullFiles(model, options), failsWith('download_failed'));
  assert.equal(server.seen.length, 5);
});

test('without a way to the server the model is missing, soon', async () => {
  const { model, options, clock } = await setUp();
  const baseUrl = `http://127.0.0.1:${await closedPort()}/mirror/`;
  await assert.rejects(
    pullFiles(model, { ...options, baseUrl }),
    failsWith(
      'model_missing',
      /127\.0\.0\.1:\d+\/mirror\/made-up.* \| offline: .*--no-pull.*EARSHOT_MODEL_BASE_URL/,
    ),
  );
  assert.deepEqual(clock.slept, [1000]);
});

test('two processes at once fetch every file once', async () => {
  const { model, options, server, modelsDir } = await setUp();
  const script = `
    const { pullFiles } = await import(${JSON.stringify(PULL)});
    await pullFiles(${JSON.stringify(model)}, ${JSON.stringify({ modelsDir, baseUrl: options.baseUrl })});`;
  const child = (): Promise<unknown> =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  await Promise.all([child(), child()]);
  assert.equal(server.seen.length, 2);
  assert.deepEqual(readdirSync(modelsDir), [model.name]);
});

test('two pulls at once fetch every file once', async () => {
  const { model, options, server, modelsDir } = await setUp();
  await Promise.all([pullFiles(model, options), pullFiles(model, options), pullFiles(model, options)]);
  assert.equal(server.seen.length, 2);
  assert.deepEqual(readdirSync(modelsDir), [model.name]);
});

test('an abort ends the pull', async () => {
  const { model, options } = await setUp();
  const aborted = new AbortController();
  aborted.abort();
  await assert.rejects(pullFiles(model, { ...options, signal: aborted.signal }), { name: 'AbortError' });
});

test('a model that does not fit on the disk is not begun', async () => {
  const { model, options, server } = await setUp();
  const files = model.files.map((file) => ({ ...file, bytes: 1e15 }));
  await assert.rejects(
    pullFiles({ ...model, files }, options),
    failsWith('disk_full', /needs 2000000000 MB/),
  );
  assert.equal(server.seen.length, 0);
});

test('an unpinned part is continued only while the server says that the file is still the same', async () => {
  for (const [etag, wanted] of [
    [undefined, 'model.onnx bytes=100000-'],
    ['"another"', 'model.onnx bytes=100000-'],
  ] as const) {
    const { model, options, server, folder } = await setUp({ unpinned: true });
    const held = holdAfter(BODY, 100_000, etag);
    server.script.push(held.answer);
    await pullFiles(model, { ...options, onProgress: (bytes) => bytes === 100_000 && held.cut() });
    assert.ok(server.seen[1]?.endsWith(wanted), server.seen[1]);
    assert.deepEqual(readFileSync(join(folder, 'model.onnx')), BODY);
  }
});

test('a file unknown to the catalogue is pinned by what the first pull brought', async () => {
  const { model, options, modelsDir, folder } = await setUp({ unpinned: true });
  await pullFiles(model, options);
  const manifest = await installedManifest(modelsDir, model);
  assert.deepEqual(
    manifest?.files.map((file) => file.pinned_by),
    ['first-pull', 'first-pull'],
  );
  assert.ok((await verifyFiles(modelsDir, model)).ok);
  writeFileSync(join(folder, 'tokens.txt'), 'a 0\nb 2\n');
  const verified = await verifyFiles(modelsDir, model);
  assert.match(verified.files[1]?.problem ?? '', /expected sha256/);
});

test("the publisher's stated sha256, on the redirect, is checked and pins the file", async () => {
  const { model, modelsDir, clock } = await setUp({ unpinned: true });
  const { sha256: _, ...rest } = madeUp(model.name, FILES).files[0] as Model['files'][number];
  const only: Model = { ...model, files: [{ ...rest, sha256: null, bytes: null }] };
  const answers = (stated: string): typeof fetch =>
    (async (url: string) =>
      url.includes('cdn')
        ? new Response(new Uint8Array(BODY))
        : new Response(null, {
            status: 302,
            headers: { location: 'https://cdn.invalid/x', 'x-linked-etag': `"${stated}"` },
          })) as typeof fetch;
  const options: PullOptions = { modelsDir, baseUrl: null, clock };
  await assert.rejects(
    pullFiles(only, { ...options, fetch: answers('cd'.repeat(32)) }),
    failsWith('model_corrupt', /expected sha256 cdcd/),
  );
  const right = madeUp('x', FILES).files[0]?.sha256 as string;
  await pullFiles(only, { ...options, fetch: answers(right) });
  assert.equal((await installedManifest(modelsDir, only))?.files[0]?.pinned_by, 'publisher');
});

test('a redirect from https to http is refused', async () => {
  const { model, modelsDir, clock } = await setUp();
  const plain = (async () =>
    new Response(null, { status: 302, headers: { location: 'http://plain.invalid/' } })) as typeof fetch;
  await assert.rejects(
    pullFiles(model, { modelsDir, baseUrl: null, clock, fetch: plain }),
    failsWith('download_failed', /not https/),
  );
});

test('files placed by hand become a model when they pass, and only then', async () => {
  const { model, options, folder, server, modelsDir } = await setUp();
  await assert.rejects(verifyFiles(modelsDir, model), failsWith('model_missing', /models pull/));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), BODY);
  assert.equal((await verifyFiles(modelsDir, model)).files[1]?.problem, 'missing');
  assert.equal(await installedManifest(modelsDir, model), null);
  writeFileSync(join(folder, 'tokens.txt'), TOKENS);
  await pullFiles(model, options);
  assert.equal(server.seen.length, 0);
  assert.notEqual(await installedManifest(modelsDir, model), null);
});

test('a damaged model is not installed, and is replaced whole by the next pull', async () => {
  const { model, options, folder, modelsDir } = await setUp();
  await pullFiles(model, options);
  writeFileSync(join(folder, 'tokens.txt'), 'short');
  assert.equal(await installedManifest(modelsDir, model), null);
  await pullFiles(model, options);
  assert.deepEqual(readFileSync(join(folder, 'tokens.txt')), TOKENS);
  assert.deepEqual(readdirSync(modelsDir), [model.name]);
});
