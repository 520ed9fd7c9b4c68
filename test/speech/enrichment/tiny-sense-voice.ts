import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findModel, modelFolder } from '../../../src/models/index.ts';

/** The vocabulary of the tiny model; 0 is the blank of CTC. */
const TOKENS = ['<blk>', '<|en|>', '<|HAPPY|>', '<|EMO_UNKNOWN|>', '<|Speech|>', '<|woitn|>', '▁hello'];
/** Frames it answers for; more than one second of sound has. */
const FRAMES = 600;

/**
 * Puts an ONNX model of SenseVoice's own form in the place of the catalogue's: same inputs, output and metadata, but it
 * hears "hello" and the given emotion in anything. It goes through all of sherpa-onnx but says nothing of accuracy.
 */
export async function installTinySenseVoice(modelsDir: string, emotion: string): Promise<void> {
  const model = findModel('sense-voice-small');
  const folder = modelFolder(modelsDir, model.name);
  await mkdir(folder, { recursive: true });
  const contents: Readonly<Record<string, Uint8Array>> = {
    'model.onnx': tinyModel(['<|en|>', emotion, '<|Speech|>', '<|woitn|>', '▁hello']),
    'tokens.txt': Buffer.from(TOKENS.map((token, id) => `${token} ${id}\n`).join('')),
  };
  for (const [name, bytes] of Object.entries(contents)) await writeFile(join(folder, name), bytes);
  const files = model.files.map(({ name, url, sha256 }) => {
    return { name, url, bytes: contents[name]?.length ?? 0, sha256: sha256 ?? '', pinned_by: 'catalogue' };
  });
  const manifest = { schema: 'earshot.model/1', name: model.name, pulled_at: '2026-01-01T00:00:00Z', files };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

/** The ONNX file, with the field numbers of onnx.proto: logits that are the same whatever comes in. */
function tinyModel(said: readonly string[]): Buffer {
  const logits = Buffer.alloc(FRAMES * TOKENS.length * 4);
  for (let frame = 0; frame < FRAMES; frame++)
    logits.writeFloatLE(10, (frame * TOKENS.length + TOKENS.indexOf(said[frame] ?? '<blk>')) * 4);
  const [float, int32] = [1, 6];
  const graph = [
    ...bytes(1, [...text(1, 'always'), ...text(2, 'logits'), ...text(4, 'Identity')]),
    ...text(2, 'tiny'),
    ...bytes(5, [
      ...[1, FRAMES, TOKENS.length].flatMap((size) => integer(1, size)),
      ...integer(2, float),
      ...text(8, 'always'),
      ...bytes(9, logits),
    ]),
    ...bytes(11, value('x', float, ['N', 'T', 560])),
    ...bytes(11, value('x_length', int32, ['N'])),
    ...bytes(11, value('language', int32, ['N'])),
    ...bytes(11, value('text_norm', int32, ['N'])),
    ...bytes(12, value('logits', float, [1, FRAMES, TOKENS.length])),
  ];
  const metadata = {
    ...{ model_type: 'sense_voice_ctc', vocab_size: TOKENS.length, normalize_samples: 0 },
    ...{ lfr_window_size: 7, lfr_window_shift: 6, with_itn: 14, without_itn: 15 },
    ...{ lang_auto: 0, lang_zh: 3, lang_en: 4, lang_yue: 7, lang_ja: 11, lang_ko: 12 },
    ...{ neg_mean: new Array(560).fill('0').join(), inv_stddev: new Array(560).fill('1').join() },
  };
  return Buffer.from([
    ...integer(1, 8),
    ...bytes(7, graph),
    ...bytes(8, [...text(1, ''), ...integer(2, 13)]),
    ...Object.entries(metadata).flatMap(([key, own]) =>
      bytes(14, [...text(1, key), ...text(2, String(own))]),
    ),
  ]);
}

function value(name: string, type: number, shape: readonly (string | number)[]): number[] {
  const dims = shape.flatMap((size) => bytes(1, typeof size === 'number' ? integer(1, size) : text(2, size)));
  return [...text(1, name), ...bytes(2, bytes(1, [...integer(1, type), ...bytes(2, dims)]))];
}

function integer(field: number, own: number): number[] {
  return [...varint(field << 3), ...varint(own)];
}

function text(field: number, own: string): number[] {
  return bytes(field, Buffer.from(own));
}

function bytes(field: number, own: Iterable<number>): number[] {
  const content = [...own];
  return [...varint((field << 3) | 2), ...varint(content.length), ...content];
}

function varint(own: number): number[] {
  return own < 0x80 ? [own] : [(own & 0x7f) | 0x80, ...varint(own >>> 7)];
}
