import { asyncScheduler, defer, Observable, type ObservableInput, repeat, retry, take } from 'rxjs'
import type * as operators from '../../operators/index.js'
import type { CollectiveOperator } from '../../src/collective/operator.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import type { createOp } from '../../src/op/op.js'
import { below, type Program, type Stream } from './stream-programs.js'
import { type Complaint, type End, failure, judge, type Seen, value } from './streams.js'

/** The library: that of the sources or, on real threads, the one that is installed. */
export interface Library {
  readonly mpi: typeof operators
  readonly createOp: typeof createOp
}

type Operator = CollectiveOperator<unknown, unknown>

function operatorOf({ mpi, createOp }: Library, comm: Communicator, { collective, root, ragged, window }: Program): Operator {
  const join = createOp((a: string, b: string) => a + b, { name: 'join' })
  const options = { ragged, window }
  const operators: Record<string, () => unknown> = {
    barrier: () => mpi.barrier(comm, options),
    bcast: () => mpi.bcast(comm, { ...options, root }),
    scatter: () => mpi.scatter(comm, { ...options, root }),
    scatterv: () => mpi.scatterv(comm, { ...options, root, counts: below(comm.size).map(() => 2) }),
    gather: () => mpi.gather(comm, { ...options, root }),
    gatherv: () => mpi.gatherv(comm, { ...options, root }),
    allgather: () => mpi.allgather(comm, options),
    allgatherv: () => mpi.allgatherv(comm, options),
    alltoall: () => mpi.alltoall(comm, options),
    alltoallv: () => mpi.alltoallv(comm, { ...options, sendCounts: below(comm.size).map(() => 1) }),
    reduce: () => mpi.reduce(comm, join, { ...options, root }),
    allreduce: () => mpi.allreduce(comm, join, options),
    scan: () => mpi.scan(comm, join, options),
    exscan: () => mpi.exscan(comm, join, options),
    reduceScatter: () => mpi.reduceScatter(comm, join, options)
  }
  return operators[collective]!() as Operator
}

function given({ collective, ranks: { length: size } }: Program, rank: number, run: number, round: number): unknown {
  const parts = below(size)
  if (['scatter', 'alltoall', 'reduceScatter'].includes(collective)) return parts.map((to) => `${value(rank, run, round)}>${to}`)
  if (collective === 'scatterv') return Int32Array.from(parts.flatMap((to) => [to, round]))
  if (collective === 'alltoallv') return Int32Array.from(parts.map((to) => rank * 100_000 + to * 1000 + round))
  return collective.endsWith('gatherv') ? Int32Array.of(rank, round) : value(rank, run, round)
}

function* iterated(program: Program, rank: number, run: number): Generator<unknown> {
  const { values, fails } = program.ranks[rank]!.streams[run]!
  for (let round = 0; round < values; round++) yield given(program, rank, run, round)
  if (fails) throw new Error(failure(rank, run))
}

function pushed(program: Program, rank: number, run: number, { values, fails, burst, pause, linger }: Stream): Observable<unknown> {
  return new Observable((subscriber) => {
    let round = 0
    const later = (ms: number, then: () => void): void => {
      if (ms > 0) subscriber.add(asyncScheduler.schedule(then, ms))
      else then()
    }
    const end = (): void => (fails ? subscriber.error(new Error(failure(rank, run))) : subscriber.complete())
    const go = (): void => {
      for (let k = 0; k < burst && round < values; k++) {
        if (subscriber.closed) return
        subscriber.next(given(program, rank, run, round++))
      }
      if (round < values) later(pause, go)
      else later(linger, end)
    }
    go()
  })
}

interface Recorder {
  values: unknown[]
  end: End
  /** Its source was subscribed to. */
  begun: boolean
}

/** What one rank does; its `seen` fills as time goes on. `ended` is called once, when all of its streams have. */
export function start(library: Library, comm: Communicator, program: Program, ended: () => void): Recorder[] {
  const { rank } = comm
  const { pulled, streams } = program.ranks[rank]!
  const seen: Recorder[] = []
  let open = streams.length
  let isOver = false
  const over = (): void => {
    if (isOver) return
    isOver = true
    ended()
  }
  const one = (): void => {
    if (--open === 0) over()
  }
  /** A source is subscribed to within the subscription of the results. */
  let present = 0
  const attempt = (): number => {
    seen[present]!.begun = true
    return present
  }
  const source: ObservableInput<unknown> = pulled
    ? ({ [Symbol.iterator]: () => iterated(program, rank, attempt()) } as Iterable<unknown>)
    : defer(() => {
        const run = attempt()
        return pushed(program, rank, run, streams[run]!)
      })
  const results = operatorOf(library, comm, program)(source)
  const recorded = (limit: number | undefined, leaveAt: number | undefined): Observable<unknown> =>
    new Observable((subscriber) => {
      const record: Recorder = { values: [], end: 'never', begun: false }
      present = seen.push(record) - 1
      let taken = 0
      let source = results
      // `take` unsubscribes from its source and then completes.
      if (limit !== undefined) source = source.pipe(take(limit))
      const inner = source.subscribe({
        next: (result) => {
          taken++
          record.values.push(ArrayBuffer.isView(result) ? [...(result as Int32Array)] : result)
        },
        error: (error) => {
          record.end = endOf(error, rank)
          subscriber.error(error)
        },
        complete: () => {
          record.end = taken === limit ? 'left' : 'complete'
          subscriber.complete()
        }
      })
      subscriber.add(inner)
      if (leaveAt === undefined) return
      const leave = (): void => {
        if (record.end !== 'never') return
        record.end = 'left'
        inner.unsubscribe()
        subscriber.complete()
      }
      if (leaveAt === 0) leave()
      else subscriber.add(asyncScheduler.schedule(leave, leaveAt))
    })
  if (program.mode === 'times') {
    const begin = (run: number): void => {
      const stream = streams[run]
      if (stream === undefined) return
      const now = (): void => {
        recorded(stream.take, stream.leaveAt).subscribe({ error: one, complete: one })
        begin(run + 1)
      }
      if (stream.wait > 0) asyncScheduler.schedule(now, stream.wait)
      else now()
    }
    begin(0)
  } else {
    const again = program.mode === 'retry' ? retry(streams.length - 1) : repeat(streams.length)
    const now = (): void => {
      recorded(undefined, undefined).pipe(again).subscribe({ error: over, complete: over })
    }
    if (streams[0]!.wait > 0) asyncScheduler.schedule(now, streams[0]!.wait)
    else now()
  }
  return seen
}

function endOf(error: unknown, rank: number): End {
  const { name, message, cause, rank: where } = error as Error & { rank?: number; cause?: Error }
  return {
    name,
    message,
    own: message.startsWith(`rank ${rank} fails in `),
    ...(where === undefined ? {} : { rank: where }),
    ...(cause === undefined ? {} : { cause: `${cause.name}: ${cause.message}` })
  }
}

/** What is wrong with all that the ranks have seen, by rank and subscription. */
export function judgeAll(program: Program, seen: readonly (readonly Seen[])[]): Complaint | undefined {
  const runs = Math.max(...seen.map(({ length }) => length))
  for (let run = 0; run < runs; run++) {
    const missing = below(seen.length).filter((rank) => seen[rank]!.length <= run)
    if (missing.length > 0)
      return { kind: 'some ranks have made more attempts', text: `ranks ${missing.join(', ')} have not come to subscription ${run}` }
    const complaint = judge(
      program,
      run,
      seen.map((one) => one[run]!)
    )
    if (complaint !== undefined) return complaint
  }
  return undefined
}
