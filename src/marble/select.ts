import type { Message, Run } from './run.js'

/** What of a run is looked at; what is left out is all. */
export interface Selection {
  ranks?: readonly number[] | undefined
  links?: readonly (readonly [from: number, to: number])[] | undefined
  tags?: readonly number[] | undefined
  kinds?: readonly string[] | undefined
  /** In µs since the job began. */
  since?: number | undefined
  until?: number | undefined
}

/** The messages that are looked at: whose ends, tag and kind are wanted, and of which something happens in the time. */
export function selected(
  { messages }: Run,
  { ranks, links, tags, kinds, since = 0, until = Number.POSITIVE_INFINITY }: Selection
): Message[] {
  return messages.filter(({ from, to, tag, kind, sent, received }) => {
    const [first, last] = [sent ?? received!, received ?? sent!]
    return (
      (ranks === undefined || ranks.includes(from) || ranks.includes(to!)) &&
      (links === undefined || links.some(([a, b]) => a === from && b === to)) &&
      (tags === undefined || (tag !== undefined && tags.includes(tag))) &&
      (kinds === undefined || kinds.includes(kind)) &&
      last >= since &&
      first <= until
    )
  })
}

/** Messages of one rank to another, and which these are. */
export interface Link {
  readonly from: number
  readonly to: number
  readonly messages: Message[]
}

export function linksOf(messages: readonly Message[]): Link[] {
  const links = new Map<string, Link>()
  for (const message of messages) {
    const { from, to } = message
    if (to === undefined) continue
    const link = links.get(`${from} ${to}`) ?? { from, to, messages: [] }
    links.set(`${from} ${to}`, link)
    link.messages.push(message)
  }
  return [...links.values()].sort((one, other) => one.from - other.from || one.to - other.to)
}
