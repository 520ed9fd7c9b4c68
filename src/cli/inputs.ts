import { glob, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EarshotError, toEarshotError } from '../errors.ts';
import { publicUrl } from '../util/fetch-to-file.ts';

/** One recording that the user named, directly or by a folder or pattern. */
export interface Input {
  readonly kind: 'file' | 'url' | 'stdin';
  /** As messages call it. */
  readonly given: string;
  /** Absolute path, the URL, or "-". */
  readonly source: string;
  /** File name with extension; never holds a separator. */
  readonly name: string;
  /** Where results go without --out. */
  readonly folder: string;
}

/** An argument that led to nothing. */
export interface InputFailure {
  readonly given: string;
  readonly error: EarshotError;
}

/** Extensions that count as media when a folder or an open pattern is searched; a file named directly may have any. */
const MEDIA = new Set(
  (
    '3g2 3gp aac ac3 aif aifc aiff alac amr ape au avi caf dts eac3 flac flv gsm m4a m4b m4v mka mkv mov mp2 mp3 mp4 ' +
    'mpeg mpg mts oga ogg ogv opus ra rf64 snd spx tta ts vob voc w64 wav weba webm wma wmv wv'
  ).split(' '),
);

/**
 * The recordings behind the arguments, each once, folders and patterns in order of name; and the arguments that name
 * nothing, or nothing that can be had. Rejects with `usage` when an argument is empty: it would name the whole folder.
 */
export async function findInputs(
  args: readonly string[],
  cwd: string,
): Promise<{ inputs: Input[]; failures: InputFailure[] }> {
  if (args.some((arg) => arg.trim() === ''))
    throw new EarshotError('usage', 'an argument is empty: expected a file, folder, pattern or URL', {
      hint: 'in a script, the variable may not be set',
    });
  const inputs: Input[] = [];
  const failures: InputFailure[] = [];
  const seen = new Set<string>();
  for (const arg of args) {
    try {
      for (const input of await inputsOf(arg, cwd)) {
        if (seen.has(input.source)) continue;
        seen.add(input.source);
        inputs.push(input);
      }
    } catch (caught) {
      failures.push({ given: withoutSecrets(arg), error: toEarshotError(caught) });
    }
  }
  return { inputs, failures };
}

/** Media files below a folder, by name; hidden ones and linked folders are left out. */
export async function mediaBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) found.push(...(await mediaBelow(path)));
    else if (isMedia(path) && (await isFile(path)) && (await isNoSource(path))) found.push(path);
  }
  return found;
}

/** The file at an absolute path as an input. */
export function fileInput(path: string, given: string): Input {
  return { kind: 'file', given, source: path, name: basename(path), folder: dirname(path) };
}

async function inputsOf(arg: string, cwd: string): Promise<Input[]> {
  if (arg === '-') return [{ kind: 'stdin', given: '-', source: '-', name: 'stdin', folder: cwd }];
  if (/^https?:\/\//i.test(arg)) return [urlInput(arg, cwd)];
  if (/^file:\/\//i.test(arg)) return inputsOf(pathOf(arg), cwd);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(arg))
    throw new EarshotError('address_refused', `${publicUrl(arg)}: expected http:// or https://`, {
      hint: 'fetch it with another program and give the file',
    });
  const path = resolve(cwd, arg);
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (!(info instanceof Error)) return info.isDirectory() ? folderInputs(path, arg) : [fileInput(path, arg)];
  if (/[*?[{]/.test(arg)) return patternInputs(arg, cwd);
  const why =
    info.code === 'ENOENT' ? 'there is no such file' : `it cannot be opened (${info.code ?? 'unknown'})`;
  throw new EarshotError('recording_not_found', `${arg}: ${why}`, { cause: info });
}

async function folderInputs(folder: string, given: string): Promise<Input[]> {
  const files = await mediaBelow(folder);
  if (files.length === 0)
    throw new EarshotError('recording_not_found', `${given}: no media file in this folder`);
  return files.map((path) => fileInput(path, join(given, path.slice(folder.length + 1))));
}

/** A pattern that the shell did not expand. Unless it ends in an extension of its own, only media files count. */
async function patternInputs(pattern: string, cwd: string): Promise<Input[]> {
  const anyExtension = /\.[\w{},]+$/.test(pattern);
  const found: string[] = [];
  for await (const match of glob(pattern, { cwd })) {
    const path = resolve(cwd, match);
    const counts = anyExtension || (isMedia(path) && (await isNoSource(path)));
    if (counts && (await isFile(path))) found.push(match);
  }
  if (found.length === 0)
    throw new EarshotError('recording_not_found', `${pattern}: no media file fits this pattern`);
  return found.sort().map((match) => fileInput(resolve(cwd, match), match));
}

/** An argument for messages: of a URL neither user and password nor the query. */
function withoutSecrets(arg: string): string {
  if (!arg.includes('://')) return arg;
  return URL.canParse(arg) ? publicUrl(arg) : arg.replace(/:\/\/[^/@]*@/, '://').replace(/\?.*/s, '');
}

function pathOf(fileUrl: string): string {
  try {
    return fileURLToPath(fileUrl);
  } catch (cause) {
    throw new EarshotError('recording_not_found', `${fileUrl} names no file of this machine`, { cause });
  }
}

function urlInput(address: string, cwd: string): Input {
  if (!URL.canParse(address))
    throw new EarshotError('address_refused', `${withoutSecrets(address)} is not a URL`);
  const { hostname, pathname } = new URL(address);
  const last = basename(safeDecode(pathname)).replaceAll(/[/\\\p{Cc}]/gu, '_');
  return {
    kind: 'url',
    given: publicUrl(address),
    source: address,
    name: last === '' || last === '..' ? hostname : last,
    folder: cwd,
  };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % sign
  }
}

/** Whether a file of that name counts as a recording where it is not named directly. */
export const isMedia = (path: string): boolean => MEDIA.has(extname(path).slice(1).toLowerCase());

const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isFile() ?? false;

/** A .ts or .mts is TypeScript unless it begins with two packets of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3). */
async function isNoSource(path: string): Promise<boolean> {
  if (!/\.m?ts$/i.test(path)) return true;
  const file = await open(path).catch(() => null);
  if (file === null) return true; // whoever opens it says why it cannot be
  try {
    const { buffer } = await file.read(Buffer.alloc(197), 0, 197, 0);
    return [0, 4].some((at) => buffer[at] === SYNC && buffer[at + 188 + at] === SYNC);
  } finally {
    await file.close();
  }
}

const SYNC = 0x47;
