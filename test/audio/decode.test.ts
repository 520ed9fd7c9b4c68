import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { decode } from '../../src/audio/decode.ts';
import { openRecording } from '../../src/audio/recording.ts';
import { openWaveform, type Waveform } from '../../src/audio/waveform.ts';
import { EarshotError } from '../../src/errors.ts';
import { ffmpeg } from '../support/media.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const tone = at('tone.wav');

before(() => {
  // 0.5 s of silence, then 1.5 s of a 440 Hz tone at 0.1: its onset shows whether times are kept.
  ffmpeg('-f', 'lavfi', '-i', "aevalsrc='if(lt(t,0.5),0,0.1*sin(2*PI*440*t))':s=48000:d=2", tone);
});

const FORMATS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['8k-mulaw.wav', '-ar', '8000', '-c:a', 'pcm_mulaw'],
  ['96k-float.wav', '-ar', '96000', '-c:a', 'pcm_f32le'],
  ['24bit.flac', '-sample_fmt', 's32'],
  ['eight-channels.wav', '-ac', '8'],
  ['stereo.mp3', '-ac', '2'],
  ['voice.opus', '-ar', '16000'],
  ['phone.m4a', '-ar', '44100', '-c:a', 'aac'],
];

for (const [name, ...args] of FORMATS)
  test(`${name}: its sound comes out at the right time`, async () => {
    ffmpeg('-i', tone, ...args, at(name));
    const waveform = await decodeMono(at(name));
    assert.ok(Math.abs(waveform.duration - 2) < 0.06, `duration ${waveform.duration}`);
    const onset = await firstSound(waveform);
    assert.ok(Math.abs(onset - 0.5) < 0.02, `onset at ${onset} s`);
  });

test('the audio of a video that starts late is put at its place', async () => {
  const video = at('late.mkv');
  const picture = ['-f', 'lavfi', '-i', 'color=black:s=32x32:d=3:r=5'];
  ffmpeg(...picture, '-itsoffset', '1', '-i', tone, '-map', '0:v', '-map', '1:a', '-c:a', 'flac', video);
  const onset = await firstSound(await decodeMono(video));
  assert.ok(Math.abs(onset - 1.5) < 0.03, `onset at ${onset} s`);
});

test('one pass gives the mix and every channel', async () => {
  const stereo = at('left-only.wav');
  ffmpeg('-i', tone, '-af', 'pan=stereo|c0=c0|c1=0*c0', stereo);
  const recording = await openRecording(stereo);
  const picks = [null, 0, 1].map((channel) => ({ stream: 0, channel }));
  const { waveforms } = await decode(recording, picks, ['m.wav', 'l.wav', 'r.wav'].map(at));
  const peaks = await Promise.all(waveforms.map(peak));
  assert.ok(Math.abs((peaks[0] as number) - 0.05) < 0.002);
  assert.ok(Math.abs((peaks[1] as number) - 0.1) < 0.002);
  assert.equal(peaks[2], 0);
});

test('a truncated file gives what is there', async () => {
  ffmpeg('-i', tone, at('whole.flac'));
  const bytes = readFileSync(at('whole.flac'));
  writeFileSync(at('cut.flac'), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
  const waveform = await decodeMono(at('cut.flac'));
  assert.ok(waveform.duration > 0.5 && waveform.duration < 2, `duration ${waveform.duration}`);
});

const BAD: readonly (readonly [string, () => void, string])[] = [
  ['empty.wav', () => writeFileSync(at('empty.wav'), ''), 'recording_empty'],
  [
    'text.wav',
    () => writeFileSync(at('text.wav'), 'this is no media at all\n'.repeat(50)),
    'recording_unreadable',
  ],
  ['absent.wav', () => undefined, 'recording_not_found'],
  [
    'header-only.wav',
    () => writeFileSync(at('header-only.wav'), readFileSync(tone).subarray(0, 44)),
    'recording_unreadable',
  ],
  [
    'video.mp4',
    () => ffmpeg('-f', 'lavfi', '-i', 'color=black:s=32x32:d=1', at('video.mp4')),
    'recording_no_audio',
  ],
];

for (const [name, make, code] of BAD)
  test(`${name} is answered with ${code}`, async () => {
    make();
    await assert.rejects(decodeMono(at(name)), (error: unknown) => {
      assert.ok(error instanceof EarshotError);
      assert.equal(error.code, code);
      assert.ok(error.message.includes(name), error.message);
      assert.ok(!error.message.includes(folder), `no path of the machine: ${error.message}`);
      return true;
    });
  });

for (const name of [
  '-rf',
  'a.$(id).wav',
  'a b (1).wav',
  'concat:x.wav',
  'héé 日本 %d.wav',
  `${'n'.repeat(250)}.wav`,
])
  test(`a recording named ${name.slice(0, 20)} is a recording like any other`, async () => {
    copyFileSync(tone, join(folder, name));
    const recording = await openRecording(join(folder, name));
    assert.equal(recording.name, name);
    const { waveforms } = await decode(recording, [{ stream: 0, channel: null }], [at('named.wav')]);
    assert.equal(waveforms[0]?.samples, 32_000);
  });

for (const [name, text] of [
  ['list.m3u8', '#EXTM3U\n#EXTINF:1,\ntone.wav\n'],
  ['list.wav', 'ffconcat version 1.0\nfile tone.wav\n'],
  ['session.sdp', 'v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n'],
] as const)
  test(`${name} lists other files and is refused`, async () => {
    writeFileSync(at(name), text);
    await assert.rejects(openRecording(at(name)), {
      code: 'recording_unreadable',
      message: /list of other files/,
    });
  });

test('a playlist behind an ID3 tag is refused, too', async () => {
  const tag = Buffer.concat([Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x0a', 'latin1'), Buffer.alloc(10)]);
  for (const list of [`#EXTM3U\n#EXTINF:1,\n${tone}\n`, `ffconcat version 1.0\nfile ${tone}\n`]) {
    writeFileSync(at('tagged.mp3'), Buffer.concat([tag, Buffer.from(list)]));
    await assert.rejects(decodeMono(at('tagged.mp3')), {
      code: 'recording_unreadable',
      message: /no kind of media that Earshot opens/,
    });
  }
});

test('a header that says 1 Hz is refused before it fills the disk', async () => {
  const bytes = readFileSync(tone);
  bytes.writeUInt32LE(1, 24);
  writeFileSync(at('slow.wav'), bytes);
  await assert.rejects(openRecording(at('slow.wav')), {
    code: 'recording_unreadable',
    message: /sample rate of 1 Hz/,
  });
});

async function decodeMono(path: string): Promise<Waveform> {
  const recording = await openRecording(path);
  const { waveforms } = await decode(recording, [{ stream: 0, channel: null }], [`${at('decoded')}.wav`]);
  return waveforms[0] as Waveform;
}

async function samplesOf(waveform: Waveform): Promise<Float32Array> {
  const reader = await openWaveform(waveform);
  return reader.slice(0, waveform.duration).finally(() => reader.close());
}

async function firstSound(waveform: Waveform): Promise<number> {
  const samples = await samplesOf(waveform);
  const loud = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * 0.3;
  return samples.findIndex((value) => Math.abs(value) > loud) / 16_000;
}

async function peak(waveform: Waveform): Promise<number> {
  return (await samplesOf(waveform)).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
