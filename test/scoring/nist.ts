import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Interval, SpeakerTurn } from '../../src/scoring/der.ts';
import { run } from '../../src/util/process.ts';

/** NIST's scoring tools as Debian's package sctk installs them. */
const MD_EVAL = '/usr/lib/sctk/bin/md-eval.pl';
const SCLITE = '/usr/lib/sctk/bin/sclite';

/** For node:test's `skip`: false where the tools are there. */
export const withoutNist: string | false =
  existsSync(MD_EVAL) && existsSync(SCLITE)
    ? false
    : 'sclite and md-eval.pl are not installed (apt-get install sctk)';

export interface Layout {
  readonly reference: readonly SpeakerTurn[];
  readonly hypothesis: readonly SpeakerTurn[];
  readonly scored?: readonly Interval[];
}

/** DER in percent, to 0.01, of each layout as md-eval.pl prints it. */
export async function mdEval(layouts: readonly Layout[], collar: number): Promise<number[]> {
  return inScratch(async (folder) => {
    const rttm = (list: 'reference' | 'hypothesis'): string =>
      layouts.flatMap((layout, index) => layout[list].map((turn) => rttmLine(`f${index}`, turn))).join('');
    const uem = layouts.flatMap(({ scored }, index) =>
      (scored ?? []).map(({ start, end }) => `f${index} 1 ${start} ${end}\n`),
    );
    const path = (name: string): string => join(folder, name);
    await writeFile(path('reference.rttm'), rttm('reference'));
    await writeFile(path('hypothesis.rttm'), rttm('hypothesis'));
    await writeFile(path('scored.uem'), uem.join(''));
    const scored = uem.length > 0 ? ['-u', path('scored.uem')] : [];
    const lists = ['-r', path('reference.rttm'), '-s', path('hypothesis.rttm')];
    const exit = await run('perl', [MD_EVAL, '-af', '-c', String(collar), ...lists, ...scored]);
    const printed = /ERROR = ([\d.]+) percent of scored speaker time {2}`\(f=f(\d+)\)/g;
    const rates = new Map(
      [...exit.stdout.matchAll(printed)].map(([, rate, file]) => [Number(file), Number(rate)]),
    );
    return layouts.map((_, index) => {
      const rate = rates.get(index);
      if (rate === undefined)
        throw new Error(`md-eval.pl printed no rate for layout ${index}: ${exit.stderr}`);
      return rate;
    });
  });
}

export interface Pair {
  readonly reference: readonly string[];
  readonly hypothesis: readonly string[];
}

/** [substitutions, deletions, insertions] of each pair as sclite prints them. */
export async function sclite(pairs: readonly Pair[]): Promise<number[][]> {
  return inScratch(async (folder) => {
    for (const list of ['reference', 'hypothesis'] as const)
      await writeFile(
        join(folder, list),
        pairs.map((pair, index) => `${pair[list].join(' ')} (s-${index})\n`).join(''),
      );
    const files = ['-r', join(folder, 'reference'), 'trn', '-h', join(folder, 'hypothesis'), 'trn'];
    const exit = await run(SCLITE, [...files, '-i', 'spu_id', '-o', 'pra', 'stdout']);
    const printed = /id: \(s-(\d+)\)[^]*?Scores: \(#C #S #D #I\) \d+ (\d+) (\d+) (\d+)/g;
    const counts = new Map(
      [...exit.stdout.matchAll(printed)].map(([, id, ...numbers]) => [Number(id), numbers.map(Number)]),
    );
    return pairs.map((_, index) => {
      const count = counts.get(index);
      if (!count) throw new Error(`sclite printed no scores for pair ${index}: ${exit.stderr}`);
      return count;
    });
  });
}

function rttmLine(file: string, { speaker, start, end }: SpeakerTurn): string {
  return `SPEAKER ${file} 1 ${start.toFixed(3)} ${(end - start).toFixed(3)} <NA> <NA> ${speaker} <NA> <NA>\n`;
}

async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-nist-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
