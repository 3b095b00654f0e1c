import {
  asyncScheduler,
  concat,
  forkJoin,
  ignoreElements,
  interval,
  map,
  merge,
  type Observable,
  of,
  take,
  takeWhile,
  tap,
  timer
} from 'rxjs'
import { type Communicator, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import type { Figure } from './figure.js'
import { type Emission, record, type Span, span } from './record.js'
import { bars, marbles } from './timelines.js'

const SEND = 4
const COMPUTE = 5

/** Rank 0 and 1 exchange borders; what does not depend on them takes COMPUTE, the rest 1. */
const overlapped = (comm: Communicator): Observable<Span> => {
  const peer = 1 - comm.rank
  const exchange = forkJoin([comm.irecv({ source: peer }), comm.isend('border', { dest: peer })])
  let inner = 0
  const wait = span('wait', exchange).pipe(map(({ what, end }): Span => ({ what, begin: inner, end })))
  return concat(
    merge(span('inside', timer(COMPUTE)).pipe(tap(({ end }) => (inner = end))), exchange.pipe(ignoreElements())),
    wait.pipe(takeWhile(({ begin, end }) => end > begin)),
    span('edges', timer(1))
  )
}
const blocking = (comm: Communicator): Observable<Span> => {
  const peer = 1 - comm.rank
  return concat(
    span('wait', forkJoin([comm.irecv({ source: peer }), comm.isend('border', { dest: peer })])),
    span('inside', timer(COMPUTE)),
    span('edges', timer(1))
  )
}

const spansOf = (program: (comm: Communicator) => Observable<Span>): Span[][] =>
  record(2, program, { latency: SEND }).emitted.map((values) => values.map(({ value }) => value))

/** A source that writes down when its values are taken. */
function* taken(count: number, log: Emission<string>[]): Generator<string> {
  for (let k = 0; k < count; k++) {
    const value = 'abcdefghij'[k]!
    log.push({ at: asyncScheduler.now(), value })
    yield value
  }
}

export const streamFigures: Figure[] = [
  {
    name: 'overlap',
    alt:
      'Two ranks exchange their borders, which takes 4 ms. Above, each waits for it and then computes its inside, 5 ms, and its edges, 1 ms: 10 ms. ' +
      'Below, each computes its inside while the borders travel: 6 ms.',
    draw: (alt) =>
      bars(alt, [
        { title: 'first receive, then compute', spans: spansOf(blocking) },
        { title: 'compute the inside meanwhile', spans: spansOf(overlapped) }
      ])
  },
  {
    name: 'rounds',
    alt: 'A stream through allreduce: rank 0 gives 1, 2, 3, rank 1 gives 10, 20, 30, at other times. Both get 11, 22, 33, each as soon as both values of a round are there.',
    draw(alt) {
      const sources: Emission<string>[][] = [[], []]
      const { emitted } = record(2, (comm) =>
        interval(comm.rank === 0 ? 2 : 4).pipe(
          take(3),
          map((k) => (k + 1) * (comm.rank === 0 ? 1 : 10)),
          tap((value) => sources[comm.rank]!.push({ at: asyncScheduler.now(), value: String(value) })),
          mpi.allreduce(comm, SUM)
        )
      )
      const sums = emitted.map((values) => values.map(({ at, value }) => ({ at, value: String(value) })))
      return marbles(alt, [
        { name: 'rank 0 gives', rank: 0, values: sources[0]! },
        { name: 'rank 1 gives', rank: 1, values: sources[1]! },
        { name: 'rank 0 gets', rank: 2, values: sums[0]! },
        { name: 'rank 1 gets', rank: 2, values: sums[1]! }
      ])
    }
  },
  {
    name: 'back-pressure',
    alt: 'Back-pressure: rank 1 works 4 ms on each value and has room for two. Rank 0 takes the first values of its iterable at once, and each further one when rank 1 has room.',
    draw(alt) {
      const log: Emission<string>[] = []
      const { emitted } = record<string>(2, (comm) =>
        comm.rank === 0
          ? concat(timer(3), mpi.sendTo<string>(comm, { dest: 1 })(taken(7, log))).pipe(ignoreElements())
          : mpi
              .receiveFrom<string>(comm, { source: 0, prefetch: 2 })
              .pipe(mpi.concatMap((value) => concat(of(value), timer(4).pipe(ignoreElements()))))
      )
      return marbles(
        alt,
        [
          { name: 'rank 0 takes', rank: 0, values: log },
          { name: 'rank 1 works on', rank: 1, values: emitted[1]!, lasts: 4 }
        ],
        26
      )
    }
  }
]
