import type { Picture, RankPicture } from '../model/picture.js'
import type { Wait, WaitGraph } from '../model/waits.js'
import { duration, NAMES, SIGNS, stateText } from '../model/words.js'
import { byId, element, svg } from './dom.js'

const SIZE = 420
const MOST_WORDS = 8
/** More ranks than these stand close together. */
const CROWD = 24
/** A circle that is smaller has no room for a name. */
const NAMED = 9

/** The graph as a drawing, and what matters of it in words: cycles, and who holds up others. */
export function waitGraphView(): (picture: Picture, graph: WaitGraph) => void {
  const drawing = byId('wait-graph')
  const words = byId('wait-words')
  let before = ''
  return (picture, graph) => {
    const { ranks, deadlock, status } = picture
    const rankOf = new Map(ranks.map((rank) => [rank.process, rank]))
    const told = wordsOf(graph, rankOf, deadlock)
    const shown = JSON.stringify([graph, told.map(({ textContent }) => textContent)])
    if (shown === before) return
    before = shown
    words.replaceChildren(...told)
    drawing.replaceChildren()
    if (graph.waits.length > 0) drawing.append(draw(graph, rankOf))
    else
      drawing.append(
        element(
          'p',
          { class: 'quiet' },
          status === undefined ? 'Nobody has waited for another rank for more than a second.' : 'Nobody waits.'
        )
      )
  }
}

function wordsOf({ cycles, holders, waits }: WaitGraph, rankOf: ReadonlyMap<number, RankPicture>, deadlock: boolean): HTMLElement[] {
  const title = (process: number): string => rankOf.get(process)?.title ?? `${process}`
  const told = cycles.map((cycle) => {
    const way = [...cycle, cycle[0]!].map(title).join(' → ')
    const name = deadlock ? 'Deadlock' : 'A cycle, which may be a deadlock'
    const steps = cycle.slice(0, MOST_WORDS).map((from, k) => {
      const to = cycle[(k + 1) % cycle.length]
      const wait = waits.find((one) => one.from === from && one.to === to)
      return element(
        'li',
        {},
        `rank ${title(from)} waits ${wait?.what ?? ''}`,
        ...(wait?.at === undefined ? [] : [' ', element('code', {}, wait.at)])
      )
    })
    if (cycle.length > MOST_WORDS) steps.push(element('li', {}, `and ${cycle.length - MOST_WORDS} more`))
    return element('div', { class: 'cycle' }, element('h3', {}, `${name}: ${way}`), element('ol', {}, ...steps))
  })
  const lines = holders.slice(0, MOST_WORDS).map(({ process, waiting }) => {
    const rank = rankOf.get(process)
    return element(
      'li',
      {},
      element('b', {}, `Rank ${title(process)}`),
      ` holds up ${waiting === 1 ? '1 rank' : `${waiting} ranks`}`,
      rank === undefined ? '' : `, and is ${NAMES[rank.state]}`
    )
  })
  if (holders.length > MOST_WORDS) lines.push(element('li', {}, `and ${holders.length - MOST_WORDS} others do`))
  return lines.length === 0 ? told : [...told, element('ul', {}, ...lines)]
}

interface Point {
  x: number
  y: number
}

