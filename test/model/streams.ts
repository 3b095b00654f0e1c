import { below, FROM_ROOT, type Program, type Stream } from './stream-programs.js'

/*
 * What the ranks of a collective over streams see, without messages, time or algorithms. The contract:
 *
 * 1. Round k takes the k-th value of every rank. What a rank sees is a beginning of the list of right results, in order.
 * 2. Where all sources end after n values, every rank sees n rounds and completes.
 * 3. Where they end after different numbers: 'error' gives every rank the rounds that were whole and then a RaggedStreamError with all
 *    counts; 'truncate' completes after the shortest; 'rest' goes on without those that have ended, to the end of the longest.
 * 4. An error takes its place in the stream: the error of a source that fails after n values is in place n, behind n rounds. The others get
 *    it there as a RemoteError of that rank, whose cause is the original; the rank's own subscribers get it as itself, and never as a
 *    RemoteError.
 * 5. What is behind the end of the stream never happens: an error in place 8 of a stream that ends after 2 rounds, in whatever way it ends,
 *    is nobody's.
 * 6. Unsubscribing on a rank counts as its source's end there, after the rounds that it has seen. It may have given more values by then:
 *    others may see those rounds too, and how many of them depends on time.
 * 7. Where the root gives all there is (bcast, scatter), only its source counts: the others' values are ignored, their ends too.
 * 8. Every stream ends on every rank that has not unsubscribed. Nothing is left behind, and the communicator is as usable as before.
 * 9. The n-th subscription of an operator meets the n-th on the other ranks, however late, and is a stream by itself. Each subscribes to
 *    the rank's source, also where the others have ended already: a source that counts its subscriptions (`defer`) counts the same on every
 *    rank.
 *
 * Where that leaves a choice, each outcome is allowed:
 * a. Several sources fail in the same place: each other rank gets one of the errors, a failing rank its own or another's.
 * b. A source fails in the place where another ends: with 'truncate' the stream completes or fails; with 'error' it is ragged or fails
 *    where a third goes on, and fails where none does. All ranks see the same.
 * c. A rank that unsubscribes has ended where it was, or, if it had given more before, anywhere up to there, or by its source's own end.
 * d. A rank that follows the root fails, or leaves: its error may come in any place or not at all; that it has left may end the stream in
 *    that place, in the way that `ragged` says, or change nothing.
 * e. In scan and exscan a rank needs those before it only: it may have seen rounds that those behind it have no value for.
 */

/** How a subscription has ended. */
export type End =
  | 'never'
  | 'left'
  | 'complete'
  | { readonly name: string; readonly message: string; readonly rank?: number; readonly cause?: string; readonly own: boolean }

/** What a rank has seen in one subscription. */
export interface Seen {
  readonly values: readonly unknown[]
  readonly end: End
  /** Its source was subscribed to. */
  readonly begun: boolean
}

/** What is wrong, in general and in detail. */
export interface Complaint {
  readonly kind: string
  readonly text: string
}

export const value = (rank: number, run: number, round: number): string => `${rank}.${run}.${round} `
export const failure = (rank: number, run: number): string => `rank ${rank} fails in ${run}`
export const NOTHING = Symbol('nothing')

/** What a rank gets from a round in which these ranks take part. */
export function result(
  { collective, root, ranks: { length: size } }: Program,
  run: number,
  rank: number,
  round: number,
  there: (rank: number) => boolean
): unknown {
  const all = below(size)
  const part = (from: number): string => `${value(from, run, round)}>${rank}`
  const joined = (ranks: readonly number[], of = (from: number) => value(from, run, round)): string => ranks.filter(there).map(of).join('')
  const numbers = (ranks: readonly number[]): number[] => ranks.filter(there).flatMap((from) => [from, round])
  switch (collective) {
    case 'barrier':
      return there(rank) ? value(rank, run, round) : NOTHING
    case 'bcast':
      return value(root, run, round)
    case 'scatter':
      return part(root)
    case 'scatterv':
      return [rank, round]
    case 'gather':
    case 'allgather':
      return collective === 'gather' && rank !== root ? NOTHING : all.map((from) => (there(from) ? value(from, run, round) : undefined))
    case 'gatherv':
    case 'allgatherv':
      return collective === 'gatherv' && rank !== root ? NOTHING : numbers(all)
    case 'alltoall':
      return all.map((from) => (there(from) ? part(from) : undefined))
    case 'alltoallv':
      return all.map((from) => from * 100_000 + rank * 1000 + round)
    case 'reduce':
      return rank === root ? joined(all) : NOTHING
    case 'allreduce':
      return joined(all)
    case 'scan':
      return joined(all.slice(0, rank + 1)) || NOTHING
    case 'exscan':
      return joined(all.slice(0, rank)) || (there(rank) ? undefined : NOTHING)
    case 'reduceScatter':
      return joined(all, part)
    default:
      throw new Error(collective)
  }
}

