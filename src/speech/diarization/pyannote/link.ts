import type { SpeakerCount } from '../diarization.ts';
import { createLinker, type Linker } from '../linker.ts';

/** A voice as an embedding model hears it: the sum of its prints, each weighted by the seconds it was made from. */
export type Print = Float32Array;

/** Cosine similarity from which two prints are one speaker's. The models here give 0.2 to 0.4 for others. */
const SAME_SPEAKER = 0.5;

/** Links voices across blocks by the cosine of their prints. */
export function linkPrints(count: SpeakerCount): Linker<Print> {
  return createLinker({ join, group }, count);
}

function join(a: Print, b: Print): Print {
  return a.map((value, i) => value + (b[i] as number));
}

/** Joins the two most alike until no two are alike enough. The earliest pair wins a tie. */
function group(prints: readonly Print[], atLeast: number, atMost: number): number[] {
  const label = prints.map((_, i) => i);
  const clusters: (Print | null)[] = [...prints];
  for (let left = prints.length; left > Math.max(1, atLeast); left--) {
    const best = mostAlike(clusters);
    if (best.similarity < SAME_SPEAKER && left <= atMost) break;
    clusters[best.i] = join(clusters[best.i] as Print, clusters[best.j] as Print);
    clusters[best.j] = null;
    for (let k = 0; k < label.length; k++) if (label[k] === best.j) label[k] = best.i;
  }
  const names = [...new Set(label)];
  return label.map((cluster) => names.indexOf(cluster));
}

function mostAlike(clusters: readonly (Print | null)[]): { i: number; j: number; similarity: number } {
  const best = { i: -1, j: -1, similarity: -Infinity };
  clusters.forEach((a, i) => {
    if (a === null) return;
    for (let j = i + 1; j < clusters.length; j++) {
      const b = clusters[j];
      if (!b) continue;
      const similarity = cosine(a, b);
      if (similarity > best.similarity) Object.assign(best, { i, j, similarity });
    }
  });
  return best;
}

function cosine(a: Print, b: Print): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb + 1e-30);
}
