import { languageName } from './languages.ts';
import { paragraphsOf } from './paragraphs.ts';
import { oneLine } from './text.ts';
import { clockTime } from './timestamps.ts';
import type { Writer } from './writer.ts';

/** CommonMark: a heading, what is known about the recording, then a paragraph for each speaker. */
export const md: Writer = {
  format: 'md',
  extension: '.md',
  mediaType: 'text/markdown',
  render(transcript) {
    const { source, language } = transcript;
    const facts = [`Duration: ${clockTime(source.duration)}`];
    const name = languageName(language.code);
    if (name !== null) facts.push(`Language: ${escapeMarkdown(name)}`);
    const paragraphs = paragraphsOf(transcript).map((part) => {
      const time = `\\[${clockTime(part.start)}\\]`;
      if (part.kind === 'gap')
        return `*${time} not transcribed until ${clockTime(part.end)}: ${escapeMarkdown(part.reason)}*`;
      const who = part.name === null ? time : `**${escapeMarkdown(part.name)}** ${time}`;
      return `${who}  \n${escapeMarkdown(part.text)}`;
    });
    const title = `# ${escapeMarkdown(oneLine(source.name)) || 'Transcript'}`;
    return `${[title, facts.join(' · '), ...paragraphs].join('\n\n')}\n`;
  },
};

/**
 * Text that Markdown shows as it is: punctuation that can begin markup gets a backslash, at the start of the text also
 * what would begin a list or a rule, and bare addresses are kept from becoming links.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>#|~&!@]/g, '\\$&')
    .replace(/^([-+=])/, '\\$1')
    .replace(/^(\d+)([.)])/, '$1\\$2')
    .replace(/:(?=\/\/)/g, '\\:')
    .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}\\.`);
}
