import type { Model } from '../model.ts';
import { huggingFace } from './hugging-face.ts';
import { WHISPER_LANGUAGES, WHISPER_V3_LANGUAGES } from './languages.ts';

interface Row {
  readonly size: string;
  readonly revision: string;
  readonly encoder: readonly [bytes: number, sha256: string];
  readonly decoder: readonly [bytes: number, sha256: string];
  readonly card: string;
  readonly languages: string[];
  readonly description: string;
}

/** OpenAI's Whisper as int8 ONNX by the sherpa-onnx project, best first. */
export function sherpaWhisperModels(): Model[] {
  return ROWS.map(({ size, revision, encoder, decoder, card, languages, description }) => {
    const repository = { repo: `csukuangfj/sherpa-onnx-whisper-${size}`, revision };
    const tokens: readonly [number, string] = size.endsWith('.en') ? ENGLISH_TOKENS : MULTILINGUAL_TOKENS;
    return {
      name: `whisper-${size}`,
      tasks: ['recognition'],
      engine: { family: 'sherpa', kind: 'whisper' },
      files: [
        huggingFace(repository, `${size}-encoder.int8.onnx`, 'encoder.onnx', ...encoder),
        huggingFace(repository, `${size}-decoder.int8.onnx`, 'decoder.onnx', ...decoder),
        huggingFace(repository, `${size}-tokens.txt`, 'tokens.txt', ...tokens),
      ],
      licence: 'MIT',
      languages,
      source: `https://huggingface.co/openai/${card}`,
      description,
    };
  });
}

/** One vocabulary for all multilingual sizes, one for the English ones. */
const MULTILINGUAL_TOKENS = [
  816_730,
  'b34b360dbb493e781e479794586d661700670d65564001f23024971d1f2fa126',
] as const;
const ENGLISH_TOKENS = [835_554, '306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930'] as const;

const ROWS: readonly Row[] = [
  {
    size: 'turbo',
    revision: '2ca6ff69fc878651b770880507669577ac41c2ff',
    encoder: [674_716_297, 'b02dcdf54f348741e93fe732b67d933c8dcb6735655f710640143081db38878b'],
    decoder: [361_080_764, '20accd02388482eb3a46bd615631adfdc85e1eb2c7db9ea3f02a40ffe6b81547'],
    card: 'whisper-large-v3-turbo',
    languages: WHISPER_V3_LANGUAGES,
    description: 'Whisper large-v3-turbo: close to large-v3 at a fraction of its time.',
  },
  {
    size: 'large-v3',
    revision: '2a6507094dd6020d939d78e3f1834a1d06267fca',
    encoder: [766_671_985, 'd531cf17248acc43e8c09b472a0877055e770877857a5332fc1304b36534ec85'],
    decoder: [1_008_265_203, 'ebc6bfd88e162a46cb3edee8a7e727e1dcbc65cabecb19e2573695e4d495e1af'],
    card: 'whisper-large-v3',
    languages: WHISPER_V3_LANGUAGES,
    description: 'The most accurate Whisper; slow on a CPU.',
  },
  {
    size: 'medium',
    revision: '8c31d28503847560985df21f90e14f0c736e075e',
    encoder: [374_196_283, '1c54582b4d829de0089f6cb63bbbdb3bf7555398bacaf855fbecf1a84dfd193e'],
    decoder: [571_059_257, '595d00a338a365a7bfa0ca7f296cabc639583bef770ab6130df90f49a6412747'],
    card: 'whisper-medium',
    languages: WHISPER_LANGUAGES,
    description: 'Between small and large.',
  },
  {
    size: 'small',
    revision: '8f3c18b358db4d1f2fc1eae49d75cd20989e4309',
    encoder: [112_442_483, '4cbe7b22fa9026b843b60a68640c747de05bafb1a11b57edc0e66c232d9f33a9'],
    decoder: [262_226_114, 'acad50b5c782696e91b55914cc5ab4f756f1532f76e22aa6fc615f39fb69a8ee'],
    card: 'whisper-small',
    languages: WHISPER_LANGUAGES,
    description: 'A usable Whisper for two cores.',
  },
  {
    size: 'base',
    revision: 'bb53ee204431c90d314c1cc08d28d23e5b7927cc',
    encoder: [29_120_534, '0b8fb1304b6109976038efff5ace81720e00386f3ff6b54ee8c75291ca0a1e11'],
    decoder: [130_672_026, '9759d217388a01b3a4c7c15533201067b48ae819c4daafc8624e64b9409dc02d'],
    card: 'whisper-base',
    languages: WHISPER_LANGUAGES,
    description: 'Small and quick, many mistakes.',
  },
  {
    size: 'tiny',
    revision: '65176e2deb88badc814a94058666cadccc29b61c',
    encoder: [12_937_772, 'd24fb083ae3b1041fc24e97971d60e280c9342201fbb67b0ab428a8b4a51a434'],
    decoder: [89_855_401, 'd2fece8dd42771f1df975c6c0445770d0c292bf7547c2cae04a6c0cc57540925'],
    card: 'whisper-tiny',
    languages: WHISPER_LANGUAGES,
    description: 'The smallest multilingual Whisper, for trying things out.',
  },
  {
    size: 'tiny.en',
    revision: 'd026532c022fa99fd789d6b32446a1df7b6bfc43',
    encoder: [12_937_772, '0ce578b827c94a961aacb8fa14b02f096504b337e5c94be37c36238cbe3e8bc6'],
    decoder: [89_853_865, '06c0e6ff6348d427e51839219d1c886c18cfdf411e629e33f5e1679bff9c1527'],
    card: 'whisper-tiny.en',
    languages: ['en'],
    description: 'The smallest Whisper, English only.',
  },
];