/** One way for a stream to end: after at least and at most so many rounds, in completion, raggedness, or the error of a rank. */
interface Way {
  readonly kind: 'complete' | 'ragged' | number
  readonly least: number
  readonly most: number
}

/** How long a rank's own stream was: `low` and `high` differ where it has left, and its source's end may not have counted. */
interface Length {
  readonly rank: number
  readonly low: number
  readonly high: number
  readonly fails: boolean
  readonly left: boolean
}

function waysOf({ ragged }: Program, lengths: readonly Length[]): Way[] {
  const ways: Way[] = []
  const anyLeft = lengths.some(({ left }) => left)
  const shortest = Math.min(...lengths.map(({ high }) => high))
  const failing = lengths.filter(({ fails }) => fails)
  if (ragged === 'rest') {
    const first = Math.min(...failing.filter(({ left }) => !left).map(({ high }) => high))
    for (const { rank, high } of failing) if (high <= first) ways.push({ kind: rank, least: high, most: high })
    if (first < Number.POSITIVE_INFINITY) return ways
    return [
      ...ways,
      { kind: 'complete', least: Math.max(...lengths.map(({ low }) => low)), most: Math.max(...lengths.map(({ high }) => high)) }
    ]
  }
  for (const { rank, high } of failing) if (high === shortest) ways.push({ kind: rank, least: high, most: high })
  for (let place = Math.min(...lengths.map(({ low }) => low)); place <= shortest; place++) {
    const ending = lengths.filter(({ low, high, fails, left }) => (left ? low <= place && place <= high : high === place && !fails))
    const longer = lengths.filter(({ high }) => high > place)
    if (ending.length === 0) continue
    const most = anyLeft ? shortest : place
    if (ragged === 'truncate') ways.push({ kind: 'complete', least: place, most })
    else {
      if (ending.length === lengths.length) ways.push({ kind: 'complete', least: place, most: place })
      if (longer.some((one) => ending.some((other) => other !== one))) ways.push({ kind: 'ragged', least: place, most })
    }
  }
  return ways
}

/** What is wrong with what the ranks have seen in one subscription; `undefined` if all is well. */
export function judge(program: Program, run: number, seen: readonly Seen[]): Complaint | undefined {
  const { collective, root, ragged, ranks } = program
  const streams = ranks.map((rank) => rank.streams[run]!)
  const hasLeft = (rank: number): boolean => seen[rank]!.end === 'left'
  const fromRoot = FROM_ROOT.has(collective)
  const lengths = streams.map(
    ({ values, fails }, rank): Length => ({
      rank,
      low: hasLeft(rank) ? Math.min(seen[rank]!.values.length, values) : values,
      high: values,
      fails,
      left: hasLeft(rank)
    })
  )
  const ways = waysOf(program, fromRoot ? [lengths[root]!] : lengths)
  if (fromRoot) ways.push(...ofFollowers(program, streams, lengths))
  const most = Math.max(0, ...lengths.map(({ high }) => high))
  const isScan = collective === 'scan' || collective === 'exscan'
  const kinds = new Map<string, number[]>()
  for (const rank of below(ranks.length)) {
    const { values, end } = seen[rank]!
    const saw = `rank ${rank}${ranks[0]!.streams.length > 1 ? `, subscription ${run}` : ''} saw ${values.length} results and then ${shown(end)}`
    if (end === 'never') return { kind: 'never ends', text: `${saw}, and no end` }
    if (hasLeft(rank)) {
      if (!fits(program, run, rank, values, 0, fromRoot ? lengths[root]!.high : most, lengths)) return wrongValues(saw, values)
      continue
    }
    if (!seen[rank]!.begun) return { kind: 'the source was not subscribed to', text: saw }
    const { kind, error } = kindOf(end, rank, run)
    if (kind === undefined) return { kind: error!, text: saw }
    const fitting = ways.filter((way) => way.kind === kind)
    if (fitting.length === 0) {
      const expected = [...new Set(ways.map((way) => kindName(way.kind, rank)))].join(' or ')
      const behind = typeof kind === 'number' && lengths[kind]!.high > Math.max(...ways.map((way) => way.most))
      const what = behind ? `${kindName(kind, rank)} from behind the end` : kindName(kind, rank)
      return { kind: `${what} instead of ${expected}`, text: saw }
    }
    // Choice e.
    const ahead = isScan ? aheadOf(lengths.slice(0, rank + 1), ragged) : 0
    if (!fitting.some((way) => fits(program, run, rank, values, way.least, Math.max(way.most, ahead), lengths))) {
      const wanted = fitting.map(({ least, most }) => (least === most ? `${least}` : `${least} to ${most}`)).join(' or ')
      if (!fits(program, run, rank, values, 0, most, lengths)) return wrongValues(saw, values)
      return { kind: `the wrong number of rounds before ${kindName(kind, rank)}`, text: `${saw}, after ${wanted} rounds` }
    }
    const name = typeof kind === 'number' ? 'error' : kind
    kinds.set(name, [...(kinds.get(name) ?? []), rank])
    if (kind === 'ragged' && !lengths.some(({ left }) => left)) {
      const wrong = countsIn(end, lengths)
      if (wrong !== undefined) return { kind: 'wrong counts in a RaggedStreamError', text: `${saw}: ${wrong}` }
    }
  }
  const free = lengths.some(({ left }) => left) || (fromRoot && streams.some(({ fails }, rank) => fails && rank !== root))
  if (!free && kinds.size > 1)
    return { kind: 'ranks end in different ways', text: [...kinds].map(([kind, list]) => `ranks ${list.join(', ')}: ${kind}`).join('; ') }
  return undefined
}

