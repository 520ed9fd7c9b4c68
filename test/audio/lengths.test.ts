import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { decode } from '../../src/audio/decode.ts';
import { openRecording, type Recording } from '../../src/audio/recording.ts';
import { openWaveform, type Waveform } from '../../src/audio/waveform.ts';
import { ffmpeg } from '../support/media.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const tone = at('tone.wav');

before(() => ffmpeg('-f', 'lavfi', '-i', 'sine=440:d=2:r=16000', '-bitexact', tone));

/** A picture at 0 s, and the tone that begins `seconds` later. */
function late(name: string, seconds: number, ...codec: string[]): string {
  const picture = ['-f', 'lavfi', '-i', 'color=black:s=32x32:d=1:r=5'];
  const sound = ['-itsoffset', String(seconds), '-i', tone];
  ffmpeg(...picture, ...sound, '-map', '0:v', '-map', '1:a', ...codec, at(name));
  return at(name);
}

/** The tone with holes of `seconds` between its tenths. */
function holes(name: string, seconds: number): string {
  ffmpeg(
    '-i',
    tone,
    '-af',
    `asetnsamples=3200,asetpts=PTS+floor(T/0.2)*${seconds}/TB`,
    '-c:a',
    'flac',
    at(name),
  );
  return at(name);
}

test('sound that begins after half an hour is put there', async () => {
  const { waveform } = await decoded(late('half-an-hour.mp4', 1800, '-c:a', 'aac', '-ar', '48000'));
  assert.ok(Math.abs(waveform.duration - 1802) < 0.1, `${waveform.duration} s`);
  const reader = await openWaveform(waveform);
  const [before, behind] = [await reader.slice(1798, 1799.8), await reader.slice(1800.2, 1801.8)];
  await reader.close();
  assert.equal(peak(before), 0);
  assert.ok(peak(behind) > 0.1);
});

for (const [what, hours] of [
  ['a day', 24],
  ['more samples than 32 bits count', 60],
] as const)
  test(`a few kilobytes whose sound begins after ${what} are refused before anything is written`, async () => {
    const recording = await openRecording(late('far.mp4', hours * 3600, '-c:a', 'aac'));
    assert.ok(recording.bytes < 20_000);
    await assert.rejects(decodeTo(recording, 'never.wav'), {
      code: 'recording_unreadable',
      message: new RegExp(`^far\\.mp4 has timestamps .* begins after ${hours}\\.0 h of nothing$`),
    });
    assert.ok(!readdirSync(folder).includes('never.wav'));
  });

test('a hole of a day in the middle is refused, and takes bounded memory and disk', async () => {
  const recording = await openRecording(holes('hole.mkv', 86_400));
  await assert.rejects(decodeTo(recording, 'hole.wav'), {
    code: 'recording_unreadable',
    message: /a hole of hours/,
  });
  assert.ok(statSync(at('hole.wav')).size < 3.1 * 115.2e6);
});

test('many holes that each could be are refused where they are more than the bytes can be', async () => {
  const recording = await openRecording(holes('holes.mkv', 3000)); // 9 of them: 7.5 h
  await assert.rejects(decodeTo(recording, 'holes.wav'), {
    code: 'recording_unreadable',
    message: /cannot be more than 3\.\d h of sound/,
  });
  assert.ok(statSync(at('holes.wav')).size < 3.7 * 115.2e6);
});

const patched = (name: string, size: number, tail = Buffer.alloc(0), cut?: number): string => {
  const bytes = Buffer.from(readFileSync(tone).subarray(0, cut));
  bytes.writeUInt32LE(size, bytes.indexOf('data') + 4);
  writeFileSync(at(name), Buffer.concat([bytes, tail]));
  return at(name);
};
const chunk = Buffer.concat([Buffer.from('LIST\x00\x40\x00\x00', 'latin1'), Buffer.alloc(0x4000)]);

for (const [what, size, tail] of [
  ['0, as a recorder leaves it that lost power', 0],
  ['0xFFFFFFFF, as ffmpeg writes into a pipe', 0xffff_ffff],
  ['0x7FFFF000, as sox does', 0x7fff_f000],
  ['0x80000000, as arecord does', 0x8000_0000],
  ['right, with a chunk behind', 64_000, chunk],
  ['right, with a short trailer behind', 64_000, Buffer.alloc(128, 1)],
] as const)
  test(`a WAV header with a size of ${what}: all sound, and nothing to complain of`, async () => {
    const { recording, waveform } = await decoded(patched('sized.wav', size, tail));
    assert.ok(!recording.understated);
    assert.equal(recording.statedDuration, 2);
    assert.ok(waveform.duration >= 2 && waveform.duration < 2.01, `${waveform.duration} s`);
  });

test('a WAV header that states less than there is: all sound is decoded', async () => {
  const { recording, waveform } = await decoded(patched('small.wav', 320));
  assert.ok(recording.understated);
  assert.equal(waveform.duration, 2);
});

test('a WAV file that was cut off states what it should have been', async () => {
  const { recording, waveform } = await decoded(patched('cut.wav', 64_000, undefined, 20_044));
  assert.ok(!recording.understated);
  assert.ok(Math.abs((recording.statedDuration ?? 0) - 2) < 0.001);
  assert.ok(Math.abs(waveform.duration - 0.625) < 0.001);
});

test('a film that goes on when its sound has ended states the length of its sound, or none', async () => {
  const picture = ['-f', 'lavfi', '-i', 'color=black:s=32x32:d=8:r=5'];
  for (const [name, stated] of [
    ['film.mp4', 2],
    ['film.mkv', null],
  ] as const) {
    ffmpeg(...picture, '-i', tone, '-c:a', 'aac', at(name));
    const { recording, waveform } = await decoded(at(name));
    assert.equal(recording.statedDuration?.toFixed(0) ?? null, stated?.toFixed(0) ?? null, name);
    assert.ok(Math.abs(waveform.duration - 2) < 0.2, `${name}: ${waveform.duration} s`);
  }
});

test('an RF64 file states its size in a chunk of its own', async () => {
  ffmpeg('-i', tone, '-rf64', 'always', at('large.wav'));
  const whole = await decoded(at('large.wav'));
  assert.deepEqual([whole.recording.understated, whole.recording.statedDuration], [false, 2]);
  writeFileSync(at('cut64.wav'), readFileSync(at('large.wav')).subarray(0, 32_000));
  const cut = await decoded(at('cut64.wav'));
  assert.ok(Math.abs((cut.recording.statedDuration ?? 0) - 2) < 0.001);
  assert.ok(cut.waveform.duration < 1);
});

async function decodeTo(recording: Recording, name: string): Promise<Waveform> {
  const { waveforms } = await decode(recording, [{ stream: 0, channel: null }], [at(name)]);
  return waveforms[0] as Waveform;
}

async function decoded(path: string): Promise<{ recording: Recording; waveform: Waveform }> {
  const recording = await openRecording(path);
  return { recording, waveform: await decodeTo(recording, 'decoded.wav') };
}

const peak = (samples: Float32Array): number =>
  samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
