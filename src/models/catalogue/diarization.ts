import type { Model } from '../model.ts';
import { huggingFace } from './hugging-face.ts';

const PYANNOTE = {
  repo: 'csukuangfj/sherpa-onnx-pyannote-segmentation-3-0',
  revision: '9403a6902bb58e3d5ae8c7e77c3422de279db2e0',
};
/** The tag is spelled like this by its publisher. */
const EMBEDDINGS = 'https://github.com/k2-fsa/sherpa-onnx/releases/download/speaker-recongition-models';

/** What finds speech and tells speakers apart, all through sherpa-onnx. */
export const DIARIZATION_MODELS: readonly Model[] = [
  {
    name: 'silero-vad',
    tasks: ['vad'],
    engine: { family: 'sherpa', kind: 'silero-vad' },
    files: [
      {
        name: 'model.onnx',
        url: 'https://github.com/snakers4/silero-vad/raw/v6.2.1/src/silero_vad/data/silero_vad.onnx',
        bytes: 2_327_524,
        sha256: '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3',
      },
    ],
    licence: 'MIT',
    languages: [],
    source: 'https://github.com/snakers4/silero-vad',
    description: 'Silero VAD v6: tells speech from everything else.',
  },
  {
    name: 'pyannote-segmentation-3.0',
    tasks: ['segmentation'],
    engine: { family: 'sherpa', kind: 'pyannote' },
    files: [
      huggingFace(
        PYANNOTE,
        'model.onnx',
        'model.onnx',
        5_992_913,
        '220ad67ca923bef2fa91f2390c786097bf305bceb5e261d4af67b38e938e1079',
      ),
    ],
    licence: 'MIT',
    languages: [],
    source: 'https://huggingface.co/pyannote/segmentation-3.0',
    description: 'Who of up to three speakers speaks when within ten seconds, overlaps included.',
  },
  {
    name: 'nemo-titanet-small',
    tasks: ['speaker-embedding'],
    engine: { family: 'sherpa', kind: 'speaker-embedding' },
    files: [
      {
        name: 'model.onnx',
        url: `${EMBEDDINGS}/nemo_en_titanet_small.onnx`,
        bytes: 40_257_283,
        sha256: 'ad4a1802485d8b34c722d2a9d04249662f2ece5d28a7a039063ca22f515a789e',
      },
    ],
    licence: 'CC-BY-4.0',
    languages: ['en'],
    source: 'https://catalog.ngc.nvidia.com/orgs/nvidia/teams/nemo/models/titanet_small',
    description: 'Voice prints, 192 values; NVIDIA NeMo, trained on English.',
  },
  {
    name: '3dspeaker-campplus-en',
    tasks: ['speaker-embedding'],
    engine: { family: 'sherpa', kind: 'speaker-embedding' },
    files: [
      {
        name: 'model.onnx',
        url: `${EMBEDDINGS}/3dspeaker_speech_campplus_sv_en_voxceleb_16k.onnx`,
        bytes: 29_596_978,
        sha256: '357a834f702b80161e5b981182c038e18553c1f2ca752ed6cec2052365d4129b',
      },
    ],
    licence: 'Apache-2.0',
    languages: ['en'],
    source: 'https://modelscope.cn/models/iic/speech_campplus_sv_en_voxceleb_16k',
    description: 'Voice prints, 512 values; 3D-Speaker CAM++, trained on VoxCeleb.',
  },
  {
    name: '3dspeaker-eres2net-zh',
    tasks: ['speaker-embedding'],
    engine: { family: 'sherpa', kind: 'speaker-embedding' },
    files: [
      {
        name: 'model.onnx',
        url: `${EMBEDDINGS}/3dspeaker_speech_eres2net_base_sv_zh-cn_3dspeaker_16k.onnx`,
        bytes: 39_593_761,
        sha256: '1a331345f04805badbb495c775a6ddffcdd1a732567d5ec8b3d5749e3c7a5e4b',
      },
    ],
    licence: 'Apache-2.0',
    languages: ['zh'],
    source: 'https://modelscope.cn/models/iic/speech_eres2net_base_sv_zh-cn_3dspeaker_16k',
    description: 'Voice prints, 512 values; 3D-Speaker ERes2Net, trained on Mandarin.',
  },
  {
    name: 'wespeaker-resnet34-en',
    tasks: ['speaker-embedding'],
    engine: { family: 'sherpa', kind: 'speaker-embedding' },
    files: [
      {
        name: 'model.onnx',
        url: `${EMBEDDINGS}/wespeaker_en_voxceleb_resnet34_LM.onnx`,
        bytes: 26_530_550,
        sha256: 'e9848563da86f263117134dfd7ad63c92355b37de492b55e325400c9d9c39012',
      },
    ],
    licence: 'CC-BY-4.0',
    languages: ['en'],
    source: 'https://huggingface.co/Wespeaker/wespeaker-voxceleb-resnet34-LM',
    description: 'Voice prints, 256 values; WeSpeaker ResNet34, trained on VoxCeleb.',
  },
];
