import { z } from 'zod';
import { EarshotError } from '../errors.ts';
import { run, type Exit } from '../util/process.ts';
import { MOST_MEMORY } from './length-limits.ts';

/** One audio stream of a media file, as ffprobe sees it. */
export interface AudioStream {
  /** Position among the audio streams, for ffmpeg's `0:a:<index>`. */
  readonly index: number;
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  /** Seconds by which its sound begins after the container's own start; 0 when it does not say. */
  readonly late: number;
}

/** What a media file holds. `duration` is what it states of its sound, in seconds; null when it does not say. */
export interface Probe {
  readonly container: string;
  readonly duration: number | null;
  readonly streams: readonly AudioStream[];
  readonly hasVideo: boolean;
}

const anySeconds = z.coerce.number().optional().catch(undefined);
const seconds = z.coerce.number().nonnegative().optional().catch(undefined);
const probeSchema = z.object({
  format: z.object({ format_name: z.string(), duration: seconds, start_time: anySeconds }),
  streams: z.array(
    z.object({
      codec_type: z.string().optional(),
      codec_name: z.string().default('unknown'),
      sample_rate: z.coerce.number().int().default(0),
      channels: z.int().default(0),
      start_time: anySeconds,
      duration: seconds,
    }),
  ),
});

/**
 * Asks ffprobe what the file holds. Rejects with `ffmpeg_missing`, `recording_unreadable` (not media, corrupt) or
 * `recording_no_audio`.
 */
export async function probe(path: string, name: string, signal?: AbortSignal): Promise<Probe> {
  const exit = await runMediaTool(
    'ffprobe',
    ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', ...mediaInput(path)],
    signal,
  );
  if (exit.code !== 0) throw unreadable(name, exit.stderr);
  const parsed = probeSchema.safeParse(JSON.parse(exit.stdout));
  if (!parsed.success) throw unreadable(name, 'ffprobe found no known container');
  const { format, streams } = parsed.data;
  const audio = streams.filter(isAudio).map((stream, index) => ({
    index,
    codec: stream.codec_name,
    sampleRate: stream.sample_rate,
    channels: stream.channels,
    late: Math.max(0, (stream.start_time ?? 0) - (format.start_time ?? 0)),
  }));
  const hasVideo = streams.some((stream) => stream.codec_type === 'video');
  if (audio.length === 0)
    throw new EarshotError(
      'recording_no_audio',
      `${name} holds ${hasVideo ? 'video but ' : ''}no audio stream`,
      {
        hint: 'give a file with sound, or the audio file that belongs to this one',
      },
    );
  const odd = audio.find((stream) => stream.sampleRate < LOWEST_RATE || stream.channels < 1);
  if (odd)
    throw unreadable(
      name,
      `a sample rate of ${odd.sampleRate} Hz and ${odd.channels} channels is no recording`,
    );
  // A film may go on when its sound has ended.
  const duration = hasVideo ? (streams.find(isAudio)?.duration ?? null) : lengthOf(format);
  return { container: format.format_name, duration, streams: audio, hasVideo };
}

const isAudio = ({ codec_type: type }: { codec_type?: string | undefined }): boolean => type === 'audio';

/** Hz. Speech cannot be heard below; a header that says 1 Hz would blow kilobytes up to gigabytes. */
const LOWEST_RATE = 4_000;

/** Matroska counts its duration from 0 even where the first sound comes later. */
function lengthOf(format: { format_name: string; duration?: number; start_time?: number }): number | null {
  if (format.duration === undefined) return null;
  return format.format_name.startsWith('matroska')
    ? Math.max(0, format.duration - (format.start_time ?? 0))
    : format.duration;
}

/**
 * Containers that hold their sound themselves. Playlists (hls, dash, concat, sdp, imf) and image sequences are not among
 * them: they name other files of this machine for ffmpeg to open, and can hide behind an ID3 tag or a long comment.
 */
const CONTAINERS = [
  ...[
    'aac',
    'ac3',
    'aiff',
    'amr',
    'amrnb',
    'amrwb',
    'ape',
    'asf',
    'ast',
    'au',
    'avi',
    'caf',
    'dsf',
    'dts',
    'dtshd',
  ],
  ...[
    'dv',
    'eac3',
    'flac',
    'flv',
    'gsm',
    'gxf',
    'iff',
    'ircam',
    'live_flv',
    'loas',
    'matroska',
    'mlp',
    'mmf',
    'mov',
  ],
  ...[
    'mp3',
    'mpc',
    'mpc8',
    'mpeg',
    'mpegts',
    'mxf',
    'nistsphere',
    'nsv',
    'nut',
    'ogg',
    'oma',
    'pva',
    'qcp',
    'rm',
  ],
  ...[
    'rso',
    'sds',
    'sln',
    'sol',
    'sox',
    'spdif',
    'tak',
    'truehd',
    'tta',
    'voc',
    'vqf',
    'w64',
    'wav',
    'webm',
    'wtv',
  ],
  ...['wv', 'wve', 'xa', 'xwma'],
];

/**
 * The arguments that open a path as nothing but a local file, whatever its name ("-rf", "concat:x"), and keep what is
 * inside from opening others.
 */
export function mediaInput(path: string): string[] {
  return ['-protocol_whitelist', 'file', '-format_whitelist', CONTAINERS.join(','), '-i', `file:${path}`];
}

/** Runs ffmpeg or ffprobe. Rejects with `ffmpeg_missing` when it is not installed. */
export async function runMediaTool(
  program: 'ffmpeg' | 'ffprobe',
  args: readonly string[],
  signal?: AbortSignal,
): Promise<Exit> {
  return run(program, ['-max_alloc', String(MOST_MEMORY), ...args], signal ? { signal } : {}).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new EarshotError(
        'ffmpeg_missing',
        `${program} is not installed, and Earshot reads media through it`,
        {
          hint: 'apt-get install ffmpeg (Debian, Ubuntu) or brew install ffmpeg (macOS)',
          cause: error,
        },
      );
    },
  );
}

/** `recording_unreadable` with ffmpeg's own last words, its paths taken out. */
export function unreadable(name: string, stderr: string): EarshotError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const detail = (lines.at(-1) ?? 'no reason given').replace(/file:\S.*?: /, '').replace(/^\[[^\]]*\] /, '');
  const why = IN_WORDS[detail] ?? detail;
  return new EarshotError('recording_unreadable', `${name} cannot be read as media: ${why}`, {
    hint: 'check that the file plays; a download may have been cut short',
  });
}

/** ffmpeg's whole answer to a container that is not on the list, and to bytes in which it finds none. */
const IN_WORDS: Readonly<Record<string, string>> = {
  'Invalid argument': 'it is no kind of media that Earshot opens',
  'Invalid data found when processing input': 'it is no media, or it is damaged',
};
