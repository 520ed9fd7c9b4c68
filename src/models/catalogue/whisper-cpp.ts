import type { Model } from '../model.ts';
import { huggingFace } from './hugging-face.ts';
import { PARAKEET_LANGUAGES, WHISPER_LANGUAGES, WHISPER_V3_LANGUAGES } from './languages.ts';

type Row = readonly [variant: string, bytes: number, sha256: string];

const WHISPER = { repo: 'ggerganov/whisper.cpp', revision: '5359861c739e955e79d9a303bcbc70fb988958b1' };
const PARAKEET = { repo: 'ggml-org/parakeet-GGUF', revision: '35156454d1a39de06863303dd209fd2bed6ee079' };

/** Best first. q5 and q8 are quantised to 5 and 8 bits: smaller and, but for a GPU, quicker; hardly less accurate. */
const WHISPER_ROWS: readonly Row[] = [
  ['large-v3-turbo', 1_624_555_275, '1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69'],
  ['large-v3-turbo-q8_0', 874_188_075, '317eb69c11673c9de1e1f0d459b253999804ec71ac4c23c17ecf5fbe24e259a1'],
  ['large-v3-turbo-q5_0', 574_041_195, '394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2'],
  ['large-v3', 3_095_033_483, '64d182b440b98d5203c4f9bd541544d84c605196c4f7b845dfa11fb23594d1e2'],
  ['large-v3-q5_0', 1_081_140_203, 'd75795ecff3f83b5faa89d1900604ad8c780abd5739fae406de19f23ecd98ad1'],
  ['medium', 1_533_763_059, '6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208'],
  ['medium-q5_0', 539_212_467, '19fea4b380c3a618ec4723c3eef2eb785ffba0d0538cf43f8f235e7b3b34220f'],
  ['small', 487_601_967, '1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b'],
  ['small-q8_0', 264_464_607, '49c8fb02b65e6049d5fa6c04f81f53b867b5ec9540406812c643f177317f779f'],
  ['small-q5_1', 190_085_487, 'ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb'],
  ['base', 147_951_465, '60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe'],
  ['base-q8_0', 81_768_585, 'c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9'],
  ['base-q5_1', 59_707_625, '422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898'],
  ['tiny', 77_691_713, 'be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21'],
  ['tiny-q8_0', 43_537_433, 'c2085835d3f50733e2ff6e4b41ae8a2b8d8110461e18821b09a15c40c42d1cca'],
  ['tiny-q5_1', 32_152_673, '818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7'],
];

const PARAKEET_ROWS: readonly Row[] = [
  ['q8_0', 668_757_119, '4d64e9e96c2792186d072fde0034df0ad670cf680a2f53069052ead827fd600e'],
  ['f16', 1_255_897_319, '833bffc9513b2cae867ee9e51633cfd11e4d51aaa5597c8ac02159385a2b426f'],
  ['q4_0', 355_615_679, 'aa7fe2f5fb47d863ca23e8b1d490632d63a2599f515268b6d6bd656158dad45e'],
];

/** Recognisers that whisper.cpp loads, best first. */
export const WHISPER_CPP_MODELS: readonly Model[] = [
  ...WHISPER_ROWS.map(([variant, bytes, sha256]): Model => ({
    name: `ggml-${variant}`,
    tasks: ['recognition'],
    engine: { family: 'whisper-cpp', kind: 'whisper' },
    files: [huggingFace(WHISPER, `ggml-${variant}.bin`, 'model.bin', bytes, sha256)],
    licence: 'MIT',
    languages: variant.startsWith('large-v3') ? WHISPER_V3_LANGUAGES : WHISPER_LANGUAGES,
    source: 'https://huggingface.co/ggerganov/whisper.cpp',
    description: `Whisper ${variant} for whisper.cpp, on CPU or GPU.`,
  })),
  ...PARAKEET_ROWS.map(([variant, bytes, sha256]): Model => ({
    name: `ggml-parakeet-tdt-0.6b-v3-${variant}`,
    tasks: ['recognition'],
    engine: { family: 'whisper-cpp', kind: 'parakeet' },
    files: [huggingFace(PARAKEET, `ggml-parakeet-tdt-0.6b-v3-${variant}.bin`, 'model.bin', bytes, sha256)],
    licence: 'CC-BY-4.0',
    languages: PARAKEET_LANGUAGES,
    source: 'https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3',
    description: `Parakeet TDT 0.6b v3 (${variant}) for whisper.cpp, on CPU or GPU.`,
  })),
];
