import type { Segment, Transcript } from '../transcript/schema.ts';
import { SPEAKER_COLOURS, STYLE } from './html-style.ts';
import { languageName } from './languages.ts';
import { timedWords } from './layout/timed-words.ts';
import { speakerNames } from './names.ts';
import { paragraphsOf, type Missing, type Paragraph } from './paragraphs.ts';
import { escapeHtml, isUnspaced, oneLine } from './text.ts';
import { clockTime, secondsText } from './timestamps.ts';
import type { Writer } from './writer.ts';

/**
 * One page that needs nothing else: no script, no font, no address. Paragraphs by speaker, each speaker in a colour,
 * and every word with the recogniser's own times in `data-start` and `data-end` (seconds).
 */
export const html: Writer = {
  format: 'html',
  extension: '.html',
  mediaType: 'text/html',
  render(transcript) {
    const title = escapeHtml(oneLine(transcript.source.name)) || 'Transcript';
    const colourOf = colours(transcript);
    const parts = paragraphsOf(transcript).map((part) =>
      part.kind === 'gap' ? gapHtml(part) : paragraphHtml(part, colourOf),
    );
    return `<!doctype html>
<html lang="${escapeHtml(transcript.language.code ?? 'und')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>
${STYLE}
</style>
</head>
<body>
<header>
<h1 dir="auto">${title}</h1>
${factsHtml(transcript)}
${speakersHtml(transcript, colourOf)}</header>
<main dir="auto">
${parts.join('')}</main>
</body>
</html>
`;
  },
};

type Colours = (speaker: string | null) => string;

/** The class of a speaker's colour, in the order of the transcript's table; '' for nobody in particular. */
function colours({ speakers, segments }: Transcript): Colours {
  const ids = [
    ...new Set([...speakers.map(({ id }) => id), ...segments.map(({ speaker }) => speaker ?? [])].flat()),
  ];
  return (speaker) => (speaker === null ? '' : ` s${ids.indexOf(speaker) % SPEAKER_COLOURS}`);
}

function factsHtml({ source, language }: Transcript): string {
  const facts = [
    ['Duration', `<time datetime="PT${secondsText(source.duration)}S">${clockTime(source.duration)}</time>`],
  ];
  const name = languageName(language.code);
  if (name !== null) facts.push(['Language', escapeHtml(name)]);
  const rows = facts.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`);
  return `<dl class="facts" lang="en">${rows.join('')}</dl>`;
}

function speakersHtml(transcript: Transcript, colourOf: Colours): string {
  if (transcript.speakers.length === 0) return '';
  const nameOf = speakerNames(transcript);
  const items = transcript.speakers.map(({ id, talk_time }) => {
    const name = `<span class="name${colourOf(id)}" dir="auto">${escapeHtml(nameOf(id) ?? id)}</span>`;
    return `<li>${name} <time datetime="PT${secondsText(talk_time)}S">${clockTime(talk_time)}</time></li>\n`;
  });
  return `<ul class="speakers" aria-label="Speakers">\n${items.join('')}</ul>\n`;
}

function paragraphHtml({ start, speaker, name, segments }: Paragraph, colourOf: Colours): string {
  const who = name === null ? '' : `<span class="name">${escapeHtml(name)}</span> `;
  const time = `<time datetime="PT${secondsText(start)}S">${clockTime(start)}</time>`;
  const text = segments
    .map(segmentHtml)
    .reduce((all, one) => `${all}${one.space ? '\n' : ''}${one.html}`, '');
  return `<section class="turn${colourOf(speaker)}">\n<h2>${who}${time}</h2>\n<p dir="auto">${text}</p>\n</section>\n`;
}

/** `space`: the segment is set off from the one before it. */
function segmentHtml(segment: Segment, index: number): { html: string; space: boolean } {
  const words = timedWords(segment).map((word) => {
    const text = escapeHtml(word.text);
    const times = `data-start="${secondsText(word.start)}" data-end="${secondsText(word.end)}"`;
    return `${word.space ? ' ' : ''}${word.measured ? `<span ${times}>${text}</span>` : text}`;
  });
  const times = `data-start="${secondsText(segment.start)}" data-end="${secondsText(segment.end)}"`;
  const space = index > 0 && !isUnspaced([...segment.text][0] ?? '');
  return { html: `<span class="segment" ${times}>${words.join('')}</span>`, space };
}

function gapHtml({ start, end, reason }: Missing): string {
  return `<p class="gap" lang="en">Not transcribed from ${clockTime(start)} to ${clockTime(end)}: ${escapeHtml(reason)}</p>\n`;
}
