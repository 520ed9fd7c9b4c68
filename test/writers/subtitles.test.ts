import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as mediaCaptions from 'media-captions';
import subsrt from 'subsrt-ts';
import { layoutCues } from '../../src/writers/layout.ts';
import { srt } from '../../src/writers/srt.ts';
import { vtt } from '../../src/writers/vtt.ts';
import { DEFAULT_WRITER_OPTIONS as OPTIONS } from '../../src/writers/writer.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { RICH, segment, transcriptOf } from './fixture.ts';

type VTTNode = { type: string; voice: string; data: string; children: VTTNode[] };
type VTTCue = { startTime: number; endTime: number };
/** The package's own type files leave out extensions, so that TypeScript does not find what they export. */
const { parseText, tokenizeVTTCue } = mediaCaptions as unknown as {
  parseText(
    text: string,
    options: { type: 'vtt'; strict: boolean },
  ): Promise<{ cues: VTTCue[]; errors: Error[] }>;
  tokenizeVTTCue(cue: VTTCue): VTTNode[];
};

const hostile = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc.constantFrom(
    'a --> b',
    '-->',
    '<v Eve>',
    '</v>',
    '&lt;',
    '1\n00:00:01,000 --> 00:00:02,000',
    'NOTE x',
    'WEBVTT',
    '{\\an8}',
    '\u0000',
    '\r\n\r\n',
  ),
);
const transcripts = fc
  .array(fc.record({ text: hostile, speaker: fc.option(hostile), at: fc.integer({ min: 0, max: 5e6 }) }), {
    maxLength: 5,
  })
  .map((all) =>
    transcriptOf(
      all.map(({ text, speaker, at }) => segment({ start: at / 1000, end: at / 1000 + 2, text, speaker })),
    ),
  );

void test('srt: an independent parser reads every cue, its times and its lines', () => {
  const cues = [...layoutCues(RICH, OPTIONS, { nameInText: false })];
  const read = readSrt(RICH);
  // The name takes room in the text, so that there are at least as many.
  assert.ok(read.length >= cues.length);
  assert.equal(read[0]?.start, 500);
  assert.match(read[0]?.text ?? '', /^Ann O'Neill & Co ‹x›: This is/);
  for (const [i, cue] of read.entries()) {
    assert.ok(cue.end > cue.start);
    assert.ok(cue.start >= (read[i - 1]?.end ?? 0));
  }
});

void test('srt: no text or name can make, end or style a cue', () => {
  fc.assert(
    fc.property(transcripts, (transcript) => {
      const text = srt.render(transcript, OPTIONS);
      assert.doesNotMatch(text, /\r|\uFEFF/);
      assert.equal(readSrt(transcript).length, text.match(/-->/g)?.length ?? 0);
      assert.doesNotMatch(text, /<|\{\\/);
    }),
    { numRuns: 300 },
  );
});

void test('vtt: an independent parser reads the cues with their voices, and the text as it was', async () => {
  const cues = [...layoutCues(RICH, OPTIONS, { nameInText: false })];
  const read = await readVtt(RICH);
  assert.deepEqual(
    read.map(({ start, end, voice, text }) => [start, end, voice, text]),
    cues.map(({ start, end, speaker, lines }) => [start, end, speaker, lines.join('\n')]),
  );
});

void test('vtt: no text or name can make, end or style a cue', async () => {
  await fc.assert(
    fc.asyncProperty(transcripts, async (transcript) => {
      const text = vtt.render(transcript, OPTIONS);
      assert.doesNotMatch(text, /\r|\uFEFF|\0/);
      const cues = [...layoutCues(transcript, OPTIONS, { nameInText: false })];
      const read = await readVtt(transcript);
      assert.deepEqual(
        read.map(({ voice, text: shown }) => [voice, shown]),
        cues.map(({ speaker, lines }) => [speaker, lines.join('\n')]),
      );
    }),
    { numRuns: 300 },
  );
});

void test('a byte order mark stands in front when asked for, and only then', () => {
  for (const writer of [srt, vtt]) {
    const [plain, marked] = [writer.render(RICH, OPTIONS), writer.render(RICH, { ...OPTIONS, bom: true })];
    assert.equal(marked, `\uFEFF${plain}`);
  }
});

void test('nothing said gives files without cues that parsers still read', async () => {
  assert.equal(srt.render(transcriptOf([]), OPTIONS), '');
  assert.equal(vtt.render(transcriptOf([]), OPTIONS), 'WEBVTT\n');
  assert.deepEqual(await readVtt(transcriptOf([])), []);
});

function readSrt(transcript: Transcript) {
  const captions = subsrt.parse(srt.render(transcript, OPTIONS), { format: 'srt' });
  return captions.filter((caption) => caption.type === 'caption');
}

async function readVtt(transcript: Transcript) {
  const { cues, errors } = await parseText(vtt.render(transcript, OPTIONS), { type: 'vtt', strict: true });
  assert.deepEqual(errors, []);
  return cues.map((cue) => {
    const nodes = tokenizeVTTCue(cue);
    const voice = nodes.find((node) => node.type === 'v');
    return {
      start: Math.round(cue.startTime * 1000),
      end: Math.round(cue.endTime * 1000),
      voice: voice?.voice ?? null,
      text: nodes.map(plain).join(''),
    };
  });
}

function plain(node: VTTNode): string {
  return node.type === 'text' ? node.data : node.children.map(plain).join('');
}
