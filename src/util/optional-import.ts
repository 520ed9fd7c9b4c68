/**
 * Imports a package that need not be installed. Resolves with its exports (CommonJS exports where it is of that kind),
 * or with null when it is not installed or its native part does not load on this machine. The caller names the shape it
 * uses; such packages bring no types of their own.
 */
export async function optionalImport<T>(name: string): Promise<T | null> {
  try {
    const found = (await import(name)) as { default?: T };
    return found.default ?? (found as T);
  } catch {
    return null;
  }
}
