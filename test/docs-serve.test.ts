import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../src/util/process.ts';
import { serving, type Serving } from './cli/serving.ts';

const ROOT = join(import.meta.dirname, '..');
const OURS = 'http://127.0.0.1:8001';

/** How many programs a page has, what each prints, and what the page leaves in the folder for results. */
const PAGES = {
  'docs/serve.md': { programs: 2, prints: /monday/i, leaves: ['clip.srt', /monday/i] },
  'docs/how-to/known-speakers.md': {
    programs: 2,
    prints: /\bAnn\b/,
    leaves: ['clip.json', /"label": ?"Ann"/],
  },
  'docs/how-to/compatible-doors.md': { programs: 1, prints: /monday/i, leaves: ['clip.json', /"prosody"/] },
} as const;

let folder: string;
let server: Serving;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-docs-'));
  server = await serving(folder, [], {}, true);
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

for (const [page, { programs, prints, leaves }] of Object.entries(PAGES))
  test(`everything that ${page} shows runs as it stands, in its order, against a server that was just started`, async () => {
    const checkout = await newCheckout();
    const shown = await blocksOf(page);
    const programsRun = new Set<string>();
    for (const { file, text } of shown) {
      if (file !== null) {
        await writeFile(join(checkout, file), text);
        continue;
      }
      const { code, stdout, stderr } = await shell(text, checkout);
      assert.equal(code, 0, `${text}\n${stderr}`);
      assert.notEqual(stdout + stderr, '', text);
      assert.doesNotMatch(stdout, /"error"/, text);
      const [, program] = /^npx node .*?(\w+\.mjs)$/m.exec(text) ?? [];
      if (program === undefined) continue;
      assert.match(stdout, prints, text);
      programsRun.add(program);
    }
    const files = shown.flatMap(({ file }) => file ?? []);
    assert.deepEqual([...programsRun], files, 'each program is run by a command of the page');
    assert.equal(files.length, programs);
    const [name, holds] = leaves;
    assert.match(await readFile(join(checkout, 'results', name), 'utf8'), holds);
  });

for (const page of ['docs/serve.md', 'docs/how-to/compatible-doors.md'])
  test(`who asks again and again as ${page} says is told when the job has failed`, async () => {
    const [loop] = (await blocksOf(page)).filter(({ text }) => text.includes('sleep'));
    assert.ok(loop !== undefined);
    const checkout = await newCheckout();
    await writeFile(join(checkout, 'broken.flac'), `no sound, ${page}`);
    const asked = loop.text.replaceAll('samples/clip.flac', 'broken.flac');
    const { code, stdout } = await shell(asked, checkout);
    assert.equal(code, 22, 'of curl, for an error of the server');
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, 'job_state');
    assert.match(error.message, /failed/);
  });

interface Block {
  /** The program that is to be saved; null: commands. */
  readonly file: string | null;
  readonly text: string;
}

/** The fenced blocks of a page, for this server, without those marked for another purpose. */
async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  assert.doesNotMatch(text, /^```js$/m, 'a program has a name');
  return [...text.matchAll(/^```(?:sh|js (\w+\.mjs))\n(.*?)^```/gms)].map(([, file = null, block = '']) => ({
    file,
    text: block.replaceAll(OURS, server.url),
  }));
}

/** A checkout of this very state, in which a page may leave what it likes: nothing that a reader left in ours is in it. */
async function newCheckout(): Promise<string> {
  const checkout = await mkdtemp(join(folder, 'checkout-'));
  for (const name of await readdir(ROOT))
    if (name !== 'results' && !name.endsWith('.mjs')) await symlink(join(ROOT, name), join(checkout, name));
  return checkout;
}

/** Commands as a reader types them, in the folder of a checkout; only the server is at another address. */
const shell = (text: string, checkout: string) =>
  run('env', [
    ...['-C', checkout, `EARSHOT_SERVER=${server.url}`, `EARSHOT_DATA=${join(checkout, 'data')}`],
    ...['timeout', '120', 'bash', '-euo', 'pipefail', '-c', text],
  ]);
