/**
 * `node bench/diarization.ts [folder …]`: how well and how fast `classic` tells speakers apart, on every recording that
 * has an .rttm beside it in the folders given (samples/ and, when present, ../shared/data by default). Spans come from
 * the energy VAD, and no number of speakers is given. Diarization error rate with collar 0, overlap scored, by our own
 * scorer and by NIST's md-eval.pl where that is installed, and the seconds of speaker time that were missed, falsely
 * found and given to the wrong speaker. `as one` is all of the speech found given to one speaker; `floor` is a perfect
 * answer that names one speaker at a time, as `classic` does: it misses all overlap.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { decode } from '../src/audio/decode.ts';
import { openRecording } from '../src/audio/recording.ts';
import { openWaveform } from '../src/audio/waveform.ts';
import { diarizationErrorRate, type SpeakerTurn } from '../src/scoring/der.ts';
import { parseRttm } from '../src/scoring/rttm.ts';
import { exclusiveTurns } from '../src/speech/attribution/exclusive.ts';
import { classicDiarization } from '../src/speech/diarization/classic/engine.ts';
import { energyVad } from '../src/speech/vad/energy.ts';
import { cutLongSpans, DEFAULT_SPAN_SHAPE, shapeSpans } from '../src/speech/vad/spans.ts';
import { run } from '../src/util/process.ts';

const MD_EVAL = '/usr/lib/sctk/bin/md-eval.pl';
const MEDIA = ['.wav', '.flac', '.mp3'];
const AUTOMATIC = { speakers: null, min: null, max: null, modelsDir: '', pull: false };

interface Outcome {
  readonly name: string;
  readonly reference: readonly SpeakerTurn[];
  readonly found: readonly SpeakerTurn[];
  readonly asOne: readonly SpeakerTurn[];
  readonly floor: readonly SpeakerTurn[];
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const here = import.meta.dirname;
const asked = process.argv.slice(2);
const folders =
  asked.length > 0 ? asked : [join(here, '../samples'), join(here, '../../shared/data')].filter(existsSync);
const scratch = mkdtempSync(join(tmpdir(), 'earshot-bench-'));
try {
  const outcomes: Outcome[] = [];
  for (const path of folders.flatMap(recordingsIn)) outcomes.push(await outcomeOf(path));
  const lines: string[] = [];
  for (const outcome of outcomes) lines.push(lineOf(outcome, await mdEval([outcome])));
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const cpuSeconds = outcomes.reduce((sum, outcome) => sum + outcome.cpuSeconds, 0);
  const right = outcomes.filter(
    (outcome) => speakersIn(outcome.found) === speakersIn(outcome.reference),
  ).length;
  process.stdout.write(
    [
      '| recording | speakers | found | DER % | md-eval % | missed, false, confused s | as one % | floor % |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...lines,
      `| total | ${right} of ${outcomes.length} right | | ${rates(outcomes, await mdEval(outcomes))} |`,
      '',
      `${(seconds / cpuSeconds).toFixed(0)} times real time on one core, without VAD`,
      '',
    ].join('\n'),
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function recordingsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => MEDIA.includes(extname(file)))
    .map((file) => join(folder, file))
    .filter((path) => existsSync(rttmOf(path)));
}

async function outcomeOf(path: string): Promise<Outcome> {
  const name = basename(path, extname(path));
  const wav = join(scratch, `${name}.wav`);
  const { waveforms } = await decode(await openRecording(path), [{ stream: 0, channel: null }], [wav]);
  const [waveform] = waveforms;
  if (waveform === undefined) throw new Error(`${path} was not decoded`);
  const merged = shapeSpans(await energyVad.detect(waveform, {}), waveform.duration, DEFAULT_SPAN_SHAPE);
  const reader = await openWaveform(waveform);
  const spans = await cutLongSpans(merged, reader, DEFAULT_SPAN_SHAPE.maxSpan);
  await reader.close();
  const began = process.cpuUsage();
  const found = await classicDiarization.diarize([{ waveform, channel: null, spans }], AUTOMATIC, {});
  const { user, system } = process.cpuUsage(began);
  const reference = [...parseRttm(readFileSync(rttmOf(path), 'utf8')).values()].flat();
  return {
    name,
    reference,
    floor: exclusiveTurns(reference.map((turn) => ({ ...turn, channel: null }))),
    found,
    asOne: merged.map((span) => ({ ...span, speaker: 'S1' })),
    seconds: waveform.duration,
    cpuSeconds: (user + system) / 1e6,
  };
}

function lineOf(outcome: Outcome, nist: string): string {
  const { name, reference, found } = outcome;
  return `| ${name} | ${speakersIn(reference)} | ${speakersIn(found)} | ${rates([outcome], nist)} |`;
}

function rates(outcomes: readonly Outcome[], nist: string): string {
  const { missed, falseAlarm, confusion, rate } = errorsOf(outcomes, 'found');
  return [
    percent(rate),
    nist,
    [missed, falseAlarm, confusion].map((seconds) => seconds.toFixed(2)).join(', '),
    percent(errorsOf(outcomes, 'asOne').rate),
    percent(errorsOf(outcomes, 'floor').rate),
  ].join(' | ');
}

/** Errors over all, each second of speaker time counting the same. */
function errorsOf(
  outcomes: readonly Outcome[],
  which: 'found' | 'asOne' | 'floor',
): { missed: number; falseAlarm: number; confusion: number; rate: number } {
  const each = outcomes.map((outcome) => diarizationErrorRate(outcome.reference, outcome[which]));
  const sum = (part: 'missed' | 'falseAlarm' | 'confusion' | 'total'): number =>
    each.reduce((all, one) => all + one[part], 0);
  const [missed, falseAlarm, confusion] = [sum('missed'), sum('falseAlarm'), sum('confusion')];
  return { missed, falseAlarm, confusion, rate: (missed + falseAlarm + confusion) / sum('total') };
}

async function mdEval(outcomes: readonly Outcome[]): Promise<string> {
  if (!existsSync(MD_EVAL)) return '-';
  const [reference, found] = [join(scratch, 'reference.rttm'), join(scratch, 'found.rttm')];
  const rttm = (list: 'reference' | 'found'): string =>
    outcomes
      .flatMap((outcome) =>
        outcome[list].map(
          ({ speaker, start, end }) =>
            `SPEAKER ${outcome.name} 1 ${start.toFixed(3)} ${(end - start).toFixed(3)} <NA> <NA> ${speaker} <NA> <NA>\n`,
        ),
      )
      .join('');
  writeFileSync(reference, rttm('reference'));
  writeFileSync(found, rttm('found'));
  const { stdout } = await run('perl', [MD_EVAL, '-c', '0', '-r', reference, '-s', found]);
  return /ERROR = ([\d.]+) percent/.exec(stdout)?.[1] ?? '-';
}

function rttmOf(path: string): string {
  return `${path.slice(0, -extname(path).length)}.rttm`;
}

function speakersIn(turns: readonly SpeakerTurn[]): number {
  return new Set(turns.map((turn) => turn.speaker)).size;
}

function percent(rate: number): string {
  return (rate * 100).toFixed(2);
}
