import { createRequire } from 'node:module';

/**
 * Loads a package that need not be installed: from our own node_modules, those above, or NODE_PATH (so that a globally
 * installed one is found too). Null when it is not there or its native part does not load on this machine. The caller
 * names the shape it uses; such packages bring no types of their own.
 */
export function optionalImport<T>(name: string): T | null {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch {
    return null;
  }
}
