import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '..', 'src');

/** ARCHITECTURE.md, "Rooms": a room imports from itself and from rooms of rows above, never from its own row. */
const ROWS: readonly (readonly string[])[] = [
  ['errors.ts'],
  ['util'],
  ['audio', 'transcript', 'models', 'storage', 'jobs', 'deploy'],
  [
    'speech/vad',
    'speech/recognition',
    'speech/diarization',
    'speech/attribution',
    'speech/enrichment',
  ].concat(['writers', 'api', 'scoring']),
  ['pipeline', 'training', 'fleet', 'client'],
  ['handlers', 'server'],
  ['config'],
  ['cli'],
];
const BUDGET = { median: 90, p90: 200, most: 400 };

test('every import goes up the rows, and rooms of one row do not know each other', () => {
  const wrong: string[] = [];
  for (const file of sources()) {
    const from = roomOf(file);
    for (const imported of localImports(file)) {
      const to = roomOf(imported);
      if (to !== from && rowOf(to) >= rowOf(from))
        wrong.push(`${relative(SRC, file)} -> ${relative(SRC, imported)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('row 0 imports nothing of ours but row 0, and errors.ts nothing at all', () => {
  assert.deepEqual(localImports(join(SRC, 'errors.ts')), []);
});

test('files keep the budget of lines', () => {
  const lines = sources()
    .map((file) => ({ file: relative(SRC, file), lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
    .sort((a, b) => a.lines - b.lines);
  const at = (share: number): number => lines[Math.floor((lines.length - 1) * share)]?.lines ?? 0;
  assert.deepEqual(
    lines.filter((entry) => entry.lines > BUDGET.most),
    [],
  );
  assert.ok(at(0.5) <= BUDGET.median, `median ${at(0.5)} lines`);
  assert.ok(at(0.9) <= BUDGET.p90, `p90 ${at(0.9)} lines`);
});

test('the story of a transcription stays under 150 lines and names no vendor', () => {
  const story = readFileSync(join(SRC, 'pipeline', 'transcribe.ts'), 'utf8');
  assert.ok(story.split('\n').length <= 150);
  assert.doesNotMatch(story, /ffmpeg|sherpa|whisper|sphinx|silero|pyannote|onnx|openai/i);
});

test('only cli/main.ts ends the process', () => {
  const offenders = sources().filter(
    (file) =>
      relative(SRC, file) !== join('cli', 'main.ts') &&
      /process\.exit(Code\s*=|\()/.test(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(
    offenders.map((file) => relative(SRC, file)),
    [],
  );
});

function sources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(SRC, name));
}

function localImports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g);
  return [...found]
    .map((match) => join(dirname(file), match[1] as string))
    .filter((path) => path.startsWith(SRC));
}

function roomOf(file: string): string {
  const parts = relative(SRC, file).split(sep);
  return parts[0] === 'speech' ? `${parts[0]}/${parts[1]}` : (parts[0] as string);
}

function rowOf(room: string): number {
  const row = ROWS.findIndex((rooms) => rooms.includes(room));
  assert.notEqual(row, -1, `${room} is a room that no row lists`);
  return row;
}
