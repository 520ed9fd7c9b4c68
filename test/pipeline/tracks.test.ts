import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { openRecording } from '../../src/audio/recording.ts';
import { decodeTracks } from '../../src/pipeline/tracks.ts';
import { babble, makeWaveform } from '../support/media.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const whole = join(folder, 'whole.wav');

before(() => makeWaveform(whole, 4, babble));

/** The warnings on a recording whose WAV header states `size` bytes of sound and that ends after `cut` bytes. */
async function warned(size: number, cut?: number): Promise<string[]> {
  const bytes = Buffer.from(readFileSync(whole).subarray(0, cut));
  bytes.writeUInt32LE(size, 40);
  const path = join(folder, 'talk.wav');
  writeFileSync(path, bytes);
  const { warnings } = await decodeTracks(await openRecording(path), 'off', folder, undefined);
  return warnings.map(({ code, message }) => `${code}: ${message}`);
}

test('a recording whose header is right has no warning', async () => {
  assert.deepEqual(await warned(128_000), []);
  assert.deepEqual(await warned(0xffff_ffff), []);
});

test('a header that states too little is told, and so is a file that was cut off', async () => {
  assert.deepEqual(await warned(3200), [
    'recording_length_wrong: the header states 0.1 s of audio, but the file holds 4.0 s: all of it was used',
  ]);
  assert.deepEqual(await warned(128_000, 64_044), [
    'recording_truncated: the file states 4.0 s of audio, but only 2.0 s could be decoded',
  ]);
});
