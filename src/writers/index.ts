import { EarshotError } from '../errors.ts';
import { suggest } from '../util/suggest.ts';
import { csv } from './csv.ts';
import { ctm } from './ctm.ts';
import { deepgram } from './deepgram.ts';
import { diarizedJson } from './diarized-json.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { md } from './md.ts';
import { rttm } from './rttm.ts';
import { seglst } from './seglst.ts';
import { slowerWhisper } from './slower-whisper.ts';
import { srt } from './srt.ts';
import { stm } from './stm.ts';
import { textgrid } from './textgrid.ts';
import { txt } from './txt.ts';
import { verboseJson } from './verbose-json.ts';
import { vtt } from './vtt.ts';
import type { Writer } from './writer.ts';

/** Every output format, in the order they are listed to users. A new one is a file and a line here. */
export const WRITERS: readonly Writer[] = [
  txt,
  srt,
  vtt,
  json,
  csv,
  md,
  html,
  textgrid,
  rttm,
  ctm,
  stm,
  seglst,
  verboseJson,
  diarizedJson,
  deepgram,
  slowerWhisper,
];

/** The names users may give to --formats and --to. */
export const formatNames: readonly string[] = WRITERS.map((writer) => writer.format);

/** The writer of a format; upper and lower case are the same. Throws `usage`, with the name that was most likely meant. */
export function findWriter(format: string): Writer {
  const writer = WRITERS.find((candidate) => candidate.format.toLowerCase() === format.toLowerCase());
  if (writer) return writer;
  const likely = suggest(format, formatNames);
  throw new EarshotError(
    'usage',
    `"${format}" is not an output format; there are ${formatNames.join(', ')}`,
    {
      ...(likely === null ? {} : { hint: `did you mean ${likely}?` }),
    },
  );
}
