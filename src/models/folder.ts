import { join } from 'node:path';

/** The folder a model has or would have. */
export function modelFolder(modelsDir: string, name: string): string {
  return join(modelsDir, name);
}
