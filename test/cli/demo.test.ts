import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readTranscript } from '../../src/transcript/read.ts';
import { SAMPLES, earshot, type Ran } from './run-cli.ts';

interface Turn {
  readonly speaker: string;
  readonly start: number;
  readonly end: number;
}
interface Truth {
  readonly duration: number;
  readonly turns: readonly Turn[];
  readonly words: readonly { readonly text: string; readonly start: number }[];
}

let cwd: string;
let ran: Ran;
let truth: Truth;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'earshot-demo-'));
  truth = JSON.parse(await readFile(join(SAMPLES, 'meeting.json'), 'utf8')) as Truth;
  ran = await earshot(['demo', '--no-pull'], { cwd });
});
after(() => rm(cwd, { recursive: true }));

const made = () => readTranscript(join(cwd, '.earshot/demo/meeting.json'));
const line = (name: string): string => new RegExp(`^${name} +(.*)$`, 'm').exec(ran.stdout)?.[1] ?? '';

test('it prints the transcript, the stages, the reasons and the files, and exits with 0', async () => {
  assert.equal(ran.code, 0, ran.stderr);
  const transcript = await made();
  const said = ran.stdout.slice(0, ran.stdout.indexOf('\nstage '));
  assert.equal(said.trim(), (await readFile(join(cwd, '.earshot/demo/meeting.txt'), 'utf8')).trim());
  for (const [name, { engine, status }] of Object.entries(transcript.stages))
    assert.ok(line(name).startsWith(engine ?? status), `${name}: ${line(name)}`);
  const typed = /node \S*src\/cli\/main\.ts models pull/g;
  const stdout = ran.stdout.replaceAll(typed, 'npm run -s earshot -- models pull');
  for (const { message } of transcript.warnings) assert.ok(stdout.includes(message), message);
  assert.ok(typed.test(ran.stdout), 'this machine lacks a model');
  assert.doesNotMatch(ran.stdout, /(?<!\S)earshot models pull/, 'which cannot be typed here');
  for (const format of ['txt', 'srt', 'vtt', 'json'])
    assert.ok(ran.stdout.includes(join(cwd, `.earshot/demo/meeting.${format}`)), format);
  const [, audio, wall, ratio] = /^(\S+) s of audio in (\S+) s: (\S+)x real time/.exec(line('speed')) ?? [];
  assert.ok(Math.abs(Number(audio) - truth.duration) < 0.06, audio);
  assert.ok(Math.abs(Number(audio) / Number(wall) / Number(ratio) - 1) < 0.05, line('speed'));
});

test('its word error rate is that of its transcript against the truth', async () => {
  const heard = (await made()).segments
    .flatMap(({ words }) => words)
    .sort((a, b) => a.start - b.start)
    .map(({ text }) => text.toLowerCase().replaceAll(/[^a-z' ]/g, ''));
  const spoken = [...truth.words].sort((a, b) => a.start - b.start).map(({ text }) => text);
  const errors = editDistance(spoken, heard);
  const [, percent, counted, words] =
    /^(\S+) % word error rate \((\d+) of (\d+)\)$/.exec(line('words')) ?? [];
  assert.deepEqual([Number(counted), Number(words)], [errors, spoken.length]);
  assert.equal(percent, ((100 * errors) / spoken.length).toFixed(1));
  assert.ok(errors / spoken.length < 0.2, `${errors} of ${spoken.length} words are wrong`);
});

test('its diarization error rate is that of its turns against the truth', async () => {
  const { turns, speakers } = await made();
  const [, percent, found, real] =
    /^(\S+) % diarization error rate .*, (\d+) found of (\d+)$/.exec(line('speakers')) ?? [];
  const names = new Set(truth.turns.map(({ speaker }) => speaker));
  assert.deepEqual([Number(found), Number(real)], [speakers.length, names.size]);
  const rate = 100 * sampledErrorRate(truth, turns);
  assert.ok(Math.abs(Number(percent) - rate) < 0.2, `printed ${percent} %, sampled ${rate.toFixed(2)} %`);
  assert.ok(rate < 20, `${rate.toFixed(1)} % of the talk has the wrong speaker`);
});

/** Substitutions, insertions and deletions between two lists of words (Levenshtein). */
function editDistance(a: readonly string[], b: readonly string[]): number {
  let row = b.map((_, j) => j + 1);
  for (const [i, word] of a.entries()) {
    let corner = i;
    let left = i + 1;
    row = row.map((above, j) => {
      left = Math.min(above + 1, left + 1, corner + (word === b[j] ? 0 : 1));
      corner = above;
      return left;
    });
  }
  return row.at(-1) ?? a.length;
}

/** Speakers too few, too many and wrong in each millisecond, over all of speech, for the best of all namings. */
function sampledErrorRate({ duration, turns }: Truth, found: readonly Turn[]): number {
  const at = (all: readonly Turn[], time: number): Set<string> =>
    new Set(all.filter(({ start, end }) => start <= time && time < end).map(({ speaker }) => speaker));
  const moments = Array.from({ length: Math.floor(duration * 1000) }, (_, i) => (i + 0.5) / 1000).map(
    (time) => ({
      spoken: at(turns, time),
      heard: at(found, time),
    }),
  );
  const total = moments.reduce((sum, { spoken }) => sum + spoken.size, 0);
  const speakers = [...new Set(turns.map(({ speaker }) => speaker))];
  const labels = [...new Set(found.map(({ speaker }) => speaker))];
  const wrong = namings(labels, speakers).map((name) =>
    moments.reduce((sum, { spoken, heard }) => {
      const right = [...heard].filter((label) => spoken.has(name.get(label) ?? '')).length;
      return sum + Math.max(spoken.size, heard.size) - right;
    }, 0),
  );
  return Math.min(...wrong) / total;
}

/** Every way to give each label at most one of the names, no name twice. */
function namings(labels: readonly string[], names: readonly string[]): Map<string, string>[] {
  const [label, ...rest] = labels;
  if (label === undefined) return [new Map()];
  const without = namings(rest, names);
  const withOne = names.flatMap((name) =>
    namings(
      rest,
      names.filter((other) => other !== name),
    ).map((others) => new Map([...others, [label, name]])),
  );
  return [...without, ...withOne];
}
