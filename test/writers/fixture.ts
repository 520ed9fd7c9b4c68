import { transcriptSchema, type Segment, type Transcript, type Word } from '../../src/transcript/schema.ts';

/** A short way to write segments; what is not given is unknown. */
export function segment(part: Partial<Segment> & { start: number; end: number; text: string }): Segment {
  return {
    id: 0,
    speaker: null,
    speaker_confidence: null,
    channel: null,
    overlap: false,
    words: [],
    prosody: null,
    emotion: null,
    sentiment: null,
    rendering: null,
    ...part,
  };
}

/** Words of a text that share [start, end) evenly. */
export function evenWords(text: string, start: number, end: number, word: Partial<Word> = {}): Word[] {
  const texts = text.split(' ');
  const at = (i: number): number => Math.round((start + ((end - start) * i) / texts.length) * 1000) / 1000;
  return texts.map((one, i) => ({
    text: one,
    start: at(i),
    end: at(i + 1),
    confidence: null,
    speaker: null,
    ...word,
  }));
}

/** A transcript of nothing: no segments, no turns, no speakers. */
export const EMPTY: Transcript = transcriptSchema.parse({
  schema: 'earshot.transcript/1',
  id: 'tr_0000',
  source: {
    name: 'silence.wav',
    sha256: '0'.repeat(64),
    bytes: 0,
    container: 'wav',
    codec: 'pcm_s16le',
    sample_rate: 16000,
    channels: 1,
    duration: 1,
  },
  language: { code: null, confidence: null, requested: 'auto' },
  segments: [],
  turns: [],
  speakers: [],
  stages: { recognize: { status: 'done', engine: 'none', model: null, device: 'cpu', seconds: 0 } },
  gaps: [{ start: 0, end: 1, reason: 'no_speech' }],
  warnings: [{ code: 'no_speech', message: 'no speech was found' }],
  receipt: {
    earshot: '0.1.0',
    run_id: '3f1c2f4e-0000-4000-8000-000000000000',
    created_at: '2026-01-01T00:00:00.000Z',
    options_hash: 'abc',
    audio_seconds: 1,
    wall_seconds: 0.1,
    cost: null,
  },
});

/** A transcript with these segments and nothing else. */
export function transcriptOf(segments: readonly Segment[], rest: Partial<Transcript> = {}): Transcript {
  return transcriptSchema.parse({
    ...EMPTY,
    segments: segments.map((one, id) => ({ ...one, id })),
    gaps: [],
    warnings: [],
    ...rest,
  });
}

const speaker = (id: string, label: string | null) => ({
  id,
  label,
  talk_time: 12.5,
  turns: 2,
  words: 20,
  interruptions: 1,
  questions: 1,
  words_per_minute: 150.5,
  prosody_baseline: null,
  sentiment: null,
});

const LONG =
  'This is a rather long sentence, which goes on about nothing in particular for some time, and then it ends.';
const HYPHEN = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft';

/** Everything that has ever hurt a writer, in one recording. */
export const RICH: Transcript = transcriptOf(
  [
    segment({
      start: 0.5,
      end: 8.25,
      text: LONG,
      speaker: 'S1',
      speaker_confidence: 0.97,
      words: evenWords(LONG, 0.5, 8.25, { confidence: 0.9, speaker: 'S1' }),
      prosody: {
        pitch: { mean_hz: 182.4, std_hz: 20.1, min_hz: 140, max_hz: 230, contour: 'rising', level: 'normal' },
        energy: { db_rms: -21.5, level: 'high' },
        rate: { syllables_per_sec: 4.2, words_per_sec: 2.6, level: 'low' },
        pauses: { count: 1, longest_ms: 310, density: 0.13 },
      },
      emotion: { label: 'happy', confidence: null },
      sentiment: { label: 'positive', score: 0.4 },
      rendering: '[louder than usual, slowly]',
    }),
    segment({
      start: 3,
      end: 3.4,
      text: 'Mhm.',
      speaker: 'S2',
      overlap: true,
      words: evenWords('Mhm.', 3, 3.4, { speaker: 'S2' }),
    }),
    segment({ start: 9, end: 9.9996, text: 'Both at once.', speaker: 'S1', overlap: true }),
    segment({ start: 9, end: 9.9996, text: 'Me too!', speaker: 'S2', overlap: true }),
    segment({
      start: 12,
      end: 18,
      text: '今天天气很好。我们去公园吧，然后在那里吃午饭，因为那里有一家很好的餐馆，大家都喜欢去那里。',
      speaker: 'S3',
    }),
    segment({
      start: 18.5,
      end: 20,
      text: 'スピーチ認識は楽しいです。สวัสดีครับ 안녕하세요 👩‍👩‍👧 e\u0301',
      speaker: 'S3',
    }),
    segment({ start: 21, end: 23, text: `${HYPHEN} ist lang.`, speaker: null }),
    segment({
      start: 24,
      end: 30,
      text: '=HYPERLINK("http://evil.example","x") --> <script>alert("1")</script> & <i>tags</i> {\\an8} **bold** [a](b)',
      speaker: 'S4',
    }),
    segment({
      start: 31,
      end: 33,
      text: 'line one\nline two\r\n\r\n00:00:01.000 --> 00:00:02.000\u2028\u0000end',
      speaker: 'S4',
    }),
    segment({
      start: 34,
      end: 36,
      text: ';; { a / b } <ALT> (uh) "quoted", don\'t www.example.com',
      speaker: null,
    }),
    segment({ start: 37, end: 37, text: 'No time.', speaker: 'S2' }),
    segment({
      start: 40,
      end: 42,
      text: 'Some words lost.',
      speaker: 'S1',
      channel: 1,
      words: [
        { text: 'Some', start: 40, end: 40.4, confidence: 0.5, speaker: 'S1' },
        { text: 'words', start: 40.4, end: 40.4, confidence: 0.25, speaker: null },
        { text: 'lost.', start: 41.5, end: 42, confidence: null, speaker: 'S1' },
      ],
    }),
    segment({ start: 43, end: 44, text: '   ', speaker: 'S1' }),
    segment({ start: 3725.2, end: 3726.9996, text: 'An hour later.', speaker: 'S1' }),
  ],
  {
    source: { ...EMPTY.source, name: 'Réunion <1> & "co".wav', duration: 3727, channels: 2 },
    language: { code: 'en', confidence: 0.98, requested: 'auto' },
    speakers: [
      speaker('S1', "Ann O'Neill & Co <x>"),
      speaker('S2', null),
      speaker('S3', '李 雷'),
      speaker('S4', '=cmd|"x"\n[9]'),
    ],
    turns: [
      { speaker: 'S1', start: 0.5, end: 8.25 },
      { speaker: 'S2', start: 3, end: 3.4 },
      { speaker: 'S3', start: 12, end: 20 },
      { speaker: 'S4', start: 24, end: 33.0004 },
    ],
    gaps: [
      { start: 100, end: 200, reason: 'no_speech' },
      { start: 300, end: 600, reason: 'worker_failed after 3 tries' },
    ],
  },
);
