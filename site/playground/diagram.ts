import type { Diagram, Lane, Mark } from '../../src/marble/diagram.js'
import type { Meaning } from '../../src/marble/letters.js'
import type { Message } from '../../src/marble/run.js'
import { scaleOf } from '../../src/marble/scale.js'
import { show } from '../../testing/simulation/marbles.js'
import type { Emission, Recording } from './record.js'

/** Characters of a value that a marble has room for; a longer one is a letter, which the legend explains. */
const SHORT = 4
/** Of a value in the legend. */
const WIDE = 60
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** Milliseconds of a run are µs of a diagram. */
const MS = 1000

/** A recording as a diagram of its values: for each rank what it sends and receives, and what it emits. */
export function diagramOf({ messages, emissions }: Recording, size: number, columns: number): Diagram {
  const labels = new Labels()
  const all = messages
    .map((message) => ({ ...message, text: labels.of(message.data) }))
    .sort((one, other) => one.sent - other.sent || one.from - other.from)
  const drawn = all.map(({ from, to, sent, arrived, text }) => ({ text, message: messageOf(from, to, sent * MS, arrived * MS) }))
  const times = [...drawn.flatMap(({ message }) => [message.sent!, message.received!]), ...emissions.map(({ time }) => time * MS)]
  const last = times.reduce((one, other) => Math.max(one, other), MS)
  const ranks = Array.from({ length: size }, (_, rank) => ({
    rank,
    title: String(rank),
    sends: lane('sends', drawn, ({ from, sent }) => (from === rank ? sent : undefined)),
    receives: lane('receives', drawn, ({ to, received }) => (to === rank ? received : undefined))
  }))
  const links = ranks.flatMap(({ rank }) => {
    const own = emissions.filter((emission) => emission.rank === rank)
    return own.length === 0 ? [] : [{ from: rank, label: `${rank} emits`, marks: own.map((emission) => markOf(emission, labels)) }]
  })
  return {
    ranks,
    links,
    legend: labels.legend(),
    messages: drawn.map(({ message }) => message),
    scale: scaleOf(0, last, columns),
    more: { ranks: 0, links: 0 },
    title: `${size} rank${size === 1 ? '' : 's'}, ${messages.length} message${messages.length === 1 ? '' : 's'}`
  }
}

type Drawn = { text: string; message: Message }

function lane(label: string, drawn: readonly Drawn[], timeOf: (message: Message) => number | undefined): Lane {
  const marks = drawn.flatMap(({ text, message }) => {
    const time = timeOf(message)
    return time === undefined ? [] : [{ time, text, message }]
  })
  return { label, marks: marks.sort((one, other) => one.time - other.time) }
}

function markOf({ rank, time, kind, value }: Emission, labels: Labels): Mark {
  if (kind !== 'next') return { time: time * MS, text: kind === 'end' ? '|' : '#' }
  return { time: time * MS, text: labels.of(value), message: messageOf(rank, rank, time * MS, time * MS) }
}

/** What the drawer knows of a message; its words are ours. */
const messageOf = (from: number, to: number, sent: number, received: number): Message => ({
  from,
  to,
  sent,
  received,
  waited: undefined,
  kind: 'message',
  tag: undefined,
  communicator: 'world',
  datatype: '',
  bytes: 0
})

/** Short values stand for themselves; others, and those that carry nothing, have letters. */
class Labels {
  readonly #letters = new Map<string, { letter: string; count: number }>()

  of(value: unknown): string {
    const text = value === undefined ? 'without data' : typeof value === 'string' && value !== '' ? value : show(value)
    if (text.length <= SHORT) return text
    const known = this.#letters.get(text) ?? { letter: LETTERS[this.#letters.size % LETTERS.length]!, count: 0 }
    known.count++
    this.#letters.set(text, known)
    return known.letter
  }

  legend(): Meaning[] {
    return [...this.#letters].map(([text, { letter, count }]) => ({ letter, text: shortened(text), count, from: undefined }))
  }
}

const shortened = (text: string): string => (text.length > WIDE ? `${text.slice(0, WIDE - 1)}…` : text)
