import { mkdir, statfs } from 'node:fs/promises';
import process from 'node:process';
import { toEarshotError } from '../errors.ts';
import { assertWritable } from '../util/assert-writable.ts';
import { run } from '../util/process.ts';
import type { Check } from './check.ts';
import type { Context } from './command.ts';
import { checkSpeech } from './speech-checks.ts';

const MIN_FREE_BYTES = 1e9;

/** Looks at everything Earshot can need. Never rejects for what is missing, only when cancelled. */
export async function checkAll(context: Context): Promise<Check[]> {
  const media = await Promise.all(
    (['ffmpeg', 'ffprobe'] as const).map((program) => checkProgram(program, context.signal)),
  );
  const folders = await Promise.all([
    checkFolder('folder for models', context.folders.models),
    checkFolder('folder for work', context.folders.work),
  ]);
  return [
    checkNode(),
    ...media,
    ...(await checkSpeech(context)),
    await checkGpu(context.signal),
    ...folders,
    await checkSpace(context.folders.work),
  ];
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 22 || (major === 22 && minor >= 12);
  const found = `Node.js ${process.versions.node}`;
  return {
    name: 'node',
    state: enough ? 'ok' : 'missing',
    found: enough ? found : `${found}, needs 22.12`,
    fix: enough ? null : 'npm ci',
  };
}

async function checkProgram(name: 'ffmpeg' | 'ffprobe', signal: AbortSignal): Promise<Check> {
  const version = await firstLine(name, ['-version'], signal);
  const fix = process.platform === 'darwin' ? 'brew install ffmpeg' : 'apt-get install ffmpeg';
  if (version === null) return { name, state: 'missing', found: 'not installed', fix };
  return { name, state: 'ok', found: /version (\S+)/.exec(version)?.[1] ?? version, fix: null };
}

async function checkGpu(signal: AbortSignal): Promise<Check> {
  const gpu = await firstLine(
    'nvidia-smi',
    ['--query-gpu=name,memory.total', '--format=csv,noheader'],
    signal,
  );
  if (gpu === null)
    return { name: 'gpu', state: 'ok', found: 'none of NVIDIA: engines run on the CPU', fix: null };
  return { name: 'gpu', state: 'ok', found: gpu, fix: null };
}

async function checkFolder(name: string, folder: string): Promise<Check> {
  try {
    await assertWritable(folder);
    return { name, state: 'ok', found: folder, fix: null };
  } catch (caught) {
    return {
      name,
      state: 'missing',
      found: toEarshotError(caught).message,
      fix: 'choose another folder: --data DIR or EARSHOT_DATA',
    };
  }
}

/** One hour of audio needs about 115 MB of work space a channel. */
async function checkSpace(folder: string): Promise<Check> {
  await mkdir(folder, { recursive: true }).catch(() => undefined);
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) return { name: 'disk space', state: 'missing', found: 'cannot be told', fix: null };
  const free = disk.bavail * disk.bsize;
  const found = `${(free / 1e9).toFixed(1)} GB free`;
  if (free >= MIN_FREE_BYTES) return { name: 'disk space', state: 'ok', found, fix: null };
  return {
    name: 'disk space',
    state: 'missing',
    found,
    fix: 'free some space, or choose another folder: --data DIR',
  };
}

/** First line of a program's output; null when it is not there or fails. */
async function firstLine(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const exit = await run(program, args, { signal });
    return exit.code === 0 ? (exit.stdout.split('\n')[0] ?? '') : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
