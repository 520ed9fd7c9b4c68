import type { Model } from '../model.ts';
import { huggingFace } from './hugging-face.ts';

const PARAKEET_V3 = {
  repo: 'csukuangfj/sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8',
  revision: '2bda32ec70b097a55adaa07d9a7173915b43cc78',
};

/** Recognisers that sherpa-onnx loads, best first. */
export const SHERPA_MODELS: readonly Model[] = [
  {
    name: 'parakeet-tdt-0.6b-v3',
    tasks: ['recognition'],
    engine: { family: 'sherpa', kind: 'nemo-transducer' },
    files: [
      huggingFace(
        PARAKEET_V3,
        'encoder.int8.onnx',
        'encoder.onnx',
        652_184_281,
        'acfc2b4456377e15d04f0243af540b7fe7c992f8d898d751cf134c3a55fd2247',
      ),
      huggingFace(
        PARAKEET_V3,
        'decoder.int8.onnx',
        'decoder.onnx',
        11_845_275,
        '179e50c43d1a9de79c8a24149a2f9bac6eb5981823f2a2ed88d655b24248db4e',
      ),
      huggingFace(
        PARAKEET_V3,
        'joiner.int8.onnx',
        'joiner.onnx',
        6_355_277,
        '3164c13fc2821009440d20fcb5fdc78bff28b4db2f8d0f0b329101719c0948b3',
      ),
      huggingFace(
        PARAKEET_V3,
        'tokens.txt',
        'tokens.txt',
        93_939,
        'd58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d',
      ),
    ],
    licence: 'CC-BY-4.0',
    languages: 'bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk'.split(' '),
    source: 'https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3',
    description: '25 European languages, punctuation, word times; the best all-rounder on a CPU.',
  },
];
