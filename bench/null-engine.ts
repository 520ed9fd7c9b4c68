import type { RecognitionEngine } from '../src/speech/recognition/recognition.ts';

/**
 * Recognises nothing, at no cost, but says a word every 0.4 s, so that attribution, prosody and writers have as much to
 * do as with a real engine.
 */
export const nullEngine: RecognitionEngine = {
  name: 'null',
  chunking: { target: 60, max: 120 },
  check: async () => ({ ok: true, model: null, device: 'cpu' }),
  open: async (options) => ({
    engine: 'null',
    model: null,
    device: 'cpu',
    concurrency: options.jobs ?? 1,
    recognize: async (audio) => ({
      words: Array.from({ length: Math.floor(audio.samples.length / 6400) }, (_, i) => ({
        text: `word${i % 7 === 6 ? '.' : ''}`,
        start: audio.start + i * 0.4,
        end: audio.start + i * 0.4 + 0.35,
        confidence: null,
        speaker: null,
      })),
      language: { code: 'en', confidence: null },
    }),
    close: async () => undefined,
  }),
};
