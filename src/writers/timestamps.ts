/** Seconds as whole milliseconds, rounded once: every clock text is made from this, so that no `,1000` can appear. */
export function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** `HH:MM:SS,mmm` of whole milliseconds, as SubRip writes it. Hours grow beyond two digits when they must. */
export function srtTime(milliseconds: number): string {
  return clock(milliseconds, ',');
}

/** `HH:MM:SS.mmm` of whole milliseconds, as WebVTT writes it. */
export function vttTime(milliseconds: number): string {
  return clock(milliseconds, '.');
}

/** `HH:MM:SS` of seconds, cut off rather than rounded: the moment to jump to is never after the speech. */
export function clockTime(seconds: number): string {
  return clock(toMilliseconds(seconds), '.').slice(0, -4);
}

/** Seconds with exactly three decimals, for the line-based formats of scoring tools. */
export function secondsText(seconds: number): string {
  return (toMilliseconds(seconds) / 1000).toFixed(3);
}

function clock(milliseconds: number, separator: string): string {
  const pad = (value: number, digits: number): string => String(Math.floor(value)).padStart(digits, '0');
  const seconds = Math.floor(milliseconds / 1000);
  return `${pad(seconds / 3600, 2)}:${pad((seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}${separator}${pad(milliseconds % 1000, 3)}`;
}
