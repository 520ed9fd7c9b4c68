/** The candidate that a mistyped word most likely meant, or null when none is near. */
export function suggest(word: string, candidates: readonly string[]): string | null {
  return nearest(word, candidates)[0] ?? null;
}

/** The candidates that a mistyped word may have meant, nearest first; those that differ in more than two of five characters are left out. */
export function nearest(word: string, candidates: readonly string[]): string[] {
  const most = (candidate: string): number =>
    Math.max(1, Math.floor(Math.max(word.length, candidate.length) * 0.4));
  return candidates
    .filter((candidate) => Math.abs(candidate.length - word.length) <= most(candidate)) // each costs one at least
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= most(candidate))
    .sort((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate);
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours each count one. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      row.push(cost);
    }
    before = above;
    above = row;
  }
  return above[b.length] as number;
}
