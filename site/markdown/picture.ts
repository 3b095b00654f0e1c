import { styles } from '../../src/marble/svg.js'

/** What a narrow screen has room for, in pixels. */
const NARROW = 300

/**
 * A picture within a page: its colours are the page's, light or dark, where a file of its own could only ask the system for them. What it
 * shows is told to who cannot see it.
 */
export function inlined(svg: string, alt: string): string {
  const drawn = svg
    .replace(/<style>[\s\S]*?<\/style>\n?/, '')
    .replace(/<title>[\s\S]*?<\/title>\n?/, '')
    .replace(' role="img"', ` role="img" aria-label="${escaped(alt)}"`)
  // By the keyboard too, what is wider than a narrow screen is scrolled.
  const isWide = Number(/ width="([\d.]+)"/.exec(svg)?.[1]) > NARROW
  return `<div class="picture"${isWide ? ' tabindex="0" role="group" aria-label="picture"' : ''}>${drawn.trim()}</div>\n`
}

/** The style of all pictures of the site. */
export const css = `.picture svg {\n${styles.shapes}\n${styles.light}\n}\n.dark .picture svg {\n${styles.dark}\n}\n`

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\n', '&#10;')