/** Those that matter in the middle, the others around them. */
function draw({ waits, cycles, holders }: WaitGraph, rankOf: ReadonlyMap<number, RankPicture>): SVGSVGElement {
  const all = [...new Set(waits.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  const central = new Set(cycles.length > 0 ? cycles.flat() : holders.map(({ process }) => process))
  const inner = all.filter((process) => central.has(process))
  const outer = all.filter((process) => !central.has(process))
  const far = SIZE / 2 - (outer.length > CROWD ? 26 : 28)
  const radius = Math.max(3.5, Math.min(22, (2.4 * far) / Math.max(outer.length, inner.length)))
  const places = new Map([...ring(inner, inner.length === 1 ? 0 : outer.length === 0 ? far * 0.8 : far * 0.45), ...ring(outer, far)])
  const arrow = (id: string): SVGElement =>
    svg(
      'marker',
      { id, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
      svg('path', { d: 'M0 0 8 4 0 8Z' })
    )
  const label = `${all.length} ranks and who waits for whom; the same in words follows`
  return svg(
    'svg',
    { viewBox: `0 0 ${SIZE} ${SIZE}`, role: 'img', 'aria-label': label, class: outer.length > CROWD ? 'many' : undefined },
    svg('defs', {}, arrow('arrow'), arrow('arrow-cycle')),
    ...[...waits].sort((one, other) => Number(one.inCycle) - Number(other.inCycle)).map((wait) => edge(wait, places, radius)),
    ...all.map((process) => node(process, places.get(process)!, radius, central.has(process), rankOf.get(process))),
    ...(radius < NAMED ? outside(all, places, outer.length, rankOf) : [])
  )
}

function ring(processes: readonly number[], radius: number): [number, Point][] {
  return processes.map((process, k) => {
    const angle = (2 * Math.PI * k) / processes.length - Math.PI / 2
    return [process, { x: SIZE / 2 + radius * Math.cos(angle), y: SIZE / 2 + radius * Math.sin(angle) }]
  })
}

/** Names of small circles, as many as there is room for. */
function outside(
  all: readonly number[],
  places: ReadonlyMap<number, Point>,
  crowd: number,
  rankOf: ReadonlyMap<number, RankPicture>
): SVGElement[] {
  const each = Math.max(1, Math.ceil(crowd / 40))
  return all.flatMap((process, k) => {
    const { x, y } = places.get(process)!
    const far = Math.hypot(x - SIZE / 2, y - SIZE / 2)
    if (far > SIZE / 4 && k % each !== 0) return []
    const out = far === 0 ? 0 : (far + 15) / far
    const at = { x: (SIZE / 2 + (x - SIZE / 2) * out).toFixed(1), y: (SIZE / 2 + (y - SIZE / 2) * out + (far === 0 ? 18 : 4)).toFixed(1) }
    return [svg('text', { ...at, class: 'outside' }, rankOf.get(process)?.title ?? `${process}`)]
  })
}

/** Bent, so that there and back can be told apart. */
function edge({ from, to, inCycle, what, at }: Wait, places: ReadonlyMap<number, Point>, radius: number): SVGElement {
  const [a, b] = [places.get(from)!, places.get(to)!]
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1
  const [dx, dy] = [(b.x - a.x) / length, (b.y - a.y) / length]
  const bend = Math.min(30, length / 6)
  const [x, y] = [(a.x + b.x) / 2 - dy * bend, (a.y + b.y) / 2 + dx * bend]
  const towards = (p: Point, gap: number): Point => {
    const far = Math.hypot(x - p.x, y - p.y) || 1
    return { x: p.x + ((x - p.x) / far) * gap, y: p.y + ((y - p.y) / far) * gap }
  }
  const [start, end] = [towards(a, radius), towards(b, radius + 3)]
  const d = `M${start.x.toFixed(1)} ${start.y.toFixed(1)}Q${x.toFixed(1)} ${y.toFixed(1)} ${end.x.toFixed(1)} ${end.y.toFixed(1)}`
  const marker = `url(#${inCycle ? 'arrow-cycle' : 'arrow'})`
  return svg(
    'path',
    { d, class: inCycle ? 'edge cycle' : 'edge', 'marker-end': marker },
    svg('title', {}, `${what}${at === undefined ? '' : ` at ${at}`}`)
  )
}

function node(process: number, { x, y }: Point, radius: number, central: boolean, rank: RankPicture | undefined): SVGElement {
  const state = rank?.state ?? 'ended'
  return svg(
    'g',
    { class: `node ${state}${central ? ' central' : ''}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
    svg('title', {}, rank === undefined ? `rank ${process}` : `rank ${rank.title}: ${stateText(rank)}, still for ${duration(rank.still)}`),
    svg('circle', { r: radius }),
    ...(radius >= NAMED ? [svg('text', { y: radius > 20 ? -1 : 4, class: 'name' }, rank?.title ?? `${process}`)] : []),
    ...(radius > 20 ? [svg('text', { y: 13, class: 'sign' }, SIGNS[state])] : [])
  )
}
