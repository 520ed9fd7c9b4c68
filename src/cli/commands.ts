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
  submit: {
    summary: 'have recordings transcribed by a server, and save the results',
    argument: { form: '<input...>', description: 'files, folders, patterns, URLs, or - for stdin' },
    examples: [
      ['submit talk.mp4', 'sends it, waits, and writes txt, srt, vtt and json beside the video'],
      ['submit recordings/ --server https://earshot.example --out transcripts', 'another server'],
      ['submit talk.mp4 --detach', 'prints the id of the job and does not wait'],
    ],
    load: async () => (await import('./commands/submit.ts')).submitCommand,
  },
  jobs: {
    summary: 'list, show, cancel or retry the jobs of a server; print a result or a log',
    argument: {
      form: '<action> [id...]',
      description: 'list, show, result, cancel, retry or logs, and ids of jobs',
    },
    examples: [
      ['jobs list --status failed', 'the newest first'],
      ['jobs result 0b3c2f1e-… --to srt', 'to stdout'],
    ],
    load: async () => (await import('./commands/jobs.ts')).jobsCommand,
  },
  watch: {
    summary: 'have every new recording of a folder or bucket transcribed by a server, once',
    argument: { form: '<place>', description: 'a folder, or a gs:// or s3:// address' },
    examples: [
      ['watch inbox --out transcripts', 'until it is interrupted; goes on where it was'],
      ['watch gs://bucket/calls --once', 'one look, for a scheduler'],
      ['watch inbox --once --retry-failed', 'what failed, too'],
    ],
    load: async () => (await import('./commands/watch.ts')).watchCommand,
  },
  keys: {
    summary: 'create, list or revoke the keys that a server lets in',
    argument: { form: '<action> [id...]', description: 'create, list or revoke, and ids of keys to revoke' },
    examples: [
      ['keys create --id ci --scopes submit,read --file keys.json', 'prints the key, this once'],
      ['keys revoke ci --file keys.json', 'a running server notices within a second'],
    ],
    load: async () => (await import('./commands/keys.ts')).keysCommand,
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
