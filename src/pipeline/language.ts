import type { Transcript } from '../transcript/schema.ts';
import type { ChunkResult } from './chunk-result.ts';

/**
 * The language that most words were recognised in; its confidence is the mean over its chunks, weighted by words, null
 * when no engine gave one. `requested` is kept as asked for.
 */
export function mainLanguage(results: readonly ChunkResult[], requested: string): Transcript['language'] {
  const found = new Map<string, { words: number; weight: number; sum: number }>();
  for (const { recognition } of results) {
    if (recognition === null || recognition.language.code === null || recognition.words.length === 0)
      continue;
    const { code, confidence } = recognition.language;
    const words = recognition.words.length;
    const entry = found.get(code) ?? { words: 0, weight: 0, sum: 0 };
    const weight = confidence === null ? 0 : words;
    found.set(code, {
      words: entry.words + words,
      weight: entry.weight + weight,
      sum: entry.sum + weight * (confidence ?? 0),
    });
  }
  const [main] = [...found].sort(([a, x], [b, y]) => y.words - x.words || (a < b ? -1 : 1));
  if (!main) return { code: requested === 'auto' ? null : requested, confidence: null, requested };
  const [code, { weight, sum }] = main;
  return { code, confidence: weight === 0 ? null : Math.round((sum / weight) * 1000) / 1000, requested };
}
