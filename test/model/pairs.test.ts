import { asyncScheduler, defer, Observable, type ObservableInput, take } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { integer, random } from '../../testing/compliance/random.js'
import { simulate } from '../../testing/index.js'
import { below } from './stream-programs.js'

/*
 * Streams from a rank to another (sendTo, receiveFrom) in random programs. The contract:
 *
 * 1. The n-th sendTo of a peer and tag meets the n-th receiveFrom there, and the k-th subscription of the one the k-th of the other,
 *    however late or early, and whatever has become of those before.
 * 2. The reader gets the writer's values, in order and once each, then its end: completion, or its error as a RemoteError of that rank.
 * 3. The writer passes on its source's values and its end; its own error is itself.
 * 4. When the reader leaves, the writer completes, and its source is unsubscribed from. When the writer leaves, the reader gets all that
 *    was passed on there, and completes.
 *
 * Where both happen at about the same time either may come first. RXMPI_MODEL_CASES says how many programs there are, RXMPI_MODEL_SEED=…
 * runs one again.
 */
const CASES = Number(process.env.RXMPI_MODEL_CASES ?? 600)
const ONLY = process.env.RXMPI_MODEL_SEED

/** How one end behaves. Times are in milliseconds. */
interface Half {
  readonly wait: number
  readonly take: number | undefined
  readonly leaveAt: number | undefined
}

interface Run {
  readonly values: number
  readonly fails: boolean
  readonly pulled: boolean
  readonly pause: number
  readonly writer: Half
  readonly reader: Half
}

/** One call on each side, with its subscriptions. */
interface Lane {
  readonly from: number
  readonly to: number
  readonly tag: number
  /** Each subscription comes when the one before has ended; else each at its time. */
  readonly again: boolean
  readonly prefetch: number
  readonly runs: readonly Run[]
}

interface Pairs {
  readonly seed: number
  readonly size: number
  readonly latency: number
  readonly jitter: number
  readonly lanes: readonly Lane[]
}

function generate(seed: number): Pairs {
  const next = random(seed)
  for (let k = 0; k < 3; k++) next()
  const upTo = (most: number): number => integer(next, 0, most)
  const oneOf = <T>(...items: readonly T[]): T => items[upTo(items.length - 1)]!
  const size = oneOf(1, 2, 2, 2, 3)
  const leaves = oneOf(0, 0.2, 0.5)
  const sudden = next() < 0.3
  const half = (values: number): Half => {
    const left = next() < leaves
    const byCount = next() < 0.6
    return {
      wait: sudden ? 0 : oneOf(0, 0, 1, upTo(15)),
      take: left && byCount ? Math.max(1, oneOf(1, 2, values, upTo(values))) : undefined,
      leaveAt: left && !byCount ? oneOf(0, 0, 1, upTo(20)) : undefined
    }
  }
  const run = (): Run => {
    const values = oneOf(upTo(3), upTo(9), upTo(60))
    return {
      values,
      fails: next() < 0.25,
      pulled: next() < 0.4,
      pause: sudden ? 0 : oneOf(0, 0, 1, 4),
      writer: half(values),
      reader: half(values)
    }
  }
  const lane = (): Lane => ({
    from: upTo(size - 1),
    to: upTo(size - 1),
    tag: upTo(1),
    again: next() < 0.5,
    prefetch: oneOf(1, 2, 16),
    runs: below(oneOf(1, 1, 2, 3, 5)).map(run)
  })
  return { seed, size, latency: oneOf(0, 1, 3), jitter: oneOf(0, 0, 5), lanes: below(oneOf(1, 1, 2, 4)).map(lane) }
}

interface Seen {
  values: string[]
  end: 'never' | 'left' | 'complete' | Error
}

const textOf = (lane: number, run: number, round: number): string => `${lane}.${run}.${round}`
const failureOf = (lane: number, run: number): string => `lane ${lane} fails in ${run}`

/** The source of one subscription; `open` counts those that are subscribed to. */
function sourceOf(lane: number, run: number, { values, fails, pause }: Run, open: Set<string>): Observable<string> {
  return new Observable((subscriber) => {
    const name = `lane ${lane}, subscription ${run}`
    open.add(name)
    subscriber.add(() => open.delete(name))
    let round = 0
    const go = (): void => {
      while (round < values && !subscriber.closed) {
        subscriber.next(textOf(lane, run, round++))
        if (pause > 0) {
          subscriber.add(asyncScheduler.schedule(go, pause))
          return
        }
      }
      if (fails) subscriber.error(new Error(failureOf(lane, run)))
      else subscriber.complete()
    }
    go()
  })
}

function* iterated(lane: number, run: number, { values, fails }: Run): Generator<string> {
  for (let round = 0; round < values; round++) yield textOf(lane, run, round)
  if (fails) throw new Error(failureOf(lane, run))
}

