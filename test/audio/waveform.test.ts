import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWaveform, openWaveforms, waveformBlocks, type Waveform } from '../../src/audio/waveform.ts';
import { babble, makeWaveform } from '../support/media.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const absent = (samples: number): Waveform => ({
  ...{ path: join(folder, 'never-made.wav'), samples, duration: samples / 16_000 },
});

test('a waveform that was never made is a clear error with the way out', async () => {
  await assert.rejects(openWaveform(absent(16_000)), {
    code: 'recording_unreadable',
    message: 'the decoded waveform never-made.wav of the recording is not there',
    hint: /run the same command again/,
  });
});

test(
  'when one of several cannot be opened, those that are open already are closed',
  { skip: !existsSync('/proc/self/fd') && 'needs /proc to see open files' },
  async () => {
    const first = makeWaveform(join(folder, 'first.wav'), 1, babble);
    const opened = await openWaveforms([['a', first]]);
    assert.equal(openFiles(first.path), 1);
    await opened.get('a')?.close();
    await assert.rejects(
      openWaveforms([
        ['a', first],
        ['b', absent(16_000)],
      ]),
      { code: 'recording_unreadable' },
    );
    assert.equal(openFiles(first.path), 0);
  },
);

test('a waveform without a sample needs no file', async () => {
  assert.equal((await openWaveforms([[null, absent(0)]])).size, 0);
  for await (const block of waveformBlocks(absent(0), 1)) assert.fail(`a block at ${block.start} s`);
});

function openFiles(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(join('/proc/self/fd', fd)) === path;
    } catch {
      return false; // the listing's own, closed by now
    }
  }).length;
}
