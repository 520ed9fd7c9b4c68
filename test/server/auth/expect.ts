import assert from 'node:assert/strict';
import { EarshotError } from '../../../src/errors.ts';

/** The EarshotError that `work` throws or rejects with. */
export async function errorOf(work: () => unknown): Promise<EarshotError> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof EarshotError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}
