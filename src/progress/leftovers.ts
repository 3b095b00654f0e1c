import { withArticle } from '../codec/article.js'
import { at } from '../diagnostics/call-site.js'
import { CONTEXTS, MESSAGES } from './context-ids.js'
import type { Endpoint, Holding, Unfreed } from './endpoint.js'
import { pendingCalls } from './pending-calls.js'
import { contentOf, unreceived } from './unreceived.js'

/** What is told one by one; of more there is only the number. */
const SHOWN = 8

/**
 * What a rank whose program has ended well has left over, a line of each kind: messages that were sent to it and not received, calls that
 * still wait, what they have given and nobody looked at, what was not given back or freed. None where a rank has failed, for what is left
 * then is no fault of the program's.
 */
export function leftovers(endpoint: Endpoint, title = `${endpoint.transport.rank}`): string[] {
  if (endpoint.failures.length > 0) return []
  const calls = pendingCalls(endpoint).filter(({ endless }) => !endless)
  if (calls.length === 0) endpoint.transport.poll()
  return [
    ...line(title, messagesOf(endpoint), 'message', 'that nobody received', 'receive each, or do not send it'),
    ...line(
      title,
      calls.map(({ waits, site }) => `${waits.join(' and ')}${at(site)}`),
      'call',
      'under way',
      'await each before process.exit, or cancel it'
    ),
    ...overlookedOf(endpoint, title),
    ...line(
      title,
      Array.from(heldIn(endpoint), (holding) => `${holding.describe()}${at(holding.site)}`),
      'lock',
      'not given back',
      'release each, or take it with await using'
    ),
    ...[...byKind(endpoint.unfreed)].flatMap(([kind, all]) =>
      line(
        title,
        all.map(({ name, site }) => `'${name}'${at(site)}`),
        kind,
        'that nobody freed',
        'free() each, or make it with using'
      )
    )
  ]
}

/** What stands for itself: what ranks say to each other beside it, and what of a stream was under way when it ended, is none of it. */
function messagesOf(endpoint: Endpoint): string[] {
  const lines: string[] = []
  for (const { message, origin } of unreceived(endpoint)) {
    if ((message.context & (CONTEXTS - 1)) === MESSAGES) lines.push(`${contentOf(message)} from ${origin}`)
  }
  return lines
}

function overlookedOf(endpoint: Endpoint, title: string): string[] {
  const all = [...endpoint.overlooked]
  return (['receive', 'collective', 'probed message'] as const).flatMap((kind) => {
    const told = all.filter((one) => one.kind === kind).map(({ describe, site }) => `${describe()}${at(site)}`)
    if (kind === 'probed message') return line(title, told, kind, 'that nobody received', 'receive what mprobe and improbe take')
    return line(title, told, kind, 'that nobody looked at', 'wait for each, test it or subscribe to it')
  })
}

/** Locks and turns: of windows each knows its own. */
function* heldIn({ held, unfreed }: Endpoint): Generator<Holding> {
  yield* held
  for (const { holdings = [] } of unfreed) yield* holdings
}

function byKind(all: Iterable<Unfreed>): Map<string, Unfreed[]> {
  const kinds = new Map<string, Unfreed[]>()
  for (const one of all) {
    const { kind = 'communicator', isGiven = false } = one
    if (isGiven) continue
    kinds.set(kind, [...(kinds.get(kind) ?? []), one])
  }
  return kinds
}

function line(title: string, all: readonly string[], one: string, how: string, advice: string): string[] {
  if (all.length === 0) return []
  const counts = new Map<string, number>()
  for (const what of all) counts.set(what, (counts.get(what) ?? 0) + 1)
  const told = Array.from(counts, ([what, count]) => (count === 1 ? what : `${what} (${count} times)`))
  const more = told.length > SHOWN ? [`and ${told.length - SHOWN} more`] : []
  const what = all.length === 1 ? withArticle(one) : `${all.length} ${plural(one)}`
  return [`rank ${title} ended with ${what} ${how}: ${[...told.slice(0, SHOWN), ...more].join('; ')}; ${advice}`]
}

const plural = (one: string): string => (one.endsWith('x') ? `${one}es` : `${one}s`)
