import { boolean, number, someOf, text } from '../option.ts';
import { formatNames } from '../../writers/index.ts';
import { DEFAULT_WRITER_OPTIONS } from '../../writers/writer.ts';

const FORMATS: readonly string[] = formatNames;
const WRITING = ['transcribe', 'batch', 'convert', 'submit', 'jobs', 'watch', 'demo'] as const;

/** Where results go and what they look like. */
export const OUTPUT_OPTIONS = {
  out: text({
    group: 'Output',
    description:
      'Folder for the results; of watch also a gs:// or s3:// place. Default: beside the input; demo: .earshot/demo; enrich, and convert and jobs result to one format: standard output.',
    commands: ['transcribe', 'enrich', 'convert', 'submit', 'jobs', 'watch', 'demo'],
    default: null,
    placeholder: '<dir>',
    accepts: 'a folder',
    example: 'transcripts',
  }),
  formats: someOf({
    group: 'Output',
    description: 'Formats to write.',
    commands: ['transcribe', 'submit', 'watch', 'demo'],
    choices: FORMATS,
    default: ['txt', 'srt', 'vtt', 'json'],
    mayBeEmpty: false,
    example: 'json,srt',
  }),
  to: someOf({
    group: 'Output',
    description: 'Format to convert to; several give several files.',
    commands: ['convert', 'jobs'],
    choices: FORMATS,
    default: ['txt'],
    mayBeEmpty: false,
    everywhere: false,
    placeholder: '<format>',
    example: 'vtt',
  }),
  overwrite: boolean({
    group: 'Output',
    description: 'Replace results that are already there.',
    commands: ['transcribe', 'batch', 'enrich', 'convert', 'submit', 'jobs', 'watch', 'demo'],
    default: false,
    example: 'true',
  }),
  maxLineChars: number({
    group: 'Subtitles',
    description: 'Characters in a line of a subtitle.',
    commands: WRITING,
    default: DEFAULT_WRITER_OPTIONS.maxLineChars,
    min: 10,
    max: 1000,
    example: '37',
  }),
  maxLines: number({
    group: 'Subtitles',
    description: 'Lines in a subtitle.',
    commands: WRITING,
    default: DEFAULT_WRITER_OPTIONS.maxLines,
    min: 1,
    max: 10,
    example: '1',
  }),
  maxCueSeconds: number({
    group: 'Subtitles',
    description: 'Seconds that a subtitle may stay.',
    commands: WRITING,
    default: DEFAULT_WRITER_OPTIONS.maxCueSeconds,
    min: 1,
    max: 60,
    fraction: true,
    example: '5.5',
  }),
  bom: boolean({
    group: 'Subtitles',
    description: 'Begin srt, vtt, txt and csv files with a byte order mark.',
    commands: WRITING,
    default: DEFAULT_WRITER_OPTIONS.bom,
    example: 'true',
  }),
};
