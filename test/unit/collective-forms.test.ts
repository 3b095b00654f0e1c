import { from, type Observable, of } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { CollectiveOperator } from '../../src/collective/operator.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { createOp, MAX, SUM } from '../../src/op/op.js'
import { integer, random } from '../../testing/compliance/random.js'
import { simulate } from '../../testing/index.js'

/** A collective in its two forms, over what a rank gives. */
interface Forms {
  readonly method: (comm: Communicator, data: never) => Observable<unknown>
  readonly operator: (comm: Communicator) => CollectiveOperator<unknown, unknown>
  /** `large`: enough for another algorithm than usual. */
  readonly gives: (rank: number, size: number, large: boolean) => unknown
}

/** In few words: large arrays are compared often. */
const shown = (value: unknown): string =>
  ArrayBuffer.isView(value)
    ? `${value.byteLength}: ${(value as Float64Array).reduce((sum, x, k) => sum + x * (k + 1), 0)}`
    : Array.isArray(value)
      ? value.map(shown).join()
      : String(value)

const below = (count: number): number[] => Array.from({ length: count }, (_, k) => k)
const numbers = (length: number, rank: number): Float64Array => Float64Array.from({ length }, (_, k) => k * rank)
const join = createOp((a: string, b: string) => a + b)
const array = (rank: number, _size: number, large: boolean): Float64Array => numbers(large ? 9000 : 3, rank)
const divided = (rank: number, size: number, large: boolean): Float64Array => numbers(size * (large ? 9000 : 3), rank)
const operator = (make: (comm: Communicator) => unknown) => make as Forms['operator']
const root = (size: number): number => size >> 1

const forms: Record<string, Forms> = {
  barrier: { method: (comm) => comm.ibarrier(), operator: operator((comm) => mpi.barrier(comm)), gives: () => undefined },
  bcast: {
    method: (comm, data) => comm.ibcast(data, { root: root(comm.size) }),
    operator: operator((comm) => mpi.bcast(comm, { root: root(comm.size) })),
    gives: (rank, size, large) => array(rank, size, large)
  },
  scatter: {
    method: (comm, data) => comm.iscatter(data, { root: root(comm.size) }),
    operator: operator((comm) => mpi.scatter(comm, { root: root(comm.size) })),
    gives: divided
  },
  gather: {
    method: (comm, data) => comm.igather(data, { root: root(comm.size) }),
    operator: operator((comm) => mpi.gather(comm, { root: root(comm.size) })),
    gives: array
  },
  gatherv: {
    method: (comm, data) => comm.igatherv(data, { root: root(comm.size) }),
    operator: operator((comm) => mpi.gatherv(comm, { root: root(comm.size) })),
    gives: (rank, size, large) => numbers((large ? 9000 : 3) + rank, size)
  },
  allgather: { method: (comm, data) => comm.iallgather(data), operator: operator((comm) => mpi.allgather(comm)), gives: array },
  allgatherv: { method: (comm, data) => comm.iallgatherv(data), operator: operator((comm) => mpi.allgatherv(comm)), gives: array },
  alltoall: { method: (comm, data) => comm.ialltoall(data), operator: operator((comm) => mpi.alltoall(comm)), gives: divided },
  alltoallv: {
    method: (comm, data) => comm.ialltoallv(data, { sendCounts: below(comm.size).map(() => 3) }),
    operator: operator((comm) => mpi.alltoallv(comm, { sendCounts: below(comm.size).map(() => 3) })),
    gives: (rank, size) => divided(rank, size, false)
  },
  reduce: {
    method: (comm, data) => comm.ireduce(data, SUM, { root: root(comm.size) }),
    operator: operator((comm) => mpi.reduce(comm, SUM, { root: root(comm.size) })),
    gives: array
  },
  allreduce: { method: (comm, data) => comm.iallreduce(data, MAX), operator: operator((comm) => mpi.allreduce(comm, MAX)), gives: array },
  'allreduce of strings': {
    method: (comm, data) => comm.iallreduce(data as string, join),
    operator: operator((comm) => mpi.allreduce(comm, join)),
    gives: (rank, _, large) => `${rank} `.repeat(large ? 9000 : 1)
  },
  scan: { method: (comm, data) => comm.iscan(data, SUM), operator: operator((comm) => mpi.scan(comm, SUM)), gives: array },
  exscan: { method: (comm, data) => comm.iexscan(data, SUM), operator: operator((comm) => mpi.exscan(comm, SUM)), gives: array },
  reduceScatter: {
    method: (comm, data) => comm.ireduceScatter(data),
    operator: operator((comm) => mpi.reduceScatter(comm)),
    gives: (rank, size, large) => divided(rank, size, large)
  }
}

/** What each rank gets, with the method on those ranks that `isMethod` says; a rank of the method has ended once it has its result. */
function results(
  { method, operator, gives }: Forms,
  size: number,
  large: boolean,
  isMethod: (rank: number) => boolean,
  seed: number
): unknown[] {
  const got: unknown[] = below(size).map(() => 'undefined')
  const open = new Set(below(size))
  simulate(size, { latency: 1, jitter: seed % 3, seed, check: false }, ({ comms, end, flush }) => {
    for (const [rank, comm] of comms.entries()) {
      const data = gives(rank, size, large)
      const values = isMethod(rank) ? method(comm, data as never) : of(data).pipe(operator(comm))
      values.subscribe({
        next: (value) => {
          got[rank] = shown(value)
        },
        error: (error) => {
          got[rank] = `${error}`
          open.delete(rank)
        },
        complete: () => {
          open.delete(rank)
          end(rank)
        }
      })
    }
    flush()
  })
  expect([...open]).toEqual([])
  return got
}

describe.each(Object.entries(forms))('%s as a method on some ranks and over a stream of one value on others', (_, collective) => {
  it.each([2, 3, 4, 5, 8])('is the same on %i ranks', (size) => {
    for (const large of [false, true]) {
      const expected = results(collective, size, large, () => true, 0)
      const next = random(size)
      for (let seed = 1; seed <= 12; seed++) {
        const some = integer(next, 0, 2 ** size - 2)
        expect(results(collective, size, large, (rank) => (some & (1 << rank)) !== 0, seed)).toEqual(expected)
      }
    }
  })
})

test('an operator over several values fails beside a method, which has its result', () => {
  for (const [values, name] of [
    [[], 'RaggedStreamError'],
    [[1, 2], 'RaggedStreamError']
  ] as const) {
    simulate(3, { latency: 1, leaks: 'ignore' }, ({ comms, flush }) => {
      const got: unknown[] = []
      for (const [rank, comm] of comms.entries()) {
        const sums = rank === 1 ? from<number[]>([...values]).pipe(mpi.allreduce(comm)) : comm.iallreduce(1)
        sums.subscribe({ next: (sum) => (got[rank] = sum), error: (error) => (got[rank] = error.name) })
      }
      flush()
      const others = values.length === 0 ? 'RaggedStreamError' : 3
      expect(got).toEqual([others, name, others])
    })
  }
})
