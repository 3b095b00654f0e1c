import { Letters, type Meaning } from './letters.js'
import type { Message, Rank, Run } from './run.js'
import { nice, type Scale, scaleOf } from './scale.js'
import { linksOf, type Selection, selected } from './select.js'

/** A mark at a time. */
export interface Mark {
  readonly time: number
  readonly text: string
  /** What it stands for; absent for an end. */
  readonly message?: Message
}

/** Marks in time, of a rank or a link. */
export interface Lane {
  readonly label: string
  readonly marks: readonly Mark[]
}

/** What is drawn, in the terminal or as a picture. */
export interface Diagram {
  readonly ranks: readonly { readonly rank: number; readonly title: string; readonly sends: Lane; readonly receives: Lane }[]
  readonly links: readonly (Lane & { readonly from: number })[]
  readonly legend: readonly Meaning[]
  readonly messages: readonly Message[]
  readonly scale: Scale
  /** Ranks and links that are there and are not drawn. */
  readonly more: { readonly ranks: number; readonly links: number }
  readonly title: string
}

export interface DiagramOptions extends Selection {
  /** Columns of the diagram, without its labels. */
  columns: number
  /** What is drawn; default both. */
  by?: 'ranks' | 'links' | 'both' | undefined
}

/** So many are drawn where none were asked for. */
const MOST_RANKS = 16
const MOST_LINKS = 24

/** What of a run is drawn. */
export function diagramOf(run: Run, options: DiagramOptions): Diagram {
  const { ranks: wanted, links: wantedLinks, since, until, by = 'both', columns } = options
  const messages = selected(run, options)
  const times = messages.flatMap(({ sent, received }) => [sent, received]).filter((time) => time !== undefined)
  const isEmpty = times.length === 0
  const first = since ?? (isEmpty ? 0 : times.reduce((a, b) => Math.min(a, b)))
  const last = Math.max(first, until ?? (isEmpty ? first + 1 : times.reduce((a, b) => Math.max(a, b))))
  const scale = scaleOf(first, last, columns)
  const letters = new Letters(messages)
  const inside = (time: number | undefined): time is number => time !== undefined && time >= first && time <= last
  const endOf = (rank: Rank | undefined): Mark[] => {
    if (rank?.end === undefined || rank.end.how === 'cut' || rank.end.time < first) return []
    if (until !== undefined && rank.end.time > until) return []
    // Ranks end long after their last message: the scale is that of messages.
    return [{ time: Math.min(rank.end.time, scale.since + scale.unit * scale.columns), text: rank.end.how === 'failure' ? '#' : '|' }]
  }
  const marks = (own: readonly Message[], timeOf: (message: Message) => number | undefined, end: Mark[]): Mark[] => {
    const found = own.flatMap((message) => {
      const time = timeOf(message)
      return inside(time) ? [{ time, text: letters.of(message), message }] : []
    })
    return [...found.sort((one, other) => one.time - other.time), ...end]
  }

  const ofLinks = linksOf(messages)
  const shown = wanted === undefined ? run.ranks.slice(0, MOST_RANKS) : run.ranks.filter(({ rank }) => wanted.includes(rank))
  const byFrom = grouped(messages, ({ from }) => from)
  const byTo = grouped(messages, ({ to }) => to)
  const ranks = shown.map((each) => ({
    rank: each.rank,
    title: each.title,
    sends: { label: 'sends', marks: marks(byFrom.get(each.rank) ?? [], ({ sent }) => sent, endOf(each)) },
    receives: { label: 'receives', marks: marks(byTo.get(each.rank) ?? [], ({ received }) => received, endOf(each)) }
  }))
  const busiest =
    wantedLinks === undefined && ofLinks.length > MOST_LINKS
      ? new Set([...ofLinks].sort((one, other) => other.messages.length - one.messages.length).slice(0, MOST_LINKS))
      : new Set(ofLinks)
  const titleOf = (rank: number): string => run.ranks.find((each) => each.rank === rank)?.title ?? String(rank)
  const links = ofLinks
    .filter((link) => busiest.has(link))
    .map(({ from, to, messages: own }) => ({
      from,
      label: `${titleOf(from)} → ${titleOf(to)}`,
      marks: marks(own, ({ received }) => received, endOf(run.ranks.find(({ rank }) => rank === from)))
    }))
  const lost = messages.filter(({ received }) => received === undefined).length
  const title = [
    `${counted(run.ranks.length, 'rank')}, ${counted(messages.length, 'message')}`,
    messages.length < run.messages.length ? ` of ${run.messages.length}` : '',
    lost > 0 ? `, ${lost} of them not received` : ''
  ].join('')
  return {
    ranks: by === 'links' ? [] : ranks,
    links: by === 'ranks' ? [] : links,
    legend: letters.meanings(),
    messages,
    scale,
    more: {
      ranks: by === 'links' || wanted !== undefined ? 0 : run.ranks.length - ranks.length,
      links: by === 'ranks' ? 0 : ofLinks.length - links.length
    },
    title
  }
}

/** Where the scale has its marks, from its begin on. */
export function ticksOf({ since, unit, columns }: Scale, every: number): { column: number; time: number }[] {
  const step = nice(every * unit)
  const ticks: { column: number; time: number }[] = []
  for (let k = 0; ; k++) {
    const column = Math.round((k * step) / unit)
    if (column >= columns) return ticks
    ticks.push({ column, time: since + k * step })
  }
}

/** What stands at one place: letters in a row; numbers and longer texts apart. */
export const joined = (texts: readonly string[]): string => texts.join(texts.some((text) => /..|\d/.test(text)) ? ' ' : '')

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function grouped<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}
