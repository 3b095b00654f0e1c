import { integer, random } from '../../testing/compliance/random.js'

/** What a rank gives in one subscription of a collective, and when it leaves. Times are in milliseconds. */
export interface Stream {
  /** How many values its source gives. */
  readonly values: number
  /** Its source fails after them. */
  readonly fails: boolean
  /** So many values come at once, then there is a pause. A source that is pulled has none. */
  readonly burst: number
  readonly pause: number
  /** The pause before the source's end. */
  readonly linger: number
  /** Its subscriber leaves after so many results. */
  readonly take?: number | undefined
  /** Its subscriber leaves so long after it has come. */
  readonly leaveAt?: number | undefined
  /** It comes so long after the subscription before. */
  readonly wait: number
}

export interface Rank {
  /** Its source is an iterable, else an Observable. */
  readonly pulled: boolean
  readonly streams: readonly Stream[]
}

/** A random program on one operator. */
export interface Program {
  readonly seed: number
  readonly collective: string
  readonly root: number
  readonly ragged: 'error' | 'truncate' | 'rest'
  readonly window: number
  readonly latency: number
  readonly jitter: number
  /** Each subscription by itself, at its time; or one after the other, by RxJS's `retry` or `repeat`. */
  readonly mode: 'times' | 'retry' | 'repeat'
  /** A further collective is called at once, or by each rank when its streams have ended. */
  readonly further: 'early' | 'late'
  readonly ranks: readonly Rank[]
}

export const COLLECTIVES = [
  ...['barrier', 'bcast', 'scatter', 'scatterv', 'gather', 'gatherv', 'allgather', 'allgatherv'],
  ...['alltoall', 'alltoallv', 'reduce', 'allreduce', 'scan', 'exscan', 'reduceScatter']
]
/** The root gives all there is. */
export const FROM_ROOT = new Set(['bcast', 'scatter', 'scatterv'])

/** The program of a seed. On real threads it is shorter and on as many ranks as there are. */
export function generate(seed: number, threads?: number): Program {
  const next = random(seed)
  const upTo = (most: number): number => integer(next, 0, most)
  const oneOf = <T>(...items: readonly T[]): T => items[upTo(items.length - 1)]!
  const chance = (p: number): boolean => next() < p
  for (let k = 0; k < 3; k++) next()

  const size = threads ?? oneOf(1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8)
  const collective = oneOf(...COLLECTIVES)
  const root = upTo(size - 1)
  const window = oneOf(1, 1, 2, 2, 3, 4, 64, 64, 64, integer(next, 1, 100))
  const ragged = oneOf('error', 'truncate', 'rest')
  const mode = oneOf('times', 'times', 'times', 'times', 'times', 'retry', 'repeat')
  const runs = mode === 'times' ? oneOf(1, 1, 1, 1, 2, 3) : integer(next, 2, 4)
  const length = (): number =>
    oneOf(upTo(3), upTo(9), upTo(9), window + integer(next, -1, 2), 2 * window + upTo(2), upTo(chance(0.3) ? 250 : 80))
  const capped = (count: number): number => Math.max(0, Math.min(count, threads === undefined ? 250 : 130))
  const usual = below(runs).map(() => capped(length()))
  const equal = below(runs).map(() => chance(0.5))
  const sudden = chance(0.35)
  const leaves = mode === 'times' ? oneOf(0, 0.15, 0.4) : 0
  const fails = oneOf(0, 0, 0.15, 0.4)

  const stream = (rank: number, run: number): Stream => {
    const follows = FROM_ROOT.has(collective) && rank !== root
    const values =
      follows && chance(0.7) ? 0 : equal[run] || chance(0.3) ? usual[run]! : chance(0.4) ? upTo(usual[run]! + 1) : capped(length())
    const left = chance(leaves)
    const byCount = chance(0.6)
    return {
      values,
      // Where a rank's own source is ignored it is open when its error comes: such ranks could make different numbers of attempts.
      fails: chance(fails) && !(follows && mode !== 'times'),
      burst: sudden ? 1000 : oneOf(1, 2, 3, 10, 1000),
      pause: sudden ? 0 : oneOf(0, 1, ...(threads === undefined ? [2, 7] : [])),
      linger: sudden ? 0 : oneOf(0, 0, 1, 5, 20),
      take: left && byCount ? Math.max(1, oneOf(1, 2, 3, values, upTo(values))) : undefined,
      leaveAt: left && !byCount ? oneOf(0, 0, 1, 2, 5, upTo(30)) : undefined,
      wait: sudden || (mode !== 'times' && run > 0) ? 0 : oneOf(0, 0, 0, 1, 3, upTo(20))
    }
  }
  return {
    seed,
    collective,
    root,
    ragged: collective === 'alltoallv' && ragged === 'rest' ? 'error' : ragged,
    window,
    latency: oneOf(0, 1, 1, 2, 5),
    jitter: oneOf(0, 0, 1, 7),
    mode,
    further: oneOf('early', 'late'),
    ranks: below(size).map((rank) => ({ pulled: chance(0.4), streams: below(runs).map((run) => stream(rank, run)) }))
  }
}

