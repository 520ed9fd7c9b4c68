import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../src/util/process.ts';
import { serving, type Serving } from './cli/serving.ts';

const ROOT = join(import.meta.dirname, '..');
const OURS = 'http://127.0.0.1:8001';

/** What every program of a page prints, and what the page leaves in the folder for results. */
const PAGES = {
  'docs/serve.md': { blocks: 5, prints: /monday/i, leaves: ['clip.srt', /monday/i] },
  'docs/how-to/known-speakers.md': { blocks: 6, prints: /\bAnn\b/, leaves: ['clip.json', /"label": ?"Ann"/] },
  'docs/how-to/compatible-doors.md': { blocks: 4, prints: /monday/i, leaves: ['clip.json', /"prosody"/] },
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

for (const [page, { blocks, prints, leaves }] of Object.entries(PAGES))
  test(`everything that ${page} shows runs, in its order, against a server that was just started`, async () => {
    const results = await mkdtemp(join(folder, 'results-'));
    const env = { ...process.env, EARSHOT_SERVER: server.url, RESULTS: results };
    const shown = await blocksOf(page);
    assert.ok(shown.length >= blocks, `${shown.length} blocks`);
    for (const { language, text } of shown) {
      const { code, stdout, stderr } = await (language === 'sh' ? shell(text, env) : program(text, env));
      assert.equal(code, 0, `${text}\n${stderr}`);
      assert.notEqual(stdout + stderr, '', text);
      assert.doesNotMatch(stdout, /"error"/, text);
      if (language === 'js') assert.match(stdout, prints, text);
    }
    const [name, holds] = leaves;
    assert.match(await readFile(join(results, name), 'utf8'), holds);
  });

interface Block {
  readonly language: 'sh' | 'js';
  readonly text: string;
}

/** The fenced blocks of a page, for this server, without those marked for another purpose. */
async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(sh|js)\n(.*?)^```/gms)].map(([, language, block = '']) => ({
    language: language as Block['language'],
    text: block.replaceAll(OURS, server.url),
  }));
}

const shell = (text: string, env: NodeJS.ProcessEnv) => runIn('bash', ['-euo', 'pipefail', '-c', text], env);

async function program(text: string, env: NodeJS.ProcessEnv) {
  const path = join(ROOT, `.docs-${process.pid}.mjs`); // where `import 'earshot/client'` finds this very package
  await writeFile(path, text);
  try {
    return await runIn(process.execPath, ['--conditions=earshot-source', path], env);
  } finally {
    await rm(path, { force: true });
  }
}

/** The documentation's commands are run where they say: in the folder of the checkout. */
async function runIn(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const names = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  return run('env', ['-C', ROOT, ...names, command, ...args]);
}
