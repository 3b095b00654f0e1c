import { concat, defer, type Observable } from 'rxjs'
import type { Communicator } from '../../../src/communicator/communicator.js'
import { CollectiveMismatchError } from '../../../src/errors.js'
import { below, type CollectivesBinding } from './binding.js'

/** What ranks call that disagree. The last rank is the odd one; `odd` says whether this one is. */
type Calls = (comm: Communicator, odd: boolean) => Observable<unknown>

const doubles = (length: number): Float64Array => new Float64Array(length)

const disagreements: Record<string, Calls> = {
  'another collective': (comm, odd) => (odd ? comm.iallgather(1) : comm.ibarrier()),
  'another collective of the same messages': (comm, odd) => (odd ? comm.igatherv(doubles(1)) : comm.igather(doubles(1))),
  'another root to scatter from': (comm, odd) => comm.iscatter(below(comm.size), { root: odd ? 1 : 0 }),
  'another root to gather at': (comm, odd) => comm.igather(1, { root: odd ? 1 : 0 }),
  'another algorithm': (comm, odd) => comm.iallgather(1, { algorithm: odd ? 'ring' : 'bruck' }),
  'another length to gather in an array': (comm, odd) => comm.igather(doubles(odd ? 3 : 2), { into: doubles(2 * comm.size) }),
  'another length to gather in an array, large': (comm, odd) => comm.igather(doubles(odd ? 30 : 9000), { into: doubles(9000 * comm.size) }),
  'another kind to gather in an array': (comm, odd) =>
    comm.igather(odd ? new Float32Array(4) : doubles(2), { into: odd ? new Float32Array(4 * comm.size) : doubles(2 * comm.size) }),
  'an object to gather in an array': (comm, odd) => (odd ? comm.igather({}) : comm.igather(doubles(2), { into: doubles(2 * comm.size) })),
  'another count than the root has': (comm, odd) => comm.igatherv(doubles(odd ? 3 : 2), { counts: below(comm.size).map(() => 2) }),
  'another kind to join': (comm, odd) => comm.igatherv(odd ? new Int32Array(2) : doubles(2)),
  'another length to gather everywhere': (comm, odd) => comm.iallgather(doubles(odd ? 3 : 2), { into: doubles(3 * comm.size) }),
  'another length to gather everywhere, large': (comm, odd) =>
    comm.iallgather(doubles(odd ? 8000 : 9000), { into: doubles(9000 * comm.size) }),
  'another length to gather everywhere, small and large': (comm, odd) =>
    comm.iallgather(doubles(odd ? 8 : 9000), { into: doubles(9000 * comm.size) }),
  'another count than all have': (comm, odd) =>
    comm.iallgatherv(doubles(odd ? 3 : 2), odd ? {} : { counts: below(comm.size).map(() => 2) }),
  'another kind to join everywhere': (comm, odd) => comm.iallgatherv(odd ? new Int32Array(4000) : doubles(4000)),
  'another length to reduce, small and large': (comm, odd) => comm.ireduce(doubles(odd ? 8 : 9000)),
  'another length to reduce everywhere, small and large': (comm, odd) => comm.iallreduce(doubles(odd ? 9000 : 8)),
  'another length to reduce and scatter, small and large': (comm, odd) => comm.ireduceScatter(doubles(comm.size * (odd ? 9000 : 8))),
  'another length to exchange': (comm, odd) => comm.ialltoall(doubles(comm.size * (odd ? 3 : 2))),
  'another length to exchange, large': (comm, odd) => comm.ialltoall(doubles(comm.size * (odd ? 8000 : 9000))),
  'another length to exchange, small and large': (comm, odd) => comm.ialltoall(doubles(comm.size * (odd ? 8000 : 9))),
  'another kind to exchange': (comm, odd) => comm.ialltoall(odd ? new Int32Array(comm.size) : doubles(comm.size)),
  'another count than is sent': (comm, odd) =>
    comm.ialltoallv(doubles(3 * comm.size), {
      sendCounts: below(comm.size).map(() => (odd ? 3 : 2)),
      ...(odd ? {} : { recvCounts: below(comm.size).map(() => 2) })
    })
}

export function mismatches(binding: CollectivesBinding): void {
  describe.each([2, 3, 5])('on %i ranks, of which the last has', (size) => {
    test.each(Object.entries(disagreements))('%s, all hear what each has called and where, by the next collective', async (_, call) => {
      const outcomes = await binding.run(size, (comm) =>
        concat(
          defer(() => call(comm, comm.rank === size - 1)),
          defer(() => comm.ibarrier())
        )
      )
      const told = outcomes.map(({ error }) => {
        expect(error).toBeInstanceOf(CollectiveMismatchError)
        return (error as Error).message.split('\n').filter((line) => line.startsWith('  rank '))
      })
      expect(told[0]!.map((line) => line.replace(/: \w+\(.*\) at .*mismatches\.ts:\d+:\d+$/, ''))).toEqual(
        below(size).map((rank) => `  rank ${rank}`)
      )
      for (const lines of told) expect(lines).toEqual(told[0])
    })
  })
}