/** Simpler programs, the much simpler ones first. */
export function* simpler(program: Program): Generator<Program> {
  const { ranks, root } = program
  const runs = ranks[0]!.streams.length
  for (const rank of below(ranks.length)) {
    if (ranks.length < 2) break
    yield {
      ...program,
      ranks: ranks.filter((_, other) => other !== rank),
      root: Math.max(0, root > rank || root === ranks.length - 1 ? root - 1 : root)
    }
  }
  for (const run of below(runs)) {
    if (runs < 2) break
    const without = ranks.map((one) => ({ ...one, streams: one.streams.filter((_, other) => other !== run) }))
    yield { ...program, ranks: without }
  }
  if (program.mode !== 'times' && runs === 1) yield { ...program, mode: 'times' }
  const all = (change: (stream: Stream) => Stream): Program => ({
    ...program,
    ranks: ranks.map((one) => ({ ...one, streams: one.streams.map(change) }))
  })
  yield all((stream) => ({ ...stream, values: stream.values >> 1 }))
  yield all((stream) => ({ ...stream, burst: 1000, pause: 0, linger: 0, wait: 0 }))
  yield { ...program, jitter: 0 }
  yield { ...program, latency: 1 }
  yield { ...program, window: 64 }
  yield { ...program, window: Math.max(1, program.window >> 1) }
  yield { ...program, ragged: 'error' }
  yield { ...program, root: 0 }
  yield { ...program, further: 'late' }
  for (const collective of ['barrier', 'allreduce', 'reduce', 'bcast'])
    if (program.collective !== collective) yield { ...program, collective }
  for (const [rank, one] of ranks.entries()) {
    const put = (changed: Rank): Program => ({ ...program, ranks: ranks.map((other, at) => (at === rank ? changed : other)) })
    if (one.pulled) yield put({ ...one, pulled: false })
    for (const [run, stream] of one.streams.entries()) {
      const simplified: Partial<Stream>[] = [
        { take: undefined },
        { leaveAt: undefined },
        { leaveAt: stream.leaveAt && stream.leaveAt >> 1 },
        { take: stream.take && Math.max(1, stream.take >> 1) },
        { take: stream.take && Math.max(1, stream.take - 1) },
        { fails: false },
        { values: 0 },
        { values: stream.values >> 1 },
        { values: Math.max(0, stream.values - 1) },
        { burst: 1000, pause: 0 },
        { linger: 0 },
        { linger: Math.min(stream.linger, 1) },
        { wait: 0 },
        { wait: stream.wait >> 1 },
        { pause: Math.min(stream.pause, 1) }
      ]
      for (const part of simplified)
        yield put({ ...one, streams: one.streams.map((other, at) => (at === run ? { ...other, ...part } : other)) })
    }
  }
}

/** The smallest program that `fails` in the same way. */
export function shrink(program: Program, fails: (program: Program) => boolean, most = 1500): Program {
  let smallest = program
  let tries = 0
  let found = true
  while (found) {
    found = false
    for (const candidate of simpler(smallest)) {
      if (JSON.stringify(candidate) === JSON.stringify(smallest)) continue
      if (tries++ > most) return smallest
      if (!fails(candidate)) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
}

/** As text that can be read. */
export function show(program: Program): string {
  const { collective, root, ragged, window, latency, jitter, mode, further, ranks } = program
  const lines = ranks.flatMap(({ pulled, streams }, rank) =>
    streams.map((stream, run) => {
      const { values, fails, burst, pause, linger, take, leaveAt, wait } = stream
      const parts = [
        `${pulled ? 'an iterable' : 'an Observable'} of ${values} values${fails ? ', then an error' : ''}`,
        !pulled && pause > 0 && burst < values ? `a pause of ${pause} ms after each ${burst}` : '',
        !pulled && linger > 0 ? `${linger} ms before the end` : '',
        wait > 0 ? `subscribed to after ${wait} ms` : '',
        take === undefined ? '' : `take(${take})`,
        leaveAt === undefined ? '' : `unsubscribed from after ${leaveAt} ms`
      ]
      return `  rank ${rank}${streams.length > 1 ? `, subscription ${run}` : ''}: ${parts.filter((part) => part !== '').join(', ')}`
    })
  )
  const network = `latency ${latency}${jitter > 0 ? `, jitter ${jitter}` : ''}`
  return [
    `${collective} of ${ranks.length} ranks, root ${root}, ragged '${ragged}', window ${window}, ${network}, ${mode}, further collective ${further}`,
    ...lines
  ].join('\n')
}

export const below = (count: number): number[] => Array.from({ length: count }, (_, k) => k)
