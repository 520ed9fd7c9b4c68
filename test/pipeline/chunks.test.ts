import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planChunks, uncovered } from '../../src/pipeline/chunks.ts';
import { DEFAULT_SPAN_SHAPE, shapeSpans } from '../../src/speech/vad/spans.ts';

/** A random layout of silence and speech: pairs of [silence, speech] in seconds, then a last silence. */
const layout = fc.record({
  parts: fc.array(
    fc.tuple(fc.double({ min: 0, max: 40, noNaN: true }), fc.double({ min: 0.01, max: 30, noNaN: true })),
    {
      maxLength: 60,
    },
  ),
  tail: fc.double({ min: 0, max: 40, noNaN: true }),
});
const chunking = fc.constantFrom({ target: 30, max: 60 }, { target: 60, max: 300 }, { target: 28, max: 30 });

function spansOf({ parts, tail }: { parts: [number, number][]; tail: number }): {
  spans: { start: number; end: number }[];
  duration: number;
} {
  let time = 0;
  const spans = parts.map(([silence, speech]) => {
    const start = time + silence;
    time = start + speech;
    return { start, end: time };
  });
  return { spans, duration: time + tail };
}

test('E5: chunks and gaps together cover [0, duration] without a hole, whatever the silence', () => {
  fc.assert(
    fc.property(layout, chunking, (random, cut) => {
      const { spans, duration } = spansOf(random);
      const chunks = planChunks(spans, cut, duration);
      const gaps = uncovered(chunks, duration);
      let covered = 0;
      for (const part of [...chunks, ...gaps].sort((a, b) => a.start - b.start)) {
        assert.ok(Math.abs(part.start - covered) < 1e-9, `hole or overlap at ${covered}`);
        assert.ok(part.end >= part.start);
        covered = part.end;
      }
      assert.ok(Math.abs(covered - duration) < 1e-9);
    }),
  );
});

test('E5: no speech is cut, and none is left out', () => {
  fc.assert(
    fc.property(layout, chunking, (random, cut) => {
      const { spans, duration } = spansOf(random);
      const chunks = planChunks(spans, cut, duration);
      for (const span of spans)
        assert.equal(chunks.filter((chunk) => chunk.start <= span.start && span.end <= chunk.end).length, 1);
      for (const chunk of chunks) assert.ok(chunk.end - chunk.start <= Math.max(cut.target, 30 + 0.8 + 1e-9));
    }),
  );
});

test('padded and merged spans stay sorted, apart and within the recording', () => {
  fc.assert(
    fc.property(layout, (random) => {
      const { spans, duration } = spansOf(random);
      const shaped = shapeSpans(spans, duration, DEFAULT_SPAN_SHAPE);
      let end = 0;
      for (const span of shaped) {
        assert.ok(span.start >= end && span.end > span.start && span.end <= duration);
        end = span.end;
      }
      for (const span of spans.filter((raw) => raw.end > raw.start))
        assert.ok(shaped.some((kept) => kept.start <= span.start && span.end <= kept.end));
    }),
  );
});

test('a minute of talk is cut into several chunks, so that two cores have work', () => {
  const spans = Array.from({ length: 12 }, (_, i) => ({ start: i * 5, end: i * 5 + 4 }));
  assert.ok(planChunks(spans, { target: 30, max: 60 }, 60).length >= 4);
});

test('chunks are of one length, and as many as divide among two or three workers', () => {
  const spans = Array.from({ length: 60 }, (_, i) => ({ start: i * 5, end: i * 5 + 4.2 }));
  for (const target of [30, 60]) {
    const lengths = planChunks(spans, { target, max: 2 * target }, 300).map(({ start, end }) => end - start);
    assert.equal(lengths.length % 6, 0);
    assert.ok(Math.max(...lengths) <= target && Math.max(...lengths) - Math.min(...lengths) < 5.1);
  }
});
