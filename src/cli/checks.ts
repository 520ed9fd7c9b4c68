import { mkdir, statfs } from 'node:fs/promises';
import process from 'node:process';
import { transcribeOptions } from '../config/pipeline.ts';
import { toEarshotError } from '../errors.ts';
import { listModels } from '../models/index.ts';
import { recognitionOptions } from '../pipeline/stage-options.ts';
import { RECOGNITION_ENGINES } from '../speech/recognition/index.ts';
import { assertWritable } from '../util/assert-writable.ts';
import { run } from '../util/process.ts';
import type { Context } from './command.ts';

/** One thing that doctor looked at. */
export interface Check {
  readonly name: string;
  /** ok; missing: Earshot cannot work without it; optional: it would make Earshot better. */
  readonly state: 'ok' | 'missing' | 'optional';
  readonly found: string;
  /** The command that mends it, or null. */
  readonly fix: string | null;
}

const MIN_FREE_BYTES = 1e9;

/** Looks at everything Earshot can need. Never rejects for what is missing, only when cancelled. */
export async function checkAll(context: Context): Promise<Check[]> {
  const media = await Promise.all(
    (['ffmpeg', 'ffprobe'] as const).map((program) => checkProgram(program, context.signal)),
  );
  const engines = await checkEngines(context);
  const folders = await Promise.all([
    checkFolder('folder for models', context.folders.models),
    checkFolder('folder for work', context.folders.work),
  ]);
  return [
    checkNode(),
    ...media,
    ...engines,
    ...(await checkModels(context)),
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

/** Each engine is optional, one of them is needed. */
async function checkEngines({ settings, folders, signal }: Context): Promise<Check[]> {
  const options = recognitionOptions(transcribeOptions(settings, folders, null), folders.work, { signal });
  const checks: Check[] = [];
  for (const engine of RECOGNITION_ENGINES) {
    const name = `engine ${engine.name}`;
    const seen = await engine.check(options);
    if (seen.ok)
      checks.push({ name, state: 'ok', found: `${seen.model ?? 'ready'}, ${seen.device}`, fix: null });
    else checks.push({ name, state: 'optional', found: seen.reason, fix: seen.fix });
  }
  const ready = checks.filter(({ state }) => state === 'ok').map(({ name }) => name.replace('engine ', ''));
  const fix = checks.find((check) => check.fix !== null)?.fix ?? null;
  return [
    ...checks,
    ready.length > 0
      ? { name: 'recognition', state: 'ok', found: `auto takes ${ready[0]}`, fix: null }
      : { name: 'recognition', state: 'missing', found: 'no engine is ready', fix },
  ];
}

async function checkModels({ folders }: Context): Promise<Check[]> {
  const models = await listModels(folders.models);
  const installed = models.filter((each) => each.installed !== null).map(({ model }) => model.name);
  const vad = models.find(({ model }) => model.tasks.includes('vad'));
  const found =
    installed.length > 0 ? installed.join(', ') : 'none: speech is found by energy, speakers by statistics';
  const fix = vad !== undefined && vad.installed === null ? `earshot models pull ${vad.model.name}` : null;
  return [{ name: 'models', state: fix === null ? 'ok' : 'optional', found, fix }];
}

async function checkGpu(signal: AbortSignal): Promise<Check> {
  const gpu = await firstLine(
    'nvidia-smi',
    ['--query-gpu=name,memory.total', '--format=csv,noheader'],
    signal,
  );
  if (gpu === null)
    return {
      name: 'gpu',
      state: 'optional',
      found: 'no NVIDIA GPU found: engines run on the CPU',
      fix: null,
    };
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
