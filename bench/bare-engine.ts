import { spawnSync } from 'node:child_process';
import { wordErrorRate } from '../src/scoring/wer.ts';
import { normaliseWords } from '../src/scoring/words.ts';
import { runOne } from './child.ts';
import { longTalk } from './recordings.ts';
import type { Row } from './row.ts';

/** All of Earshot against `pocketsphinx_continuous` run once over the same file. */
export async function bareEngine(folder: string): Promise<Row[]> {
  const { path, truth } = await longTalk(folder);
  const reference = normaliseWords(truth.words.map((word) => word.text).join(' '));
  const began = performance.now();
  const bare = spawnSync('pocketsphinx_continuous', ['-infile', path, '-logfn', '/dev/null'], {
    encoding: 'utf8',
  });
  const bareSeconds = (performance.now() - began) / 1000;
  const ours = await runOne(path, folder, 'pocketsphinx');
  const wer = (text: string): number => wordErrorRate(reference, normaliseWords(text)).wer;
  const rates = [wer(bare.stdout), wer(ours.text)] as const;
  return [
    {
      what: 'wall time of Earshot / wall time of bare pocketsphinx',
      measured: (ours.seconds / bareSeconds).toFixed(3),
      wanted: '<= 0.60',
      seen: `${ours.seconds.toFixed(1)} s / ${bareSeconds.toFixed(1)} s for ${ours.audioSeconds.toFixed(0)} s of talk`,
    },
    {
      what: 'word error rate of Earshot - of bare pocketsphinx, points',
      measured: ((rates[1] - rates[0]) * 100).toFixed(2),
      wanted: '<= 0',
      seen: `${(rates[1] * 100).toFixed(2)} % and ${(rates[0] * 100).toFixed(2)} % of ${reference.length} words`,
    },
  ];
}