/** Subscribes as often as there are halves, each at its time or when the one before has ended. */
function play(streamOf: (run: number) => Observable<string>, halves: readonly Half[], again: boolean): Seen[] {
  const seen: Seen[] = halves.map(() => ({ values: [], end: 'never' }))
  const begin = (run: number): void => {
    const half = halves[run]
    if (half === undefined) return
    const now = (): void => {
      const one = seen[run]!
      const over = (end: Seen['end']): void => {
        if (one.end !== 'never') return
        one.end = end
        if (again) begin(run + 1)
      }
      let taken = 0
      const stream = half.take === undefined ? streamOf(run) : streamOf(run).pipe(take(half.take))
      const subscription = stream.subscribe({
        next: (text) => {
          taken++
          one.values.push(text)
        },
        error: over,
        complete: () => over(taken === half.take ? 'left' : 'complete')
      })
      const leave = (): void => {
        subscription.unsubscribe()
        over('left')
      }
      if (half.leaveAt === 0) leave()
      else if (half.leaveAt !== undefined) asyncScheduler.schedule(leave, half.leaveAt)
      if (!again) begin(run + 1)
    }
    if (half.wait > 0) asyncScheduler.schedule(now, half.wait)
    else now()
  }
  begin(0)
  return seen
}

/** What is wrong with one subscription. */
function complaint({ from, to }: Lane, lane: number, run: number, { values, fails }: Run, writer: Seen, reader: Seen): string | undefined {
  const right = below(values).map((round) => textOf(lane, run, round))
  const isFront = ({ values }: Seen): boolean => values.every((text, at) => text === right[at])
  const name = (end: Seen['end']): string => (end instanceof Error ? `${end.name}: ${end.message}` : end)
  const whole = `the writer passed ${writer.values.length} of ${values} and saw ${name(writer.end)}, the reader got ${reader.values.length} and saw ${name(reader.end)}`
  if (!isFront(writer) || !isFront(reader)) return `wrong values: ${writer.values} and ${reader.values}; ${whole}`
  if (writer.end === 'never') return `the writer never ends: ${whole}`
  if (reader.end === 'never') return `the reader never ends: ${whole}`
  const isRight = (seen: Seen, isOwn: boolean): boolean => {
    if (seen.values.length !== values) return false
    if (!fails) return seen.end === 'complete'
    if (!(seen.end instanceof Error)) return false
    if (isOwn) return seen.end.message === failureOf(lane, run)
    const { name, rank, cause } = seen.end as Error & { rank: number }
    return name === 'RemoteError' && rank === from && (cause as Error).message === failureOf(lane, run)
  }
  if (writer.end !== 'left') {
    const stopped = writer.end === 'complete' && reader.end === 'left' && writer.values.length >= reader.values.length
    if (!isRight(writer, true) && !stopped) return `the writer: ${whole}`
  }
  if (reader.end !== 'left') {
    const stopped = reader.end === 'complete' && writer.end === 'left' && reader.values.length === writer.values.length
    if (writer.end === 'left' ? !stopped : !isRight(reader, false)) return `the reader: ${whole}`
  }
  return reader.values.length > writer.values.length && from !== to ? `the reader got what was not passed on: ${whole}` : undefined
}

class Fault extends Error {}

function fault({ seed, size, latency, jitter, lanes }: Pairs): string | undefined {
  try {
    simulate(size, { latency, jitter, seed }, ({ comms, flush }) => {
      const open = new Set<string>()
      const writers: Seen[][] = []
      const readers: Seen[][] = []
      for (const [at, { from, to, tag, again, prefetch, runs }] of lanes.entries()) {
        const read = mpi.receiveFrom<string>(comms[to]!, { source: from, tag, prefetch })
        readers[at] = play(
          () => read,
          runs.map(({ reader }) => reader),
          again
        )
        const write = writing(comms[from]!, to, tag, at, runs, open)
        writers[at] = play(
          write,
          runs.map(({ writer }) => writer),
          again
        )
      }
      flush()
      for (const [at, lane] of lanes.entries()) {
        for (const [run, spec] of lane.runs.entries()) {
          const text = complaint(lane, at, run, spec, writers[at]![run]!, readers[at]![run]!)
          if (text !== undefined) throw new Fault(`lane ${at}, subscription ${run}: ${text}`)
        }
      }
      if (open.size > 0) throw new Fault(`sources are still subscribed to: ${[...open].join('; ')}`)
      const left = comms.filter((comm) => comm.channels.open > 0).map(({ rank, channels }) => `rank ${rank} keeps ${channels.open} streams`)
      if (left.length > 0) throw new Fault(left.join(', '))
    })
  } catch (error) {
    return error instanceof Fault ? error.message : `${(error as Error).name}: ${(error as Error).message}`
  }
  return undefined
}

/** One call of sendTo, whose subscriptions have a source each. */
function writing(
  comm: Communicator,
  dest: number,
  tag: number,
  lane: number,
  runs: readonly Run[],
  open: Set<string>
): (run: number) => Observable<string> {
  let present = 0
  const operate = mpi.sendTo<string>(comm, { dest, tag })
  const source: ObservableInput<string> = defer(() => sourceOf(lane, present, runs[present]!, open))
  const results = operate(source)
  const pulled = operate({ [Symbol.iterator]: () => iterated(lane, present, runs[present]!) } as Iterable<string>)
  return (run) =>
    defer(() => {
      present = run
      return runs[run]!.pulled ? pulled : results
    })
}

