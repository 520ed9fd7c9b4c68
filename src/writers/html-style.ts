/** How many speakers have a colour of their own before colours repeat. */
export const SPEAKER_COLOURS = 8;

/** Hue, and lightness in light and dark mode: every pair has at least 4.5 : 1 contrast on its background. */
const HUES = [215, 150, 20, 280, 340, 185, 45, 100];

/** The page's whole style: readable measure, light and dark by the reader's setting, plain in print. */
export const STYLE = `
:root { color-scheme: light dark; --bg: #fff; --fg: #1c1e21; --soft: #5b626b; --line: #e1e4e8; --l: 30%; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #15171a; --fg: #e6e8ea; --soft: #a2a9b2; --line: #33383e; --l: 72%; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1.25rem 4rem; background: var(--bg); color: var(--fg);
  font: 1.0625rem/1.65 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; color: var(--soft); font-size: .9rem; }
.facts div { display: flex; gap: .4rem; }
.facts dd { margin: 0; }
.speakers { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; list-style: none; margin: .75rem 0 0; padding: 0; font-size: .9rem; }
main { border-top: 1px solid var(--line); margin-top: 1.5rem; padding-top: .5rem; }
.turn { margin: 1.25rem 0; padding-left: 1rem; border-left: 3px solid var(--c, var(--line)); }
.turn h2 { font-size: 1rem; margin: 0; }
.turn p { margin: 0; }
.name { color: var(--c); font-weight: 600; }
time { color: var(--soft); font-size: .8rem; font-weight: 400; font-variant-numeric: tabular-nums; }
.gap { color: var(--soft); font-style: italic; margin: 1.25rem 0; }
${HUES.map((hue, i) => `.s${i} { --c: hsl(${hue} 70% var(--l)); }`).join('\n')}
@media print { body { max-width: none; padding: 0; font-size: 11pt; } .turn { break-inside: avoid; } }
`.trim();
