import { openWaveform } from '../../../audio/waveform.ts';
import { EarshotError } from '../../../errors.ts';
import { isInstalled, modelFile, pullModel } from '../../../models/index.ts';
import { optionalImport } from '../../../util/optional-import.ts';
import { blocksOf } from '../blocks.ts';
import type { DiarizationEngine, DiarizationOptions } from '../diarization.ts';
import { nameSpeakers, type NumberedTurn } from '../turns.ts';
import { linkPrints } from './link.ts';
import { startWorker } from './worker-client.ts';

const SEGMENTATION = 'pyannote-segmentation-3.0';
/** Best first; the first is the one to pull. */
const EMBEDDINGS = [
  'nemo-titanet-small',
  'wespeaker-resnet34-en',
  '3dspeaker-campplus-en',
  '3dspeaker-eres2net-zh',
];
const INSTALL = 'npm install sherpa-onnx-node';

/**
 * pyannote's segmentation and a speaker embedding through sherpa-onnx, on a worker thread. Long recordings go through in
 * blocks that are cut in pauses; the speakers of the blocks are linked by their voice prints.
 */
export const pyannoteDiarization: DiarizationEngine = {
  name: 'pyannote',

  async check({ modelsDir, pull }) {
    if (optionalImport<object>('sherpa-onnx-node') === null)
      return { ok: false, reason: 'sherpa-onnx-node is not installed', fix: INSTALL };
    const embedding = await installedEmbedding(modelsDir);
    const missing = [
      ...((await isInstalled(modelsDir, SEGMENTATION)) ? [] : [SEGMENTATION]),
      ...(embedding === null ? [EMBEDDINGS[0] as string] : []),
    ];
    if (missing.length > 0 && !pull)
      return {
        ok: false,
        reason: `model ${missing.join(' and ')} not on this machine`,
        fix: `earshot models pull ${missing.join(' ')}`,
      };
    return { ok: true, model: `${SEGMENTATION} + ${embedding ?? EMBEDDINGS[0]}`, device: 'cpu' };
  },

  async fetch(options, signal) {
    await locate(options, signal);
  },

  async diarize(tracks, options, task) {
    if (tracks.every((track) => track.spans.length === 0)) return [];
    const worker = await startWorker(await locate(options, task.signal), task.signal);
    const linker = linkPrints(options);
    const turns: NumberedTurn[] = [];
    try {
      const total = tracks.reduce((sum, { waveform }) => sum + waveform.duration, 0);
      let before = 0;
      for (const { waveform, spans, channel } of tracks) {
        const reader = await openWaveform(waveform);
        try {
          const blocks = blocksOf(spans, waveform.duration);
          const alone = blocks.length === 1 && tracks.length === 1;
          for (const block of blocks) {
            task.signal?.throwIfAborted();
            const samples = await reader.slice(block.start, block.end);
            const found = await worker.diarize(samples, alone ? options : null);
            const voices = found.prints.map((print) => linker.add(print));
            for (const { start, end, speaker } of found.segments)
              turns.push({
                start: block.start + start,
                end: Math.min(waveform.duration, block.start + end),
                speaker: voices[speaker] as number,
                channel,
              });
            task.onProgress?.((before + block.end) / total);
          }
        } finally {
          await reader.close();
        }
        before += waveform.duration;
      }
    } finally {
      await worker.close();
    }
    const speakers = linker.speakers();
    return nameSpeakers(turns.map((turn) => ({ ...turn, speaker: speakers[turn.speaker] as number })));
  },
};

/** The files of both models; pulls what is missing when that is allowed. */
async function locate(
  options: DiarizationOptions,
  signal?: AbortSignal,
): Promise<{ segmentation: string; embedding: string }> {
  const { modelsDir, pull, onNotice } = options;
  const embedding = (await installedEmbedding(modelsDir)) ?? (EMBEDDINGS[0] as string);
  for (const name of [SEGMENTATION, embedding]) {
    if (await isInstalled(modelsDir, name)) continue;
    if (!pull)
      throw new EarshotError('model_missing', `model ${name} is not on this machine`, {
        hint: `earshot models pull ${name}`,
      });
    onNotice?.(`pulling ${name}`);
    await pullModel(name, { modelsDir, baseUrl: options.modelBaseUrl ?? null, ...(signal && { signal }) });
  }
  return {
    segmentation: modelFile(modelsDir, SEGMENTATION, 'model.onnx'),
    embedding: modelFile(modelsDir, embedding, 'model.onnx'),
  };
}

/** The best model for voice prints that is on this machine; null: none. */
export async function installedEmbedding(modelsDir: string): Promise<string | null> {
  for (const name of EMBEDDINGS) if (await isInstalled(modelsDir, name)) return name;
  return null;
}