function* simpler(pairs: Pairs): Generator<Pairs> {
  const { lanes } = pairs
  const put = (at: number, lane: Lane): Pairs => ({ ...pairs, lanes: lanes.map((other, k) => (k === at ? lane : other)) })
  if (lanes.length > 1) for (const lane of lanes) yield { ...pairs, lanes: lanes.filter((other) => other !== lane) }
  if (pairs.jitter > 0) yield { ...pairs, jitter: 0 }
  if (pairs.latency !== 1) yield { ...pairs, latency: 1 }
  for (const [at, lane] of lanes.entries()) {
    if (lane.runs.length > 1) for (const run of lane.runs) yield put(at, { ...lane, runs: lane.runs.filter((other) => other !== run) })
    if (lane.tag > 0) yield put(at, { ...lane, tag: 0 })
    if (lane.prefetch !== 16) yield put(at, { ...lane, prefetch: 16 })
    if (lane.again) yield put(at, { ...lane, again: false })
    for (const [k, run] of lane.runs.entries()) {
      const change = (part: Partial<Run>): Pairs =>
        put(at, { ...lane, runs: lane.runs.map((other, place) => (place === k ? { ...run, ...part } : other)) })
      for (const values of [run.values >> 1, run.values - 1]) if (values >= 0 && values < run.values) yield change({ values })
      if (run.fails) yield change({ fails: false })
      if (run.pulled) yield change({ pulled: false })
      if (run.pause > 0) yield change({ pause: 0 })
      for (const side of ['writer', 'reader'] as const) {
        const half = run[side]
        if (half.wait > 0) yield change({ [side]: { ...half, wait: 0 } })
        if (half.take !== undefined) yield change({ [side]: { ...half, take: undefined } })
        if (half.take !== undefined && half.take > 1) yield change({ [side]: { ...half, take: half.take - 1 } })
        if (half.leaveAt !== undefined) yield change({ [side]: { ...half, leaveAt: undefined } })
        if (half.leaveAt !== undefined && half.leaveAt > 0) yield change({ [side]: { ...half, leaveAt: half.leaveAt >> 1 } })
      }
    }
  }
}

function shrink(pairs: Pairs, fails: (pairs: Pairs) => boolean): Pairs {
  let best = pairs
  let tries = 0
  for (let found = true; found; ) {
    found = false
    for (const candidate of simpler(best)) {
      if (tries++ > 600) return best
      if (!fails(candidate)) continue
      best = candidate
      found = true
      break
    }
  }
  return best
}

function show({ size, latency, jitter, lanes }: Pairs): string {
  const halfOf = ({ wait, take, leaveAt }: Half): string =>
    [
      `after ${wait} ms`,
      ...(take === undefined ? [] : [`take(${take})`]),
      ...(leaveAt === undefined ? [] : [`leaves after ${leaveAt} ms`])
    ].join(', ')
  const lines = lanes.flatMap(({ from, to, tag, again, prefetch, runs }, at) => [
    `  lane ${at}: rank ${from} to ${to}, tag ${tag}, prefetch ${prefetch}, ${again ? 'one subscription after the other' : 'subscriptions at their times'}`,
    ...runs.map(
      ({ values, fails, pulled, pause, writer, reader }) =>
        `    ${pulled ? 'an iterable' : 'an Observable'} of ${values} values${fails ? ', then an error' : ''}, pauses of ${pause} ms; writer ${halfOf(writer)}; reader ${halfOf(reader)}`
    )
  ])
  return [`${size} ranks, latency ${latency}, jitter ${jitter}`, ...lines].join('\n')
}

const kindOf = (text: string): string => text.replace(/lane \d+, subscription \d+: /, '').split(':')[0]!

describe('streams between two ranks', () => {
  it('meet by their number, and end on both sides', () => {
    const kinds = new Map<string, { count: number; text: string }>()
    const seeds = ONLY === undefined ? below(CASES) : [Number(ONLY)]
    for (const seed of seeds) {
      const pairs = generate(seed)
      const text = fault(pairs)
      if (text === undefined) continue
      const kind = kindOf(text)
      const known = kinds.get(kind)
      if (known !== undefined) known.count++
      else {
        const small = shrink(pairs, (candidate) => kindOf(fault(candidate) ?? '') === kind)
        kinds.set(kind, { count: 1, text: `RXMPI_MODEL_SEED=${seed}, at its smallest ${show(small)}\n  → ${fault(small)}` })
      }
    }
    const text = [...kinds].map(([kind, { count, text }]) => `${count} of ${seeds.length} times: ${kind}\n${text}`).join('\n\n')
    if (text !== '') throw new Error(text)
  }, 600_000)
})
