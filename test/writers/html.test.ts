import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Parser } from 'htmlparser2';
import { html } from '../../src/writers/html.ts';
import { STYLE } from '../../src/writers/html-style.ts';
import { oneLine } from '../../src/writers/text.ts';
import { DEFAULT_WRITER_OPTIONS as OPTIONS } from '../../src/writers/writer.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { EMPTY, RICH, segment, transcriptOf } from './fixture.ts';

interface Page {
  tags: string[];
  attributes: Record<string, string>[];
  /** Text of each segment, of each name, of each word. */
  segments: string[];
  words: { text: string; start: string | undefined; end: string | undefined }[];
}

/** The page as an independent parser sees it. */
function read(transcript: Transcript): Page {
  const page: Page = { tags: [], attributes: [], segments: [], words: [] };
  const open: Record<string, string>[] = [];
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        page.tags.push(name);
        page.attributes.push(attributes);
        open.push(attributes);
        if (attributes['class'] === 'segment') page.segments.push('');
        else if (name === 'span' && 'data-start' in attributes)
          page.words.push({ text: '', start: attributes['data-start'], end: attributes['data-end'] });
      },
      ontext(text) {
        const inside = open.at(-1) ?? {};
        if (open.some((one) => one['class'] === 'segment'))
          page.segments.push((page.segments.pop() ?? '') + text);
        if ('data-start' in inside && inside['class'] === undefined)
          (page.words.at(-1) as { text: string }).text += text;
      },
      onclosetag() {
        open.pop();
      },
    },
    { decodeEntities: true },
  );
  parser.end(html.render(transcript, OPTIONS));
  return page;
}

const ALLOWED =
  'html head meta title style body header h1 dl div dt dd time ul li main section h2 p span'.split(' ');

const ATTRIBUTES =
  'lang charset name content http-equiv dir class datetime aria-label data-start data-end'.split(' ');

void test('the page needs nothing from outside and runs nothing', () => {
  const page = read(RICH);
  assert.deepEqual(
    [...new Set(page.tags)].filter((tag) => !ALLOWED.includes(tag)),
    [],
  );
  for (const attributes of page.attributes)
    for (const name of Object.keys(attributes)) assert.doesNotMatch(name, /^on|^src$|^href$|^style$/);
});

void test('no text, name or file name can become markup; each reads as it was', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
    fc.constantFrom(
      '<script>x</script>',
      '"><img onerror=x>',
      '</span></p>',
      '&lt;b&gt;',
      '<!--',
      ']]>',
      "' onclick='",
    ),
  );
  fc.assert(
    fc.property(text, text, text, fc.option(text), (spoken, speaker, name, code) => {
      const transcript = transcriptOf([segment({ start: 0, end: 1, text: spoken, speaker })], {
        source: { ...EMPTY.source, name },
        language: { code, confidence: null, requested: 'auto' },
      });
      const page = read(transcript);
      assert.deepEqual(
        [...new Set(page.tags)].filter((tag) => !ALLOWED.includes(tag)),
        [],
      );
      const names = page.attributes.flatMap((one) => Object.keys(one));
      assert.deepEqual(
        names.filter((one) => !ATTRIBUTES.includes(one)),
        [],
      );
      assert.equal(page.attributes[0]?.['lang'], code ?? 'und');
      assert.deepEqual(page.segments, oneLine(spoken) === '' ? [] : [oneLine(spoken)]);
    }),
    { numRuns: 300 },
  );
});

void test('words carry their own times; a word without any carries none', () => {
  const { words } = read(RICH);
  assert.deepEqual(words[0], { text: 'This', start: '0.500', end: '0.888' });
  assert.deepEqual(words.slice(-2), [
    { text: 'Some', start: '40.000', end: '40.400' },
    { text: 'lost.', start: '41.500', end: '42.000' },
  ]);
});

void test('a page has a language, one title, one main part and a heading for each paragraph', () => {
  const { tags, attributes } = read(RICH);
  const count = (tag: string): number => tags.filter((one) => one === tag).length;
  assert.deepEqual([count('title'), count('h1'), count('main')], [1, 1, 1]);
  assert.equal(count('h2'), count('section'));
  assert.equal(attributes[0]?.['lang'], 'en');
});

void test("every speaker's colour has 4.5 : 1 contrast on the light and on the dark page", () => {
  const light = { background: [1, 1, 1], lightness: 0.3 };
  const dark = { background: hex(/dark\) \{\s*:root \{ --bg: (#\w+)/), lightness: 0.72 };
  assert.match(STYLE, /--l: 30%;[^]*--l: 72%;/);
  const hues = [...STYLE.matchAll(/hsl\((\d+) 70%/g)].map((match) => Number(match[1]));
  assert.equal(hues.length, 8);
  for (const { background, lightness } of [light, dark])
    for (const hue of hues) {
      const [low, high] = [luminance(background), luminance(rgb(hue, 0.7, lightness))].sort((a, b) => a - b);
      assert.ok(
        ((high as number) + 0.05) / ((low as number) + 0.05) >= 4.5,
        `${hue} on ${background.join()}`,
      );
    }
});

function hex(pattern: RegExp): number[] {
  const text = pattern.exec(STYLE)?.[1] ?? '';
  assert.match(text, /^#[0-9a-f]{6}$/);
  return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16) / 255);
}

/** CSS Color 4, section 7.1. */
function rgb(hue: number, saturation: number, lightness: number): number[] {
  const a = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  });
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: readonly number[]): number {
  const [r, g, b] = colour.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (r as number) + 0.7152 * (g as number) + 0.0722 * (b as number);
}