/** Choice e: the rounds for which these ranks have all that they need. */
function aheadOf(lengths: readonly Length[], ragged: Program['ragged']): number {
  const needed = ragged === 'rest' ? lengths.filter(({ fails, left }) => fails && !left) : lengths
  return Math.min(Math.max(...lengths.map(({ high }) => high)), ...needed.map(({ high }) => high))
}

/** Choice d. */
function ofFollowers({ ragged, root }: Program, streams: readonly Stream[], lengths: readonly Length[]): Way[] {
  const followers = lengths.filter(({ rank }) => rank !== root)
  const most = lengths[root]!.high
  const ways = followers.filter(({ fails }) => fails).map(({ rank }): Way => ({ kind: rank, least: 0, most }))
  const leaving = followers.filter(({ left }) => left).map(({ rank }) => (streams[rank]!.take === undefined ? 0 : streams[rank]!.take!))
  if (leaving.length === 0 || ragged === 'rest') return ways
  return [...ways, { kind: ragged === 'error' ? 'ragged' : 'complete', least: Math.min(most, ...leaving), most }]
}

function kindOf(end: End, rank: number, run: number): { kind?: Way['kind']; error?: string } {
  if (typeof end === 'string') return { kind: 'complete' }
  if (end.name === 'RaggedStreamError') return { kind: 'ragged' }
  if (end.own) return end.message === failure(rank, run) ? { kind: rank } : { error: 'the error of another subscription' }
  if (end.name !== 'RemoteError') return { error: `a ${end.name}` }
  if (end.rank === rank) return { error: 'own error as RemoteError' }
  if (end.cause?.startsWith('RemoteError')) return { error: 'a RemoteError of a RemoteError' }
  if (end.cause !== `Error: ${failure(end.rank!, run)}`) return { error: 'a RemoteError of something else than the error of a source' }
  return { kind: end.rank! }
}

/** Whether the values are the results of so many rounds. Those who have left may have taken part in those that they have not seen. */
function fits(
  program: Program,
  run: number,
  rank: number,
  values: readonly unknown[],
  least: number,
  most: number,
  lengths: readonly Length[]
): boolean {
  let reached = new Set([0])
  const { length } = values
  const isFromRoot = FROM_ROOT.has(program.collective)
  for (let round = 0; round <= most; round++) {
    if (round >= least && reached.has(length)) return true
    const uncertain = isFromRoot ? [] : lengths.filter(({ low, high }) => low <= round && round < high)
    const possible = below(2 ** uncertain.length).map((some) => {
      const there = (one: number): boolean => {
        const at = uncertain.findIndex((other) => other.rank === one)
        return at < 0 ? round < lengths[one]!.low : (some & (2 ** at)) !== 0
      }
      return result(program, run, rank, round, there)
    })
    const next = new Set<number>()
    for (const at of reached) {
      for (const one of possible) {
        if (one === NOTHING) next.add(at)
        else if (at < length && same(values[at], one)) next.add(at + 1)
      }
    }
    reached = next
    if (reached.size === 0) return false
  }
  return false
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
}

function countsIn(end: End, lengths: readonly Length[]): string | undefined {
  const { message } = end as { message: string }
  for (const { rank, high } of lengths) {
    const found = new RegExp(`rank ${rank}: (\\d+)( and more)?(\\n|$)`).exec(message)
    const count = Number(found?.[1])
    if (found === null || (found[2] === undefined ? count !== high : count > high))
      return `rank ${rank}: ${found?.[0] ?? 'nothing'}, not ${high}`
  }
  return undefined
}

const wrongValues = (saw: string, values: readonly unknown[]): Complaint => ({
  kind: 'wrong values',
  text: `${saw}: ${JSON.stringify(values).slice(0, 300)}`
})

function kindName(kind: Way['kind'], rank: number): string {
  return kind === rank ? 'own error' : typeof kind === 'number' ? 'RemoteError' : kind === 'ragged' ? 'RaggedStreamError' : 'completion'
}

function shown(end: End): string {
  return typeof end === 'string'
    ? end
    : `${end.own ? 'its own ' : ''}${end.name}: ${end.message}${end.cause === undefined ? '' : ` (cause: ${end.cause})`}`
}
