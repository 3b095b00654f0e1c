/** What the pictures are made of: elements of SVG as text, and one style for light and dark. */

type Attributes = Record<string, string | number | undefined>

export function element(name: string, attributes: Attributes = {}, ...children: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : escaped(value!)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

export const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escaped(content))

export const rect = (x: number, y: number, width: number, height: number, attributes: Attributes = {}): string =>
  element('rect', { x, y, width, height, ...attributes })

export const line = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string =>
  element('line', { x1, y1, x2, y2, class: 'line', ...attributes })

export const circle = (cx: number, cy: number, r: number, attributes: Attributes = {}): string =>
  element('circle', { cx, cy, r, ...attributes })

/** A line with a head at its end, which stops `gap` before it. */
export function arrow(x1: number, y1: number, x2: number, y2: number, gap = 0, attributes: Attributes = {}): string {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length]
  const [tipX, tipY] = [x2 - dx * gap, y2 - dy * gap]
  const [backX, backY] = [tipX - dx * 8, tipY - dy * 8]
  const head = [
    [tipX, tipY],
    [backX - dy * 4, backY + dx * 4],
    [backX + dy * 4, backY - dx * 4]
  ]
  return (
    line(x1 + dx * gap, y1 + dy * gap, backX, backY, { class: 'arrow', ...attributes }) +
    element('polygon', { points: head.map((point) => point.map(short).join(',')).join(' '), class: 'head' })
  )
}

/** A rank, by its number and colour. */
export const rankAt = (x: number, y: number, rank: number, r = 14): string =>
  circle(x, y, r, { class: colour(rank) }) + text(x, y + 5, String(rank), { 'text-anchor': 'middle', class: 'bold' })

/** A cell of memory, of the colour of the rank that it comes from. */
export const cell = (x: number, y: number, width: number, height: number, label: string, kind: string): string =>
  rect(x, y, width, height, { rx: 3, class: kind }) + text(x + width / 2, y + height / 2 + 5, label, { 'text-anchor': 'middle' })

export const COLOURS = 6
export const colour = (rank: number): string => `r${rank % COLOURS}`

/** A picture of its own that says what it shows, and has colours for light and dark. */
export function picture(width: number, height: number, alt: string, ...parts: string[]): string {
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${short(width)} ${short(height)}`,
    width,
    height,
    role: 'img',
    'font-family': "Helvetica, Arial, 'DejaVu Sans', sans-serif",
    'font-size': 14
  }
  const body = [element('title', {}, escaped(alt)), element('style', {}, STYLE), rect(0, 0, width, height, { rx: 8, class: 'paper' })]
  return `${element('svg', root, `\n${[...body, ...parts].join('\n')}\n`)}\n`
}

interface Shades {
  paper: string
  ink: string
  soft: string
  box: string
  mixed: string
  ranks: readonly string[]
}

/** ColorBrewer's "Paired": the light half under dark letters, the dark half, a little darker, under light ones. */
const LIGHT: Shades = {
  paper: '#ffffff',
  ink: '#1f2328',
  soft: '#59636e',
  box: '#f0f3f6',
  mixed: '#dfe4ea',
  ranks: ['#a6cee3', '#fdbf6f', '#b2df8a', '#cab2d6', '#fb9a99', '#f2e27c']
}
const DARK: Shades = {
  paper: '#0d1117',
  ink: '#e6edf3',
  soft: '#9198a1',
  box: '#1c2128',
  mixed: '#3d444d',
  ranks: ['#1f6ba5', '#a35200', '#2b7a1f', '#6a3d9a', '#ab2430', '#6f6000']
}

const rules = ({ paper, ink, soft, box, mixed, ranks }: Shades): string =>
  [
    `text{fill:${ink}}.soft{fill:${soft}}.halo{stroke:${paper}}`,
    `.paper{fill:${paper}}.box{fill:${box};stroke:${soft}}.mixed{fill:${mixed}}.ghost,.marble{stroke:${soft}}`,
    `.line,.arrow{stroke:${soft}}.head{fill:${soft}}.bar{fill:${ink}}`,
    ...ranks.map((fill, rank) => `.r${rank}{fill:${fill}}`)
  ].join('')

/** How elements look: `shapes` always, `light` and `dark` by where they stand. */
export const styles = {
  shapes:
    '.bold{font-weight:700}.line,.arrow{fill:none;stroke-width:1.5}.faint{opacity:.45}.dashed{stroke-dasharray:4 3}' +
    '.halo{stroke-width:5;paint-order:stroke;stroke-linejoin:round}.ghost{fill-opacity:.5;stroke-dasharray:3 2}.mono{font-family:monospace}',
  light: rules(LIGHT),
  dark: rules(DARK)
}

const STYLE = `${styles.shapes}${styles.light}@media (prefers-color-scheme:dark){${styles.dark}}`

const short = (value: number): string => String(Math.round(value * 10) / 10)

const escaped = (content: string | number): string =>
  String(content).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
