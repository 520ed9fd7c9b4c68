import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../src/util/process.ts';
import { serving } from './cli/serving.ts';

const ROOT = join(import.meta.dirname, '..');
const OURS = 'http://127.0.0.1:8001';

/** The fenced blocks of a page in one language, without those marked for another purpose. */
async function blocks(page: string, language: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    (match) => match[1] ?? '',
  );
}

test('everything that docs/serve.md shows runs against a server that was just started', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-docs-'));
  const server = await serving(folder, [], {}, true);
  t.after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const env = { ...process.env, EARSHOT_SERVER: server.url, RESULTS: folder };
  const shells = await blocks('docs/serve.md', 'sh');
  const programs = await blocks('docs/serve.md', 'js');
  assert.ok(shells.length >= 3 && programs.length >= 2);
  for (const shell of shells) {
    const { code, stdout, stderr } = await runIn(
      'bash',
      ['-euo', 'pipefail', '-c', shell.replaceAll(OURS, server.url)],
      env,
    );
    assert.equal(code, 0, `${shell}\n${stderr}`);
    assert.notEqual(stdout + stderr, '', shell);
  }
  for (const program of programs) {
    const path = join(ROOT, `.docs-${process.pid}.mjs`); // where `import 'earshot/client'` finds this very package
    await writeFile(path, program.replaceAll(OURS, server.url));
    try {
      const { code, stdout, stderr } = await runIn(
        process.execPath,
        ['--conditions=earshot-source', path],
        env,
      );
      assert.equal(code, 0, `${program}\n${stderr}`);
      assert.match(stdout, /monday/i, program);
    } finally {
      await rm(path, { force: true });
    }
  }
  assert.match(await readFile(join(folder, 'clip.srt'), 'utf8'), /monday/i);
});

/** The documentation's commands are run where they say: in the folder of the checkout. */
async function runIn(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const names = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  return run('env', ['-C', ROOT, ...names, program, ...args]);
}
