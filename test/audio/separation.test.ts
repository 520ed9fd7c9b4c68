import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { decode } from '../../src/audio/decode.ts';
import { openRecording } from '../../src/audio/recording.ts';
import { relateChannels, type ChannelRelation } from '../../src/audio/separation.ts';
import type { Waveform } from '../../src/audio/waveform.ts';
import { ffmpeg, SAMPLES } from '../support/media.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const clip = join(SAMPLES, 'clip.flac');

async function relationOf(path: string): Promise<ChannelRelation> {
  const recording = await openRecording(path);
  const picks = [null, 0, 1].map((channel) => ({ stream: 0, channel }));
  const paths = ['m', 'l', 'r'].map((name) => join(folder, `${name}.wav`));
  const { waveforms } = await decode(recording, picks, paths);
  const [mix, left, right] = waveforms as [Waveform, Waveform, Waveform];
  return relateChannels(mix, left, right);
}

test('the two ends of a call are separate', async () => {
  assert.equal(await relationOf(join(SAMPLES, 'call.flac')), 'separate');
});

for (const [name, filter, relation] of [
  ['the same sound on both channels', 'pan=stereo|c0=c0|c1=c0', 'one_scene'],
  ['a sound that is louder on the left', 'pan=stereo|c0=c0|c1=0.4*c0', 'one_scene'],
  ['a silent right channel', 'pan=stereo|c0=c0|c1=0*c0', 'one_scene'],
  ['a right channel of opposite polarity', 'pan=stereo|c0=c0|c1=-1*c0', 'cancelling'],
] as const)
  test(`${name} is ${relation}`, async () => {
    const path = join(folder, 'stereo.wav');
    ffmpeg('-i', clip, '-af', filter, path);
    assert.equal(await relationOf(path), relation);
  });
