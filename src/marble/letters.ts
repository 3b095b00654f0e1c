import type { Message } from './run.js'

/** What a letter of a diagram stands for. */
export interface Meaning {
  readonly letter: string
  /** Who sends what to whom. */
  readonly text: string
  readonly count: number
  /** The rank that sends them, where it is one. */
  readonly from: number | undefined
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

type Aspect = 'kind' | 'from' | 'to' | 'tag' | 'communicator' | 'datatype' | 'bytes'
/** By what messages are told apart, the most that the letters are enough for. */
const LEVELS: readonly (readonly Aspect[])[] = [
  ['kind', 'from', 'to', 'tag', 'communicator', 'datatype', 'bytes'],
  ['kind', 'from', 'to', 'tag', 'communicator', 'datatype'],
  ['kind', 'from', 'to', 'tag', 'communicator'],
  ['kind', 'from', 'to'],
  ['kind', 'from'],
  ['kind']
]

/** A letter for each sort of messages, in the order in which they come. */
export class Letters {
  readonly #level: readonly Aspect[]
  readonly #letters = new Map<string, { letter: string; messages: Message[] }>()

  constructor(messages: readonly Message[]) {
    this.#level = LEVELS.find((level) => new Set(messages.map((message) => keyOf(message, level))).size <= LETTERS.length)!
    for (const message of messages) {
      const key = keyOf(message, this.#level)
      const known = this.#letters.get(key)
      if (known === undefined) this.#letters.set(key, { letter: LETTERS[this.#letters.size]!, messages: [message] })
      else known.messages.push(message)
    }
  }

  of(message: Message): string {
    return this.#letters.get(keyOf(message, this.#level))!.letter
  }

  meanings(): Meaning[] {
    return [...this.#letters.values()].map(({ letter, messages }) => ({
      letter,
      text: this.#describe(messages),
      count: messages.length,
      from: this.#level.includes('from') ? messages[0]!.from : undefined
    }))
  }

  #describe(messages: readonly Message[]): string {
    const [{ from, to, kind, tag, communicator, datatype }] = messages as readonly [Message]
    const has = (aspect: Aspect): boolean => this.#level.includes(aspect)
    const sizes = messages.map(({ bytes }) => bytes)
    const [least, most] = [sizes.reduce((a, b) => Math.min(a, b)), sizes.reduce((a, b) => Math.max(a, b))]
    const parts = [
      has('to') ? `${from} → ${to ?? 'nobody'}` : has('from') ? `from ${from}` : undefined,
      kind === 'message' ? (has('tag') ? `tag ${tag}` : 'messages') : `of a ${kind}`,
      has('communicator') && communicator !== 'world' && communicator !== '' ? `on ${communicator}` : undefined,
      has('datatype') ? datatype : undefined,
      least === most ? sizeText(least) : `${sizeText(least)} to ${sizeText(most)}`
    ]
    return parts.filter((part) => part !== undefined).join(', ')
  }
}

const keyOf = (message: Message, level: readonly Aspect[]): string => level.map((aspect) => message[aspect]).join(' ')

export function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power - 1]}`
}
