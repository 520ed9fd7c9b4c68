import type { Transcript } from '../transcript/schema.ts';

/** Layout of subtitles and text; every writer takes it and uses what concerns it. */
export interface WriterOptions {
  /** Characters a line of a cue. */
  readonly maxLineChars: number;
  readonly maxLines: number;
  /** Seconds a cue may last. */
  readonly maxCueSeconds: number;
  /** Byte order mark in front of srt, vtt, txt and csv. */
  readonly bom: boolean;
}

export const DEFAULT_WRITER_OPTIONS: WriterOptions = {
  maxLineChars: 42,
  maxLines: 2,
  maxCueSeconds: 7,
  bom: false,
};

/** One output format: pure, the same transcript and options give the same text. */
export interface Writer {
  /** The name users give to --formats. */
  readonly format: string;
  /** What follows the stem in the file name, with its dot. */
  readonly extension: string;
  readonly mediaType: string;
  render(transcript: Transcript, options: WriterOptions): string;
  /** The same text in pieces, from a format of which ten hours of speech make tens of megabytes. */
  pieces?(transcript: Transcript, options: WriterOptions): Iterable<string>;
}

/** The text of a format for a file, piece by piece where the format can; what cannot is rendered when it is its turn. */
export function* piecesOf(writer: Writer, transcript: Transcript, options: WriterOptions): Generator<string> {
  if (writer.pieces) yield* writer.pieces(transcript, options);
  else yield writer.render(transcript, options);
}
