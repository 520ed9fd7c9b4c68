import type { Model } from '../model.ts';
import { huggingFace } from './hugging-face.ts';
import { PARAKEET_LANGUAGES } from './languages.ts';
import { sherpaWhisperModels } from './sherpa-whisper.ts';

const PARAKEET_V3 = {
  repo: 'csukuangfj/sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8',
  revision: '2bda32ec70b097a55adaa07d9a7173915b43cc78',
};
const SENSE_VOICE = {
  repo: 'csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17',
  revision: '2365baeacb507f821a0c8120fcee3d484dba7a07',
};
const MOONSHINE_BASE = {
  repo: 'csukuangfj/sherpa-onnx-moonshine-base-en-int8',
  revision: '052b0798ad1bf046a140fdd4efcd9426530fa3f5',
};
const MOONSHINE_TINY = {
  repo: 'csukuangfj/sherpa-onnx-moonshine-tiny-en-int8',
  revision: 'bf2b762c076d8ea61e2af0b3851c9564fb77552e',
};

/** Recognisers that sherpa-onnx loads, best for general use first. */
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
    languages: PARAKEET_LANGUAGES,
    source: 'https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3',
    description: '25 European languages with punctuation and word times; the best all-rounder on a CPU.',
  },
  ...sherpaWhisperModels(),
  {
    name: 'sense-voice-small',
    tasks: ['recognition', 'emotion'],
    engine: { family: 'sherpa', kind: 'sense-voice' },
    files: [
      huggingFace(
        SENSE_VOICE,
        'model.int8.onnx',
        'model.onnx',
        239_233_841,
        'c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51',
      ),
      huggingFace(
        SENSE_VOICE,
        'tokens.txt',
        'tokens.txt',
        315_894,
        'f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc',
      ),
    ],
    licence: 'LicenseRef-FunASR-Model-License',
    languages: ['zh', 'en', 'ja', 'ko', 'yue'],
    source: 'https://huggingface.co/FunAudioLLM/SenseVoiceSmall',
    description: 'Chinese, Cantonese, English, Japanese, Korean; also tells emotion and sound events.',
  },
  {
    name: 'moonshine-base-en',
    tasks: ['recognition'],
    engine: { family: 'sherpa', kind: 'moonshine' },
    files: [
      huggingFace(
        MOONSHINE_BASE,
        'preprocess.onnx',
        'preprocessor.onnx',
        14_077_290,
        'ffa630d395c5ccf76f5d4954be5b882df76aaf6491519ec01fd82ea7a3819fb2',
      ),
      huggingFace(
        MOONSHINE_BASE,
        'encode.int8.onnx',
        'encoder.onnx',
        50_311_494,
        '7e38770f776f2e5583a53b052936005df2ba5c833d7e09c2a5fd796b94bf73e2',
      ),
      huggingFace(
        MOONSHINE_BASE,
        'uncached_decode.int8.onnx',
        'uncached-decoder.onnx',
        122_120_451,
        'c01f4b35093bcac20d352d23a75a539e772964579f9d024a90e5e6f09cae9987',
      ),
      huggingFace(
        MOONSHINE_BASE,
        'cached_decode.int8.onnx',
        'cached-decoder.onnx',
        99_983_837,
        '2db74e51cedf64a8b1be3c8192e0bb5e4923af0e90bd9e87f8e8771873f8ea03',
      ),
      huggingFace(
        MOONSHINE_BASE,
        'tokens.txt',
        'tokens.txt',
        436_688,
        '1165c2aeb9f72f457a83be2d459a09054f27490acd9b41bd43794dfd25e296ea',
      ),
    ],
    licence: 'MIT',
    languages: ['en'],
    source: 'https://huggingface.co/UsefulSensors/moonshine-base',
    description: 'English; quick on short phrases.',
  },
  {
    name: 'moonshine-tiny-en',
    tasks: ['recognition'],
    engine: { family: 'sherpa', kind: 'moonshine' },
    files: [
      huggingFace(
        MOONSHINE_TINY,
        'preprocess.onnx',
        'preprocessor.onnx',
        6_800_738,
        'f33addce61a143460fe753b5ee5b7db255e5140b5b779c065b94f6c83ff0bf4e',
      ),
      huggingFace(
        MOONSHINE_TINY,
        'encode.int8.onnx',
        'encoder.onnx',
        18_249_187,
        '8774dfba578de027ec6595c2c654a0836434489bc963a0db124a7f181f571acb',
      ),
      huggingFace(
        MOONSHINE_TINY,
        'uncached_decode.int8.onnx',
        'uncached-decoder.onnx',
        53_216_096,
        '216737000dd5881a17aa043f6bbd286add33e4c3b0ae257153e2ec15438bdc41',
      ),
      huggingFace(
        MOONSHINE_TINY,
        'cached_decode.int8.onnx',
        'cached-decoder.onnx',
        45_264_830,
        '2aff28bba6a03d8dcf5c9feac45462629bae37317442299f28115ad09da773f6',
      ),
      huggingFace(
        MOONSHINE_TINY,
        'tokens.txt',
        'tokens.txt',
        436_688,
        '1165c2aeb9f72f457a83be2d459a09054f27490acd9b41bd43794dfd25e296ea',
      ),
    ],
    licence: 'MIT',
    languages: ['en'],
    source: 'https://huggingface.co/UsefulSensors/moonshine-tiny',
    description: 'English; the quickest there is here.',
  },
];
