import { join } from 'node:path';
import { wordErrorRate } from '../src/scoring/wer.ts';
import { normaliseWords } from '../src/scoring/words.ts';
import { run } from '../src/util/process.ts';
import type { OneRun } from './child.ts';
import { longTalk } from './recordings.ts';
import type { Row } from './row.ts';

/** Other programs on the machine only lengthen a run, and longest what wants all cores: the shortest of these counts. */
const RUNS = 3;

/** All of Earshot against `pocketsphinx_continuous` run once over the same file, both from start to end of the process. */
export async function bareEngine(folder: string): Promise<Row[]> {
  const { path, truth } = await longTalk(folder);
  const reference = normaliseWords(truth.words.map((word) => word.text).join(' '));
  const bares: Measured[] = [];
  const all: Measured[] = [];
  for (let i = 0; i < RUNS; i++) {
    bares.push(await measured('pocketsphinx_continuous', ['-infile', path, '-logfn', '/dev/null']));
    const script = join(import.meta.dirname, 'run-one.ts');
    all.push(await measured(process.execPath, [script, path, folder, 'pocketsphinx']));
  }
  const [bare, earshot] = [shortest(bares), shortest(all)];
  const { text, audioSeconds } = JSON.parse(earshot.stdout) as OneRun;
  const wer = (heard: string): number => wordErrorRate(reference, normaliseWords(heard)).wer;
  const rates = [wer(bare.stdout), wer(text)] as const;
  return [
    {
      what: 'wall time of Earshot / wall time of bare pocketsphinx',
      measured: (earshot.wall / bare.wall).toFixed(3),
      wanted: '<= 0.60',
      seen: `${earshot.wall.toFixed(1)} s / ${bare.wall.toFixed(1)} s for ${audioSeconds.toFixed(0)} s of talk, the shortest of ${RUNS} runs each`,
    },
    {
      what: 'processor time of Earshot / processor time of bare pocketsphinx',
      measured: (earshot.cpu / bare.cpu).toFixed(3),
      wanted: '',
      seen: `${earshot.cpu.toFixed(1)} s / ${bare.cpu.toFixed(1)} s, in the same runs`,
    },
    {
      what: 'word error rate of Earshot - of bare pocketsphinx, points',
      measured: ((rates[1] - rates[0]) * 100).toFixed(2),
      wanted: '<= 0',
      seen: `${(rates[1] * 100).toFixed(2)} % and ${(rates[0] * 100).toFixed(2)} % of ${reference.length} words`,
    },
  ];
}

/** What a program printed, and seconds: by the clock, and on all cores by it and what it started. */
interface Measured {
  readonly stdout: string;
  readonly wall: number;
  readonly cpu: number;
}

/** The shell's `times` ends with a line of the user and system time of its children and of theirs: `0m1.23s 0m0.45s`. */
async function measured(program: string, args: readonly string[]): Promise<Measured> {
  const began = performance.now();
  const { code, stdout, stderr } = await run('sh', [
    ...['-c', '"$@" || exit; times >&2', 'sh'],
    ...[program, ...args],
  ]);
  const wall = (performance.now() - began) / 1000;
  if (code !== 0) throw new Error(`${program} failed: ${stderr}`);
  const times = [...(stderr.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  const cpu = times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  return { stdout, wall, cpu };
}

function shortest(runs: readonly Measured[]): Measured {
  return runs.toSorted((one, other) => one.wall - other.wall)[0] as Measured;
}
