import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { atomicWrite } from '../util/atomic-write.ts';
import { fileSchema } from './model.ts';

/**
 * What was really put on this machine; `manifest.json` in the model's folder. A folder without a readable manifest is
 * not an installed model.
 */
const manifestSchema = z.object({
  schema: z.literal('earshot.model/1'),
  name: z.string(),
  pulled_at: z.string(),
  files: z.array(
    z.object({
      name: fileSchema.shape.name,
      url: fileSchema.shape.url,
      bytes: z.int().min(0),
      sha256: z.string(),
      /**
       * Who vouches for the sha256: our catalogue, the publisher's answer at the time of the pull, or nobody but the
       * first pull itself.
       */
      pinned_by: z.enum(['catalogue', 'publisher', 'first-pull']),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type InstalledFile = Manifest['files'][number];

/** The manifest in `folder`, or null when there is none that can be read. */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await atomicWrite(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}
