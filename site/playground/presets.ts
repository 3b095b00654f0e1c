/** Programs to begin with. */
export interface Preset {
  readonly name: string
  readonly source: string
  readonly ranks: number
}

export const presets: readonly Preset[] = [
  {
    name: 'Ring: a token that goes round',
    ranks: 4,
    source: `import { concatMap, of } from 'rxjs'

// Runs on every rank. The token collects the ranks that it has passed.
export default (comm) => {
  const next = (comm.rank + 1) % comm.size
  const previous = (comm.rank + comm.size - 1) % comm.size

  if (comm.rank === 0) comm.isend([0], { dest: next })
  return comm.irecv({ source: previous }).pipe(
    concatMap((token) => {
      if (comm.rank !== 0) comm.isend([...token, comm.rank], { dest: next })
      return of(token)
    })
  )
}
`
  },
  {
    name: 'Broadcast: along a tree',
    ranks: 8,
    source: `import * as mpi from 'rxmpi/operators'
import { EMPTY, of } from 'rxjs'

// Rank 0 has a value, and all get it: along a binomial tree, in log2(size) steps.
export default (comm) => (comm.rank === 0 ? of('hi') : EMPTY).pipe(mpi.bcast(comm))
`
  },
  {
    name: 'Reduce: a sum on rank 0',
    ranks: 8,
    source: `import { SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { of } from 'rxjs'

// Each rank gives its number + 1. Rank 0 gets the sum, by the same tree the other way.
export default (comm) => of(comm.rank + 1).pipe(mpi.reduce(comm, SUM))
`
  },
  {
    name: 'Allreduce: a stream of sums',
    ranks: 4,
    source: `import { SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { interval, map, take } from 'rxjs'

// Three values of each rank, at times of its own: a round begins when all have given one.
export default (comm) =>
  interval(2 + comm.rank).pipe(
    take(3),
    map((k) => 10 * k + comm.rank),
    mpi.allreduce(comm, SUM)
  )
`
  },
  {
    name: 'Scan: running sums',
    ranks: 6,
    source: `import { SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { of } from 'rxjs'

// Rank k gets the sum of what ranks 0 to k have given.
export default (comm) => of(comm.rank + 1).pipe(mpi.scan(comm, SUM))
`
  },
  {
    name: 'Task farm: work for whoever is free',
    ranks: 4,
    source: `import { ANY_SOURCE, Status } from 'rxmpi'
import { concatMap, delay, of, range, tap } from 'rxjs'

// Rank 0 hands out tasks, and the next to whoever has answered. Rank k takes k * 3 ms for one.
const TASKS = 8

export default (comm) => {
  if (comm.rank !== 0) {
    return comm.messages({ source: 0 }).pipe(
      concatMap(({ data: task }) => of(task * task).pipe(delay(3 * comm.rank))),
      tap((result) => comm.isend(result, { dest: 0 }))
    )
  }
  let given = 0
  const give = (rank) => {
    if (given < TASKS) comm.isend(given++, { dest: rank })
  }
  for (let rank = 1; rank < comm.size; rank++) give(rank)
  return range(TASKS).pipe(
    concatMap(() => {
      const status = new Status()
      return comm.irecv({ source: ANY_SOURCE, status }).pipe(tap(() => give(status.source)))
    })
  )
}
`
  },
  {
    name: 'Deadlock: all wait for their neighbour',
    ranks: 4,
    source: `import { concatMap } from 'rxjs'

// Every rank waits for the one before it, and would send only then: nobody begins.
export default (comm) => {
  const next = (comm.rank + 1) % comm.size
  const previous = (comm.rank + comm.size - 1) % comm.size

  return comm.irecv({ source: previous }).pipe(
    concatMap((token) => comm.isend(token, { dest: next }))
  )
}
`
  },
  {
    name: 'A test: marbles that must be as drawn',
    ranks: 2,
    source: `import { simulate } from 'rxmpi/testing'

// The whole of a test, with the number of its ranks and their latency: change a marble, and read what it says.
simulate(2, { latency: 2 }, ({ comms: [zero, one], expectObservable, expectMessages }) => {
  expectObservable(one.irecv()).toBe('--(a|)')
  expectMessages(0, 1).toBe('         --a')
  zero.isend('a', { dest: 1 })
})
console.log('as drawn')
`
  }
]
