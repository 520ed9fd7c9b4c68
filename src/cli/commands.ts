import type { CommandName } from '../config/commands.ts';
import type { Command } from './command.ts';

/** Every command. Its flags are the rows of config/options.ts that name it. */
export const COMMAND_TABLE: Readonly<Record<CommandName, Command>> = {
  transcribe: {
    summary: 'turn recordings into transcripts: who said what, when and how',
    argument: { form: '<input...>', description: 'files, folders, patterns, URLs, or - for stdin' },
    examples: [
      ['transcribe talk.mp4', 'txt, srt, vtt and json beside the video'],
      ['transcribe recordings/ --out transcripts', 'everything in a folder'],
      ['transcribe call.wav --diarization channels', 'a call with one speaker a channel'],
      ['transcribe - --formats srt < talk.mp3 > talk.srt', 'from stdin to stdout'],
      ['transcribe talk.wav --workers http://gpu-1:8001,http://gpu-2:8001', 'on other machines'],
    ],
    load: async () => (await import('./commands/transcribe.ts')).transcribeCommand,
  },
  batch: {
    summary: 'transcribe all of DIR/raw_audio into its sibling folders, skipping what is done',
    argument: null,
    examples: [['batch --root recordings', 'raw_audio/ -> input_audio/, whisper_json/, transcripts/']],
    load: async () => (await import('./commands/batch.ts')).batchCommand,
  },
  enrich: {
    summary: 'add prosody, sentiment and emotion to a transcript that has none',
    argument: { form: '<transcript>', description: 'the .json file that transcribe wrote' },
    examples: [
      ['enrich talk.json --audio talk.mp4 --enrich prosody', 'replaces talk.json when given --overwrite'],
    ],
    load: async () => (await import('./commands/enrich.ts')).enrichCommand,
  },
  convert: {
    summary: 'write a transcript in another format',
    argument: { form: '<transcript>', description: 'the .json file that transcribe wrote; - for stdin' },
    examples: [
      ['convert talk.json --to vtt', 'to stdout'],
      ['convert talk.json --to srt,txt --out subtitles', 'to files'],
    ],
    load: async () => (await import('./commands/convert.ts')).convertCommand,
  },
  serve: {
    summary: 'recognise for others: POST /v1/audio/transcriptions',
    argument: null,
    examples: [['serve --port 8001', 'on this machine; give its URL to --workers elsewhere']],
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  models: {
    summary: 'list, pull, verify or remove the models that engines load',
    argument: {
      form: '<action> [name...]',
      description: 'list, pull, verify or remove, and names of models',
    },
    examples: [
      ['models list', 'what there is, how large, under which licence'],
      ['models pull parakeet-tdt-0.6b-v3', 'download and check one'],
    ],
    load: async () => (await import('./commands/models.ts')).modelsCommand,
  },
  doctor: {
    summary: 'say what is installed, what is missing, and the command that mends it',
    argument: null,
    examples: [['doctor', 'exit code 3 when something needed is missing']],
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  demo: {
    summary: 'transcribe a sample meeting and score the result against its truth',
    argument: null,
    examples: [['demo', 'about a minute of audio']],
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
};
