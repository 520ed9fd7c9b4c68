import { join } from 'node:path';
import { run } from '../src/util/process.ts';

/** What bench/run-one.ts prints. */
export interface OneRun {
  readonly seconds: number;
  readonly audioSeconds: number;
  readonly peakMegabytes: number;
  readonly speakers: number;
  readonly text: string;
}

/** Runs bench/run-one.ts in a process of its own; `core` pins it, and what it starts, to one core (Linux). */
export async function runOne(
  recording: string,
  folder: string,
  engine: string,
  core: number | null = null,
): Promise<OneRun> {
  const script = [join(import.meta.dirname, 'run-one.ts'), recording, folder, engine];
  const { code, stdout, stderr } = await (core === null
    ? run(process.execPath, script)
    : run('taskset', ['-c', String(core), process.execPath, ...script]));
  if (code !== 0) throw new Error(`run-one failed: ${stderr}`);
  return JSON.parse(stdout) as OneRun;
}
