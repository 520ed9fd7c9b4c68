/** Errors of the cheapest alignment; `wer` = errors / words. */
export interface WordErrors {
  readonly errors: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** Words of the reference. */
  readonly words: number;
  /** 0.05 is 5 %; may be above 1. With an empty reference: 0 when nothing is wrong, Infinity otherwise. */
  readonly wer: number;
}

/**
 * Word error rate as NIST's sclite counts it: the alignment that is cheapest when a substitution costs 4, an insertion
 * or deletion 3 (so it need not be the one with the fewest errors); among equally cheap ones the one that is found from
 * the end by preferring a pair of words to an insertion to a deletion, as there. Words are compared as they are: pass
 * both texts through `normaliseWords`. Takes time and memory of reference x hypothesis words: score a long recording by parts.
 */
export function wordErrorRate(reference: readonly string[], hypothesis: readonly string[]): WordErrors {
  const counts = countErrors(reference, hypothesis);
  const errors = counts.substitutions + counts.deletions + counts.insertions;
  const words = reference.length;
  return { errors, ...counts, words, wer: errors === 0 ? 0 : errors / words };
}

/** sclite's weights. */
const SUBSTITUTION = 4;
const DELETION = 3;
const INSERTION = 3;

function countErrors(
  reference: readonly string[],
  hypothesis: readonly string[],
): Pick<WordErrors, 'substitutions' | 'deletions' | 'insertions'> {
  const width = hypothesis.length + 1;
  const cost = new Int32Array((reference.length + 1) * width);
  const costAt = (row: number, column: number): number => cost[row * width + column] ?? 0;
  const diagonal = (row: number, column: number): number =>
    costAt(row - 1, column - 1) + (reference[row - 1] === hypothesis[column - 1] ? 0 : SUBSTITUTION);
  for (let row = 0; row <= reference.length; row++)
    for (let column = 0; column < width; column++)
      if (row === 0 || column === 0) cost[row * width + column] = row * DELETION + column * INSERTION;
      else
        cost[row * width + column] = Math.min(
          diagonal(row, column),
          costAt(row - 1, column) + DELETION,
          costAt(row, column - 1) + INSERTION,
        );
  const counts = { substitutions: 0, deletions: 0, insertions: 0 };
  let [row, column] = [reference.length, hypothesis.length];
  while (row > 0 || column > 0) {
    if (row > 0 && column > 0 && costAt(row, column) === diagonal(row, column)) {
      row--;
      column--;
      if (reference[row] !== hypothesis[column]) counts.substitutions++;
    } else if (column > 0 && costAt(row, column) === costAt(row, column - 1) + INSERTION) {
      column--;
      counts.insertions++;
    } else {
      row--;
      counts.deletions++;
    }
  }
  return counts;
}
