/**
 * `npm run bench [name …]`: the figures of docs/performance.md. Every one is a ratio of two things done in the same run
 * on the same machine, or a size. Benchmarks only: nothing here passes or fails a build.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { atomicWrite } from '../src/util/atomic-write.ts';
import { bareEngine } from './bare-engine.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { http } from './http.ts';
import { jobs } from './jobs.ts';
import { overhead } from './overhead.ts';
import type { Row } from './row.ts';
import { server } from './server.ts';

const BENCHES: Readonly<Record<string, (folder: string) => Promise<Row[]>>> = {
  'bare-engine': bareEngine,
  overhead,
  growth,
  'fan-out': fanOut,
  http,
  jobs,
  server,
};
const PAGE = join(import.meta.dirname, '..', 'docs', 'performance.md');

const asked = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'earshot-bench-'));
try {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    process.stderr.write(`bench: ${name}\n`);
    const text = render(await bench(folder));
    process.stdout.write(`\n${name}\n\n${text}\n`);
    await keep(name, text);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function render(rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${row.what} | ${row.measured} | ${row.wanted} | ${row.seen} |`);
  return ['| what | measured | wanted | seen |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** Puts the table between its two marks in docs/performance.md. */
async function keep(name: string, text: string): Promise<void> {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const page = readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for ${name}`);
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}:`;
  await atomicWrite(PAGE, `${page.slice(0, from)}${begin}\n\n${machine}\n\n${text}\n\n${page.slice(to)}`);
}
