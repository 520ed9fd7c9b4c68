import { isLanguage, meantLanguage } from '../language.ts';
import { boolean, choice, number, someOf, text, urls } from '../option.ts';
import { RECOGNITION_ENGINES } from '../../speech/recognition/index.ts';

const TRANSCRIBING = ['transcribe', 'batch', 'demo', 'serve'] as const;
/** Commands that have it done by a server: what is not the usual is part of the job, the rest is the server's own setting. */
const ASKING = ['submit', 'watch'] as const;

/** What shall be made of a recording, and by which engine. */
export const TRANSCRIPTION_OPTIONS = {
  engine: choice({
    group: 'Transcription',
    description: 'Recogniser. auto takes the best one that is installed or can be pulled, and says which.',
    commands: TRANSCRIBING,
    choices: ['auto', ...RECOGNITION_ENGINES.map(({ name }) => name)],
    default: 'auto',
    example: 'pocketsphinx',
  }),
  model: text({
    group: 'Transcription',
    description: 'Model of the engine: a name of the catalogue or a path. Default: the best of the engine.',
    commands: [...TRANSCRIBING, ...ASKING],
    default: null,
    placeholder: '<name>',
    accepts: 'a model name or a path',
    example: 'whisper-tiny.en',
  }),
  language: text({
    group: 'Transcription',
    description: 'Language spoken, as an ISO 639 code, or auto to detect it.',
    commands: [...TRANSCRIBING, ...ASKING],
    default: 'auto',
    placeholder: '<code>',
    accepts: 'auto or a language code such as en, de or yue',
    pattern: /^(auto|[a-z]{2,3})$/,
    fits: (code) => code === 'auto' || isLanguage(code),
    meant: meantLanguage,
    example: 'en',
  }),
  task: choice({
    group: 'Transcription',
    description: 'Write what was said, or its translation into English.',
    commands: [...TRANSCRIBING, ...ASKING],
    choices: ['transcribe', 'translate'],
    default: 'transcribe',
    example: 'translate',
  }),
  vad: choice({
    group: 'Transcription',
    description: 'How speech is found. auto takes Silero where its model is installed.',
    commands: TRANSCRIBING,
    choices: ['auto', 'silero', 'energy'],
    default: 'auto',
    example: 'energy',
  }),
  enrich: someOf({
    group: 'Transcription',
    description: 'What to add to every segment: how it was said, its sentiment, its emotion.',
    commands: [...TRANSCRIBING, ...ASKING, 'enrich'],
    choices: ['prosody', 'sentiment', 'emotion'],
    default: ['prosody', 'sentiment'],
    mayBeEmpty: true,
    example: 'prosody',
  }),
  workers: urls({
    group: 'Transcription',
    description: 'Other machines that recognise chunks: Earshot or any OpenAI-compatible server.',
    commands: [...TRANSCRIBING, 'doctor'],
    otherEnv: ['WORKER_URLS'],
    example: 'http://gpu-1:8001,http://gpu-2:8001',
  }),
  diarization: choice({
    group: 'Speakers',
    description: 'How speakers are told apart. channels: one speaker a channel. off: nobody gets a name.',
    commands: [...TRANSCRIBING, ...ASKING],
    choices: ['auto', 'pyannote', 'classic', 'channels', 'off'],
    default: 'auto',
    example: 'classic',
  }),
  speakers: number({
    group: 'Speakers',
    description: 'Exact number of speakers. Default: found out.',
    commands: [...TRANSCRIBING, ...ASKING],
    default: null,
    min: 1,
    max: 100,
    example: '3',
  }),
  minSpeakers: number({
    group: 'Speakers',
    description: 'There are at least so many speakers.',
    commands: [...TRANSCRIBING, ...ASKING],
    default: null,
    min: 1,
    max: 100,
    example: '2',
  }),
  maxSpeakers: number({
    group: 'Speakers',
    description: 'There are at most so many speakers.',
    commands: [...TRANSCRIBING, ...ASKING],
    default: null,
    min: 1,
    max: 100,
    example: '4',
  }),
  jobs: number({
    group: 'Running',
    description:
      'Chunks recognised at the same time. Default: what the cores, the memory and the engine allow.',
    commands: TRANSCRIBING,
    default: null,
    min: 1,
    max: 256,
    example: '2',
  }),
  pull: boolean({
    group: 'Running',
    description: 'Download a model that is needed and not here.',
    without: 'Do not download models: work with what is here.',
    commands: [...TRANSCRIBING, 'enrich'],
    default: true,
    example: 'false',
  }),
};
