import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A folder of this test file's own, removed when its tests have ended. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
