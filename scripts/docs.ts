import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { referencePages } from './docs/pages.ts';

/** `npm run docs` writes docs/reference from the code; with --check it only says what is stale, and fails. */
const check = process.argv.includes('--check');
const stale: string[] = [];
for (const { path, text } of await referencePages()) {
  const url = new URL(`../${path}`, import.meta.url);
  const before = await readFile(url, 'utf8').catch(() => null);
  if (before === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(url.pathname), { recursive: true });
  await writeFile(url, text);
}
for (const path of stale)
  process.stderr.write(check ? `${path} is stale: npm run docs\n` : `${path} written\n`);
process.exitCode = check && stale.length > 0 ? 1 : 0;
