import { existsSync } from 'node:fs';
import { EarshotError } from '../../../errors.ts';
import { optionalImport } from '../../../util/optional-import.ts';

/** The part of @fugood/whisper.node 1.1 that is used here. */
export interface WhisperNode {
  initWhisper(options: ContextOptions, variant: Variant): Promise<Context>;
  initParakeet(options: ContextOptions, variant: Variant): Promise<Context>;
  toggleNativeLog(enable: boolean): Promise<void>;
  addNativeLogListener(listener: (level: string, text: string) => void): { remove(): void };
}

interface ContextOptions {
  readonly filePath: string;
  readonly useGpu: boolean;
}

/** A loaded model. It recognises one utterance at a time, on threads of its own. */
export interface Context {
  /** 16 kHz mono signed 16-bit PCM. `stop` is only heard between steps; the promise then rejects or says isAborted. */
  transcribeData(pcm: ArrayBuffer, options: object): { stop(): Promise<void>; promise: Promise<unknown> };
  release(): Promise<void>;
}

type Variant = 'default' | 'cuda' | 'vulkan';

export interface LoadedContext {
  readonly context: Context;
  readonly device: string;
}

export const INSTALL = 'npm install @fugood/whisper.node';

/** The package, or null when it is not installed. */
export function loadWhisperNode(): WhisperNode | null {
  return optionalImport<WhisperNode>('@fugood/whisper.node');
}

/**
 * The build for the best device whose libraries this machine has. Builds are packages of their own; one that lacks its
 * libraries (CUDA, Vulkan) does not load. On macOS the default build uses Metal.
 */
export function bestVariant(): Variant {
  const build = `@fugood/node-whisper-${process.platform}-${process.arch}`;
  const variants = (['cuda', 'vulkan'] as const).filter(
    (variant) => variant === 'cuda' || hasGraphicsDevice(),
  );
  return variants.find((variant) => optionalImport(`${build}-${variant}`) !== null) ?? 'default';
}

/** Vulkan's library may be there without anything to drive; on Linux the kernel shows its devices here. */
const hasGraphicsDevice = (): boolean => process.platform !== 'linux' || existsSync('/dev/dri');

/** Loads a model file. Rejects with `model_corrupt`. The device is the one that whisper.cpp says it took. */
export async function openContext(
  native: WhisperNode,
  kind: 'whisper' | 'parakeet',
  path: string,
  variant: Variant,
): Promise<LoadedContext> {
  const lines: string[] = [];
  await native.toggleNativeLog(true); // to us, instead of to stderr
  const listener = native.addNativeLogListener((_level, text) => lines.push(text));
  try {
    const open = kind === 'whisper' ? native.initWhisper : native.initParakeet;
    const context = await open({ filePath: path, useGpu: true }, variant);
    return { context, device: deviceIn(lines.join('')) };
  } catch (cause) {
    await native.toggleNativeLog(false);
    throw new EarshotError('model_corrupt', `whisper.cpp cannot load ${path}: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    listener.remove();
  }
}

/** Frees the model. Native logging goes with it, because it would keep the process from ending. */
export async function closeContext(native: WhisperNode, context: Context): Promise<void> {
  await context.release();
  await native.toggleNativeLog(false);
}

/** From whisper.cpp's log, where the backend names itself: "using CUDA0 backend", "using device Vulkan0", "MTL0". */
export function deviceIn(log: string): string {
  const name = /_gpu: using (?:device )?([A-Za-z]+)/.exec(log)?.[1]?.toLowerCase() ?? 'cpu';
  return name === 'mtl' ? 'metal' : name;
}
