import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atomicWrite } from '../util/atomic-write.ts';
import { createWebhookSecret } from '../util/webhook-signature.ts';

/** The secret that signs this server's webhooks: made at the first start, the same from then on. */
export async function webhookSecret(folder: string): Promise<string> {
  const path = join(folder, 'webhook-secret');
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (kept !== null) return kept.trim();
  const made = createWebhookSecret();
  await atomicWrite(path, `${made}\n`, 0o600);
  return made;
}
