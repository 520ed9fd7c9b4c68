import { z } from 'zod';
import { FieldError } from './errors.ts';

const number = (max: number) => z.coerce.number().min(0).max(max).optional();
const strategy = z.strictObject({
  type: z.literal('server_vad'),
  threshold: number(1),
  prefix_padding_ms: number(60_000),
  silence_duration_ms: number(60_000),
});

/**
 * Checks OpenAI's `chunking_strategy`: "auto", JSON text, or fields `chunking_strategy[key]`, given here as pairs with
 * the key "" for the field itself. It is a hint: recordings are always cut by voice activity, by the server's own
 * settings. Throws a FieldError when it is none of these.
 */
export function checkChunkingStrategy(given: readonly (readonly [key: string, value: string])[]): void {
  if (given.length === 0) return;
  const whole = given.filter(([key]) => key === '').map(([, value]) => value);
  if (whole.length === 1 && given.length === 1 && /^(?:auto|null|)$/.test(whole[0] as string)) return;
  const parsed = strategy.safeParse(whole.length === 0 ? Object.fromEntries(given) : json(whole));
  if (parsed.success) return;
  const { path, message } = parsed.error.issues[0] as z.core.$ZodIssue;
  const where = path.length === 0 ? '' : `[${String(path[0])}]`;
  throw new FieldError(
    'chunking_strategy',
    `"chunking_strategy${where}": ${message}; expected auto, or an object with the type server_vad`,
  );
}

function json(texts: readonly string[]): unknown {
  try {
    return texts.length === 1 ? JSON.parse(texts[0] as string) : null;
  } catch {
    return null;
  }
}
